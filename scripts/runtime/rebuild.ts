/** A rebuild as people run it: begun or gone on with, with progress, and interruptible at any time. */

import type { EventReader } from '../../domain/ports.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import { install } from '../../projections/install.ts';
import type { Projection } from '../../projections/projection.ts';
import { runProjector } from '../../projections/projector.ts';
import { analystViews, readModels } from '../../projections/read-models.ts';
import { beginRebuild } from '../../projections/rebuild.ts';
import type { Database } from '../../projections/sql.ts';
import { note } from '../cli/output.ts';
import { progressBar } from '../cli/progress.ts';
import { loadCalendars } from './calendars.ts';
import { stopSignal } from './signals.ts';
import { systemClock } from './system.ts';

export interface RebuildRun {
  readonly dataDir: string;
  readonly database: Database;
  readonly reader: EventReader;
  readonly workflows: Workflows;
  readonly projections: readonly Projection[];
  readonly owner: string;
  readonly json?: true;
}

export interface RebuildResult {
  readonly projections: readonly string[];
  readonly finished: boolean;
  readonly events: number;
  readonly seconds: number;
}

export async function rebuild({
  dataDir,
  database,
  reader,
  workflows,
  projections,
  owner,
  json,
}: RebuildRun): Promise<RebuildResult> {
  const signal = stopSignal();
  const startedAtMs = performance.now();
  const calendars = await loadCalendars(dataDir);
  const partitions = reader.partitions;
  const now = systemClock.now();
  await install(database, { projections: readModels, views: analystViews, calendars, partitions, now });
  const begun = await beginRebuild(database, { projections, calendars, partitions, now });
  for (const [name, how] of Object.entries(begun))
    if (how === 'resumed') note(`docket: going on with ${name}`);
  const heads = await Promise.all(
    Array.from({ length: partitions }, (_, partition) => reader.head(partition)),
  );
  const total = heads.reduce((sum, head) => sum + head, 0);
  const bar = progressBar('rebuilding', 'events', { json });
  let events = 0;
  await runProjector({
    reader,
    database,
    workflows,
    calendars,
    projections,
    views: analystViews,
    clock: systemClock,
    signal,
    owner,
    onlyBuilding: true,
    onProgress: (progress) => {
      events += progress.events;
      bar.report(events, Math.max(total, events));
    },
    onNote: (line) => note(`docket: ${line}`),
  }).finally(() => bar.stop());
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return { projections: projections.map(({ name }) => name), finished: !signal.aborted, events, seconds };
}
