/**
 * Runs projections over one partition of the log. While PostgreSQL commits a batch, the next one is read and
 * folded; never more than one batch ahead. After any failure everything in memory is dropped and begun again
 * at the checkpoints, so there is one way to recover and it is the way of every start.
 */
import { setTimeout } from 'node:timers/promises';
import { Fault } from '../domain/errors.ts';
import type { Clock, EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import { type Batch, BatchFailure, commitBatch, foldBatch, type RunningProjection } from './batch.ts';
import { type Checkpoint, fenced, readCheckpoints } from './checkpoint.ts';
import { EventQueue } from './event-queue.ts';
import type { Database } from './sql.ts';

/** Tries in a row, without a single batch committed between them, before a failure is final. */
export const retryCountMax = 20;
export const retryDelayMsMin = 50;
export const retryDelayMsMax = 5_000;

export interface Progress {
  readonly partition: number;
  /** The last position that was committed. */
  readonly position: number;
  /** How many events the commit brought. */
  readonly events: number;
}

export interface PartitionOptions {
  readonly partition: number;
  readonly reader: EventReader;
  readonly database: Database;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly untilCaughtUp: boolean;
  readonly batchEventsMax: number;
  readonly projections: readonly RunningProjection[];
  readonly onProgress: (progress: Progress) => void;
}

export class PartitionProjector {
  readonly #options: PartitionOptions;
  #retryCount = 0;
  /** While events up to `until` are looked through for the one that fails: how many to try at once. */
  #search: { readonly until: number; readonly eventsMax: number } | undefined;

  constructor(options: PartitionOptions) {
    this.#options = options;
  }

  /** Ends when aborted or caught up, after the commit that was under way. */
  async run(): Promise<void> {
    for (;;) {
      try {
        return await this.#projectFromCheckpoints();
      } catch (error) {
        await this.#recover(error);
        if (this.#options.signal.aborted) return;
      }
    }
  }

  async #projectFromCheckpoints(): Promise<void> {
    const { reader, partition, signal, untilCaughtUp } = this.#options;
    let position = await this.#restorePositions();
    do {
      position = await this.#projectFrom(position + 1);
    } while (untilCaughtUp && !signal.aborted && position < (await reader.head(partition)));
  }

  /** Answers the position up to which everything is committed. */
  async #projectFrom(from: number): Promise<number> {
    const { reader, database, partition, signal, untilCaughtUp, batchEventsMax, projections } = this.#options;
    const queue = new EventQueue(reader, {
      partition,
      from,
      live: !untilCaughtUp,
      signal,
      eventsMax: batchEventsMax,
    });
    let position = from - 1;
    let committing = Promise.resolve();
    try {
      for (;;) {
        // With nothing to fold meanwhile, a failed commit must not go unnoticed until the next event comes.
        if (queue.isEmpty) await committing;
        const events = await queue.take(this.#eventsMax(position));
        const last = events.at(-1);
        if (last === undefined) break;
        const batch = await foldBatch(events, projections, database);
        await committing;
        committing = this.#commit(batch);
        // It is awaited below in every case; until then, its failure is not an unhandled one.
        committing.catch(() => undefined);
        position = last.position;
      }
    } finally {
      await queue.close();
      // Of two failures, that of the earlier batch counts: the later one may follow from it.
      await committing;
    }
    return position;
  }

  async #commit(batch: Batch): Promise<void> {
    const { database, clock, partition, onProgress } = this.#options;
    await commitBatch(batch, database, clock.now());
    this.#retryCount = 0;
    if (this.#search !== undefined && batch.last.position >= this.#search.until) this.#search = undefined;
    onProgress({ partition, position: batch.last.position, events: batch.eventCount });
  }

  /** Takes the committed positions over, whether or not a lost COMMIT went through. Answers the lowest. */
  async #restorePositions(): Promise<number> {
    const { database, partition, projections } = this.#options;
    const checkpoints = await readCheckpoints(database);
    for (const running of projections) {
      const checkpoint = checkpoints.find((each) => isOf(each, running, partition));
      if (checkpoint?.epoch !== running.epoch) throw fenced(running.projection.name);
      running.position = checkpoint.position;
    }
    return Math.min(...projections.map((each) => each.position));
  }

  /** Returns where another try may help, after waiting; throws what is final. */
  async #recover(error: unknown): Promise<void> {
    for (const { fold } of this.#options.projections) fold.forget();
    const cause = error instanceof BatchFailure ? error.cause : error;
    if (mayPass(cause) && this.#retryCount < retryCountMax) {
      const delayMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** this.#retryCount);
      this.#retryCount += 1;
      await setTimeout(delayMs, undefined, { signal: this.#options.signal }).catch(() => undefined);
      return;
    }
    if (cause instanceof Fault || !(error instanceof BatchFailure)) throw cause;
    const { first, last } = error;
    if (first.position === last.position) throw unprojectable(error, last);
    // Halves until the failing event stands alone: all before it is projected, and it can be named.
    const eventsMax = Math.ceil((last.position - first.position + 1) / 2);
    this.#search = { until: last.position, eventsMax };
  }

  #eventsMax(position: number): number {
    const { batchEventsMax } = this.#options;
    return this.#search === undefined || position >= this.#search.until
      ? batchEventsMax
      : this.#search.eventsMax;
  }
}

function isOf(checkpoint: Checkpoint, running: RunningProjection, partition: number): boolean {
  const { name, version } = running.projection;
  return (
    checkpoint.projection === name && checkpoint.version === version && checkpoint.partition === partition
  );
}

/** Lost connections, and what PostgreSQL itself says to try again: serialization failures and deadlocks. */
function mayPass(error: unknown): boolean {
  if (error instanceof Fault) return error.code === 'database_unavailable';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '40001' || code === '40P01';
}

function unprojectable(failure: BatchFailure, event: RecordedEvent): Fault {
  const what = `${event.type} of ticket ${event.ticketId}, position ${event.position} of partition ${event.partition}`;
  const message = `${what}, can not be projected to ${failure.projection}: ${failure.message}`;
  return new Fault('projection_failed', message, { cause: failure.cause });
}
