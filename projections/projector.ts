/**
 * The projector: tails the log and keeps read models in PostgreSQL, each event exactly once. It makes the
 * tables where there are none, takes the projections over from whoever ran them, and runs every partition of
 * the log beside the others. It never skips an event: one that can not be projected stops it, by name.
 */
import { Fault } from '../domain/errors.ts';
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { Clock, EventReader } from '../domain/ports.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import type { Checkpoint } from './checkpoint.ts';
import { installAndTakeOver } from './install.ts';
import { PartitionProjector, type Progress } from './partition-projector.ts';
import type { Projection } from './projection.ts';
import type { Database } from './sql.ts';
import { qualifiedName } from './table.ts';
import type { Relation } from './view.ts';

/** Events per transaction, far behind the log's end; near it, a batch is whatever came since the last one. */
export const batchEventsMaxDefault = 65_536;

export interface ProjectorOptions {
  readonly reader: EventReader;
  readonly database: Database;
  readonly workflows: Workflows;
  readonly calendars: Calendars;
  readonly projections: readonly Projection[];
  readonly views: readonly Relation[];
  readonly clock: Clock;
  /** Ends the run, after the commit that is under way. */
  readonly signal: AbortSignal;
  /** Shown in the checkpoint table, such as `host/pid`. */
  readonly owner?: string;
  /** Return once the rows hold all that was in the log, instead of waiting for more. */
  readonly untilCaughtUp?: boolean;
  readonly batchEventsMax?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Throws `Fault('projector_fenced')` once another process has taken over, `Fault('projection_failed')` for an
 * event that can not be projected, `Fault('database_unavailable')` when a bounded number of tries is used up,
 * and what the reader throws.
 */
export async function runProjector(options: ProjectorOptions): Promise<void> {
  const { reader, database, projections, views, workflows, calendars, clock } = options;
  if (projections.length === 0) return;
  const claim = { owner: options.owner ?? 'projector', partitions: reader.partitions, now: clock.now() };
  const checkpoints = await installAndTakeOver(database, projections, views, claim);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const runs = Array.from({ length: reader.partitions }, async (_, partition) => {
    const ours = checkpoints.filter((each) => each.partition === partition);
    await assertSameLog(reader, partition, ours);
    const running = projections.map((projection) => {
      const fold = projection.start({ workflows, calendars, nameOf: qualifiedName });
      return { projection, fold, epoch: epochOf(projection, ours), position: 0 };
    });
    await new PartitionProjector({
      partition,
      reader,
      database,
      clock,
      signal,
      untilCaughtUp: options.untilCaughtUp ?? false,
      batchEventsMax: options.batchEventsMax ?? batchEventsMaxDefault,
      projections: running,
      onProgress: options.onProgress ?? (() => undefined),
    }).run();
  });
  // One partition that fails ends the others, and all have ended before the caller hears of it.
  await Promise.all(runs.map((run) => run.catch((error: unknown) => failed.abort(error))));
  failed.signal.throwIfAborted();
}

/** Rows beyond the end of the log were made from another one; going on would mix the two. */
async function assertSameLog(
  reader: EventReader,
  partition: number,
  checkpoints: readonly Checkpoint[],
): Promise<void> {
  const head = await reader.head(partition);
  const beyond = checkpoints.find((each) => each.position > head);
  if (beyond === undefined) return;
  const what = `${beyond.projection} holds events up to position ${beyond.position} of partition ${partition}`;
  const advice = 'use the log that it was made from, or drop the schema docket to rebuild it';
  throw new Fault('projection_failed', `${what}, but this log ends at ${head}; ${advice}`);
}

function epochOf({ name, version }: Projection, checkpoints: readonly Checkpoint[]): number {
  const own = checkpoints.find((each) => each.projection === name && each.version === version);
  if (own === undefined) throw new Error(`bug: no checkpoint was made for ${name}`);
  return own.epoch;
}
