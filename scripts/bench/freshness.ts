/**
 * How soon what is durable can be seen in PostgreSQL: single commands at a steady pace, and for each the time
 * from its answer until every read model holds its events. The projector is a process of its own, as in
 * production; a connection of this one looks again and again, so the figure is too high by one look at most.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import type { Command } from '../../domain/ticket/commands.ts';
import { readLiveCheckpoints } from '../../projections/checkpoint.ts';
import { startProjector } from '../runtime/projector-process.ts';
import { type OpenDesk, openDesk, play } from './playing.ts';
import { count, type Section } from './report.ts';
import { deskWorkload, take } from './workloads.ts';
import type { Bench, BenchDatabase } from './workspace.ts';

const samples = 400;
const betweenMs = 20;
const seenMsMax = 30_000;
/** Played before the clock runs, so that tables and caches are those of a desk at work. */
const warmCommands = 20_000;

export async function freshnessSection(bench: Bench): Promise<Section> {
  const { workspace, signal } = bench;
  const { server, database } = await workspace.postgres();
  await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
  const dataDir = workspace.newFolder('freshness');
  const desk = await openDesk(dataDir);
  const notes: string[] = [];
  const onNote = (line: string) => notes.push(line);
  const projector = startProjector({ dataDir, log: 'segment', databaseUrl: server.url, onNote });
  try {
    const commands = deskWorkload();
    await play(desk, take(commands, warmCommands), 'outside the clock', signal);
    await seen(desk, database);
    const millis = build({ lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 });
    for (const command of take(commands, samples)) {
      signal.throwIfAborted();
      await measure(desk, database, command, (micros) => millis.recordValue(micros));
      await pause(betweenMs);
    }
    const at = (percentile: number) => millis.getValueAtPercentile(percentile) / 1_000;
    const conditions = `${count(samples)} single commands, one every ${betweenMs} ms or more, after ${count(warmCommands)} commands`;
    return {
      title: '11. freshness: from durable to visible in every read model',
      figures: [
        { what: '11 median', value: at(50), unit: 'ms', conditions },
        { what: '   p99', value: at(99), unit: 'ms', conditions: 'the same' },
      ],
      notes: [...notes, 'looked for over one connection without a pause'],
    };
  } finally {
    await projector.stop();
    await desk.close();
  }
}

async function measure(
  desk: OpenDesk,
  database: BenchDatabase['database'],
  command: Command,
  record: (micros: number) => void,
): Promise<void> {
  const before = await desk.log.head();
  await desk.engine.submit([command]);
  if ((await desk.log.head()) === before) return;
  const durableAtMs = performance.now();
  await seen(desk, database);
  record(Math.max(1, Math.round((performance.now() - durableAtMs) * 1_000)));
}

/** Looks without a pause, so that the figure is too high by one look at most. */
async function seen(desk: OpenDesk, database: BenchDatabase['database']): Promise<void> {
  const position = await desk.log.head();
  const since = performance.now();
  while (performance.now() - since < seenMsMax) {
    const checkpoints = await readLiveCheckpoints(database);
    if (checkpoints.length > 0 && checkpoints.every((each) => each.position >= position)) return;
  }
  throw new Error('the read models did not catch up');
}
