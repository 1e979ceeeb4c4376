/**
 * Events that are in the log, and in the read models, before anything is measured: of a simulated support
 * desk, through the engine and the projector as all others, so that nothing in them differs from what a
 * server would have made. That takes minutes for millions of events; prepared folders can therefore be kept.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import { readRecord, writeRecord } from '../../adapters/postgres/server-record.ts';
import { runDocket } from './docket-process.ts';
import type { Scenario } from './scenario.ts';

/** Of a simulated desk, somewhat fewer than it has, so that one desk is nearly always enough. */
const eventsPerTicket = 6.7;
/** Another desk is played for what the first came short of. */
const desksMax = 5;

export interface PreloadOrder {
  readonly events: number;
  readonly log: Scenario['server']['log'];
  /** Empty, and not in use. */
  readonly dataDir: string;
  readonly preloadFrom: string | undefined;
  readonly noteFile: string;
  readonly signal: AbortSignal;
  readonly onNote: (line: string) => void;
}

/** Tells in words what the folder holds now: at least as many events as were asked for. */
export async function preload(order: PreloadOrder): Promise<string> {
  const { events, preloadFrom, log, dataDir, onNote } = order;
  if (events === 0) return 'nothing';
  const what = `${events.toLocaleString('en')} events of a simulated desk, rows made by the projector`;
  if (preloadFrom === undefined) {
    await prepare(order);
    return what;
  }
  const kept = join(resolve(preloadFrom), `${log}-${events}`);
  if (!existsSync(kept)) {
    await prepare(order);
    onNote(`keeping the prepared data folder in ${kept}`);
    mkdirSync(resolve(preloadFrom), { recursive: true, mode: 0o700 });
    // Under another name until it is whole, so that a broken copy is never taken for a prepared folder.
    rmSync(`${kept}.new`, { recursive: true, force: true });
    await copyFolder(dataDir, `${kept}.new`);
    renameSync(`${kept}.new`, kept);
    return what;
  }
  onNote(`copying the prepared data folder ${kept}`);
  await copyFolder(`${kept}/.`, dataDir);
  moveCluster(dataDir);
  return `${what}; a copy of ${kept}`;
}

const playedSchema = z.object({ events: z.int() });

async function prepare(order: PreloadOrder): Promise<void> {
  const { events, log, dataDir, noteFile, signal, onNote } = order;
  const postgres = await openEmbeddedPostgres({ dataFolder: dataDir });
  try {
    const settings = { databaseUrl: postgres.url, noteFile, signal };
    const where = ['--data-dir', dataDir, '--log', log, '--json'];
    let played = 0;
    for (let seed = 1; played < events && seed <= desksMax; seed += 1) {
      const tickets = Math.ceil((events - played) / eventsPerTicket);
      onNote(`preloading: playing a desk of ${tickets.toLocaleString('en')} tickets`);
      const args = ['simulate', '--seed', String(seed), '--tickets', String(tickets), ...where];
      played += playedSchema.parse(JSON.parse(await runDocket(args, settings))).events;
    }
    onNote(`preloading: projecting ${played.toLocaleString('en')} events`);
    await runDocket(['projector', '--until-caught-up', ...where], settings);
  } finally {
    await postgres.stop();
  }
}

/** With owners and modes: PostgreSQL refuses files of somebody else. */
async function copyFolder(from: string, to: string): Promise<void> {
  const child = spawn('cp', ['--archive', '--reflink=auto', from, to], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed).once('close', done);
  });
  if (code !== 0) throw new Error(`cp ${from} ${to} ended with ${code}`);
}

/** The record of the embedded server names the cluster by its whole path, which was another's. */
function moveCluster(dataDir: string): void {
  const record = readRecord(dataDir);
  if (record === undefined)
    throw new Error(`the prepared folder has no record of its PostgreSQL: ${dataDir}`);
  writeRecord(dataDir, { ...record, clusterFolder: join(dataDir, 'postgres') });
}
