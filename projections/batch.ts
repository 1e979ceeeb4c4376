/**
 * One batch on its way from events to committed rows: folded in memory, then written together with the
 * checkpoints in one transaction. An event that a projection can not fold parks its ticket there, in the same
 * transaction. Whatever else goes wrong says which projection and which events it was.
 */
import { setImmediate } from 'node:timers/promises';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import { moveCheckpoints } from './checkpoint.ts';
import { withStorableTime } from './instants.ts';
import { type Parking, park } from './parking.ts';
import type { Fold, Projection, TableWrite } from './projection.ts';
import type { Database } from './sql.ts';
import { buildTableName } from './table.ts';
import { writeRows } from './write-rows.ts';

/** Events folded in one go; in between, the database's socket gets its turn. */
const foldEventsMax = 1_024;

/** A build of a projection in one partition, as this process runs it. */
export interface RunningProjection {
  readonly projection: Projection;
  readonly build: number;
  readonly fold: Fold;
  readonly epoch: number;
  /** The last position that was folded; in the end, the one that was committed. */
  position: number;
  /** Tickets that are left behind; their events are passed over. */
  readonly parked: Set<TicketId>;
  /** An event that the database refused when it came alone: it parks its ticket when it comes again. */
  refused: Parking | undefined;
}

interface BatchPart {
  readonly running: RunningProjection;
  readonly from: number;
  readonly writes: readonly TableWrite[];
  readonly parkings: readonly Parking[];
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
  readonly running: RunningProjection;
  readonly first: RecordedEvent;
  readonly last: RecordedEvent;

  constructor(running: RunningProjection, first: RecordedEvent, last: RecordedEvent, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.running = running;
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
    const { fold } = running;
    let parkings: readonly Parking[];
    try {
      const missing = fold.missing(fresh);
      if (missing.length > 0) await fold.load(database, missing);
      parkings = await foldAll(fresh, running);
    } catch (error) {
      throw new BatchFailure(running, first, last, error);
    }
    parts.push({ running, from, writes: fold.takeWrites(), parkings });
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
  const moves = parts.map(({ running: { projection, build, epoch }, from }) => {
    const { name } = projection;
    return {
      projection: name,
      build,
      partition,
      epoch,
      from,
      to: last.position,
      recordedAt: last.recordedAt,
    };
  });
  await database.transaction(async (sql) => {
    await sql.execute('SET LOCAL synchronous_commit = off');
    await moveCheckpoints(sql, moves, now);
    for (const { running, writes, parkings } of parts) {
      const { projection, build } = running;
      const nameOf = (table: { readonly name: string }) => buildTableName(table, build);
      try {
        for (const write of writes) await writeRows(sql, write, nameOf);
      } catch (error) {
        throw new BatchFailure(running, first, last, error);
      }
      if (parkings.length > 0) await park(sql, { projection: projection.name, build }, parkings, now);
    }
  });
}

/** Answers the events that could not be folded; their tickets are passed over from there on. */
async function foldAll(
  events: readonly RecordedEvent[],
  running: RunningProjection,
): Promise<readonly Parking[]> {
  const { fold, parked } = running;
  const parkings: Parking[] = [];
  let sinceYield = 0;
  for (const event of events) {
    sinceYield += 1;
    if (sinceYield >= foldEventsMax) {
      sinceYield = 0;
      await setImmediate();
    }
    if (parked.size > 0 && parked.has(event.ticketId)) continue;
    const parking = foldOne(event, running, fold);
    if (parking === undefined) continue;
    parkings.push(parking);
    parked.add(event.ticketId);
  }
  return parkings;
}

function foldOne(event: RecordedEvent, { refused }: RunningProjection, fold: Fold): Parking | undefined {
  if (refused !== undefined && event.position === refused.event.position) return refused;
  try {
    fold.fold(event);
    return undefined;
  } catch (error) {
    return { event, reason: error instanceof Error ? error.message : String(error) };
  }
}
