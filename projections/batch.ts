/**
 * One batch on its way from events to committed rows: folded in memory, then written together with the
 * checkpoints in one transaction. Whatever goes wrong says which projection and which events it was.
 */
import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { moveCheckpoints } from './checkpoint.ts';
import { withStorableTime } from './instants.ts';
import type { Fold, Projection, TableWrite } from './projection.ts';
import type { Database } from './sql.ts';
import { writeRows } from './write-rows.ts';

/** Events folded in one go; in between, the database's socket gets its turn. */
const foldEventsMax = 1_024;

/** A projection of one partition, as this process runs it. */
export interface RunningProjection {
  readonly projection: Projection;
  readonly fold: Fold;
  readonly epoch: number;
  /** The last position that was folded; in the end, the one that was committed. */
  position: number;
}

interface BatchPart {
  readonly running: RunningProjection;
  readonly from: number;
  readonly writes: readonly TableWrite[];
}

export interface Batch {
  readonly partition: number;
  readonly first: RecordedEvent;
  readonly last: RecordedEvent;
  readonly eventCount: number;
  readonly parts: readonly BatchPart[];
}

/** Projecting these events failed; the cause says why. */
export class BatchFailure extends Error {
  readonly projection: string;
  readonly first: RecordedEvent;
  readonly last: RecordedEvent;

  constructor(projection: string, first: RecordedEvent, last: RecordedEvent, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.projection = projection;
    this.first = first;
    this.last = last;
  }
}

/** Folds events into every projection that does not have them yet. */
export async function foldBatch(
  events: readonly RecordedEvent[],
  projections: readonly RunningProjection[],
  database: Database,
): Promise<Batch> {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) throw new Error('bug: a batch without events');
  const storable = events.map(withStorableTime);
  const parts: BatchPart[] = [];
  for (const running of projections) {
    if (running.position >= last.position) continue;
    const from = running.position;
    const fresh = from < first.position ? storable : storable.slice(from - first.position + 1);
    const { projection, fold } = running;
    try {
      const missing = fold.missing(fresh);
      if (missing.length > 0) await fold.load(database, missing);
      await foldAll(fresh, fold);
    } catch (error) {
      throw new BatchFailure(projection.name, first, last, error);
    }
    parts.push({ running, from, writes: fold.takeWrites() });
    running.position = last.position;
  }
  return { partition: last.partition, first, last, eventCount: events.length, parts };
}

/**
 * Writes a batch and moves its checkpoints, or nothing. Throws `Fault('projector_fenced')` where another
 * process has taken over.
 *
 * The checkpoints come first: their row locks keep a second projector out from the beginning. The commit
 * does not wait for the disk: rows and checkpoints are one transaction, so that a crash of PostgreSQL loses
 * both or neither, never more than its last moments, and those are projected again from the log, which is
 * the durable one. Only a reader may then see a position that is lower than one seen before the crash.
 */
export async function commitBatch(batch: Batch, database: Database, now: EpochMs): Promise<void> {
  const { partition, first, last, parts } = batch;
  const moves = parts.map(({ running: { projection, epoch }, from }) => {
    return { projection, partition, epoch, from, to: last.position, recordedAt: last.recordedAt };
  });
  await database.transaction(async (sql) => {
    await sql.execute('SET LOCAL synchronous_commit = off');
    await moveCheckpoints(sql, moves, now);
    for (const { running, writes } of parts) {
      try {
        for (const write of writes) await writeRows(sql, write);
      } catch (error) {
        throw new BatchFailure(running.projection.name, first, last, error);
      }
    }
  });
}

async function foldAll(events: readonly RecordedEvent[], fold: Fold): Promise<void> {
  let sinceYield = 0;
  for (const event of events) {
    fold.fold(event);
    sinceYield += 1;
    if (sinceYield < foldEventsMax) continue;
    sinceYield = 0;
    await setImmediate();
  }
}
