/**
 * What a running server tells every few seconds: committed transitions per second, and how far the rows lag.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { Database } from '../../projections/sql.ts';
import { projectionStatus } from '../../projections/status.ts';
import { note } from '../cli/output.ts';

const intervalMs = 5_000;

export interface Watched {
  readonly engine: Pick<Engine, 'counts'>;
  readonly reader: EventReader;
  readonly database: Database;
  readonly signal: AbortSignal;
}

/** Runs until the signal; then resolves. */
export async function watchRates({ engine, reader, database, signal }: Watched): Promise<void> {
  let before = { atMs: performance.now(), head: await reader.head(), rejected: engine.counts.rejected };
  let quiet = false;
  while (!signal.aborted) {
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = { atMs: performance.now(), head: await reader.head(), rejected: engine.counts.rejected };
    const seconds = (now.atMs - before.atMs) / 1_000;
    const rate = (now.head - before.head) / seconds;
    const rejected = now.rejected - before.rejected;
    const idle = now.head === before.head && rejected === 0;
    before = now;
    // An idle server says so once.
    if (idle && quiet) continue;
    quiet = idle;
    note(
      `${new Date().toISOString()}  ${describe(rate, now.head, rejected)}, ${await describeLag(database, reader)}`,
    );
  }
}

function describe(rate: number, head: number, rejected: number): string {
  const refused = rejected === 0 ? '' : `, ${rejected.toLocaleString('en')} refused`;
  return `${rate.toFixed(1)} transitions/s (${head.toLocaleString('en')} in the log${refused})`;
}

async function describeLag(database: Database, reader: EventReader): Promise<string> {
  const statuses = await projectionStatus(database, reader).catch(() => undefined);
  if (statuses === undefined || statuses.length === 0) return 'read models: not reachable yet';
  const lag = Math.max(...statuses.map((status) => status.lagEvents));
  return `read models ${lag === 0 ? 'up to date' : `${lag.toLocaleString('en')} events behind`}`;
}
