/** What projection tests do with a database: project into it, and write down all that it holds. */
import { randomUUID } from 'node:crypto';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { runProjector } from '../../projections/projector.ts';
import type { ProjectorOptions } from '../../projections/projector-options.ts';
import { analystViews, readModels } from '../../projections/read-models.ts';
import { type ReplayCheckResult, replayCheck } from '../../projections/replay-check.ts';
import type { Database } from '../../projections/sql.ts';
import { qualifiedName } from '../../projections/table.ts';
import { readerOf } from './histories.ts';

/** Projects all events and returns, unless an option says otherwise. */
export async function project(
  database: Database,
  events: readonly RecordedEvent[],
  options: Partial<ProjectorOptions> = {},
): Promise<void> {
  await runProjector({
    reader: readerOf(events),
    database,
    workflows: builtInWorkflows,
    calendars: everyHourCounts,
    projections: readModels,
    views: analystViews,
    clock: { now: () => Date.now() },
    signal: new AbortController().signal,
    untilCaughtUp: true,
    owner: `test/${randomUUID()}`,
    ...options,
  });
}

/** Every row of every read model, as text, in order of the key; and the checkpoints' positions. */
export async function dump(database: Database): Promise<Readonly<Record<string, readonly string[]>>> {
  const dumped: Record<string, readonly string[]> = {};
  for (const table of readModels.flatMap((each) => each.tables)) {
    const rows = await database.query<{ row: string }>(
      `SELECT t::text AS row FROM ${qualifiedName(table)} AS t ORDER BY ${table.key.join(', ')}`,
    );
    dumped[table.name] = rows.map(({ row }) => row);
  }
  const checkpoints = await database.query<{ row: string }>(
    `SELECT format('%s %s %s', projection, partition, position) AS row
FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
WHERE state = 'live' ORDER BY 1`,
  );
  dumped.checkpoints = checkpoints.map(({ row }) => row);
  return dumped;
}

/** Drops all that projectors have made. */
export async function forgetReadModels(database: Database): Promise<void> {
  await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
  await database.execute('DROP SCHEMA IF EXISTS docket_data CASCADE');
}

/** Compares every row with what the events say. */
export function check(
  database: Database,
  events: readonly RecordedEvent[],
  workflows = builtInWorkflows,
): Promise<ReplayCheckResult> {
  return replayCheck({
    reader: readerOf(events),
    database,
    workflows,
    calendars: everyHourCounts,
    projections: readModels,
  });
}
