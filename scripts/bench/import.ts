/**
 * How long it takes until a real history can be queried: `docket import` of the ServiceNow log with the
 * projector beside it, both processes of their own, until the read models hold every event.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { readCheckpoints } from '../../projections/checkpoint.ts';
import { readModels } from '../../projections/read-models.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { startProjector } from '../runtime/projector-process.ts';
import { runDocket } from './docket-process.ts';
import { findRealLog, realLogMissing } from './real-log.ts';
import { count, type Section } from './report.ts';
import type { Bench } from './workspace.ts';

const title = '3. import: the real ServiceNow log, import and projector at the same time';
const pollMs = 10;
/** Beyond this it hangs. */
const catchUpMsMax = 120_000;

export async function importSection(bench: Bench): Promise<Section> {
  const file = findRealLog();
  if (file === undefined) return { title, figures: [], notes: [`skipped: ${realLogMissing}`] };
  const { workspace, signal } = bench;
  const { server, database } = await workspace.postgres();
  await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
  await database.execute('CHECKPOINT');
  const dataDir = workspace.newFolder('import');
  const notes: string[] = [];
  const startedAtMs = performance.now();
  const projector = startProjector({
    dataDir,
    log: 'segment',
    databaseUrl: server.url,
    onNote: (line) => notes.push(line),
  });
  try {
    const run = await runDocket(['import', 'uci', file, '--data-dir', dataDir], { signal });
    const imported = run.answer as { rows: number; events: number; rejected: number };
    bench.reached.realLog = dataDir;
    const head = await headOf(dataDir);
    for (;;) {
      const checkpoints = await readCheckpoints(database);
      const behind =
        checkpoints.length < readModels.length || checkpoints.some(({ position }) => position < head);
      if (!behind) break;
      signal.throwIfAborted();
      if (performance.now() - startedAtMs > catchUpMsMax) throw new Error('the projector did not catch up');
      await pause(pollMs);
    }
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const { rows, events, rejected } = imported;
    return {
      title,
      figures: [
        {
          what: '3 everything in the read models',
          value: seconds,
          unit: 's',
          conditions: `${count(rows)} rows, ${count(head)} events in the log, ${count(rejected)} rows rejected; both process starts included`,
        },
        {
          what: '   the import alone',
          value: run.seconds,
          unit: 's',
          conditions: `${count(events / run.seconds)} events/s with the projector beside it`,
        },
      ],
      notes,
    };
  } finally {
    await projector.stop();
  }
}

async function headOf(dataDir: string): Promise<number> {
  const reader = await openSegmentReader({ folder: logFolder(dataDir) });
  try {
    return await reader.head();
  } finally {
    await reader.close();
  }
}
