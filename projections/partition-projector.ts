/**
 * Runs projections over one partition of the log. While PostgreSQL commits a batch, the next one is read and
 * folded; never more than one batch ahead. After any failure everything in memory is dropped and begun again
 * at the checkpoints, so there is one way to recover and it is the way of every start. An event that can not
 * be projected leaves its ticket behind and nothing else.
 */
import { setTimeout } from 'node:timers/promises';
import { Fault } from '../domain/errors.ts';
import type { Clock, EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import { type Batch, BatchFailure, commitBatch, foldBatch, type RunningProjection } from './batch.ts';
import { type Checkpoint, fenced, readCheckpoints } from './checkpoint.ts';
import { isDataError, mayPass } from './database-errors.ts';
import { EventQueue } from './event-queue.ts';
import { confirmParkings, parkedTicketsMax, readParked } from './parking.ts';
import { retryParked } from './retry-parked.ts';
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
  /** Whether readers see these rows; those of a build beside the live one they do not see yet. */
  readonly isLive: boolean;
  /** How long the events took to become rows in memory, loading included, and then to be committed. */
  readonly foldMs: number;
  readonly commitMs: number;
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
  /** Whether these are the builds that readers see. */
  readonly isLive: boolean;
  readonly onProgress: (progress: Progress) => void;
  /** Something happened that a person should know. */
  readonly onNote: (line: string) => void;
}

export class PartitionProjector {
  readonly #options: PartitionOptions;
  #retryCount = 0;
  /** While events up to `until` are looked through for the one that fails: how many to try at once. */
  #search: { readonly until: number; readonly eventsMax: number } | undefined;
  /** Aborted to have what people asked for looked at, at the next batch's end. */
  #pause = new AbortController();

  constructor(options: PartitionOptions) {
    this.#options = options;
  }

  /** Somebody asked for a ticket to be parked or tried again: it is seen to after the batch under way. */
  attend(): void {
    this.#pause.abort();
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
    for (;;) {
      this.#pause = new AbortController();
      let position = await this.#restore();
      do {
        position = await this.#projectFrom(position + 1);
      } while (this.#goesOn() && untilCaughtUp && position < (await reader.head(partition)));
      if (this.#goesOn() || signal.aborted) return;
      for (const { fold } of this.#options.projections) fold.forget();
    }
  }

  #goesOn(): boolean {
    return !this.#options.signal.aborted && !this.#pause.signal.aborted;
  }

  /** Answers the position up to which everything is committed. */
  async #projectFrom(from: number): Promise<number> {
    const { reader, database, partition, untilCaughtUp, batchEventsMax, projections } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#pause.signal]);
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
        const startedAtMs = performance.now();
        const batch = await foldBatch(events, projections, database);
        const foldMs = performance.now() - startedAtMs;
        this.#assertFewParked();
        await committing;
        committing = this.#commit(batch, foldMs);
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

  async #commit(batch: Batch, foldMs: number): Promise<void> {
    const { database, clock, partition, isLive, onProgress, onNote } = this.#options;
    const startedAtMs = performance.now();
    await commitBatch(batch, database, clock.now());
    const commitMs = performance.now() - startedAtMs;
    this.#retryCount = 0;
    for (const { running, parkings } of batch.parts) {
      running.refused = undefined;
      for (const { event, reason } of parkings) onNote(parkedNote(running, event, reason));
    }
    if (this.#search !== undefined && batch.last.position >= this.#search.until) this.#search = undefined;
    const { last, eventCount: events } = batch;
    onProgress({ partition, position: last.position, events, isLive, foldMs, commitMs });
  }

  /**
   * Takes over what is committed, whether or not a lost COMMIT went through, and does what people asked for.
   * Answers the lowest position.
   */
  async #restore(): Promise<number> {
    const { database, partition, projections } = this.#options;
    const checkpoints = await readCheckpoints(database);
    for (const running of projections) {
      const checkpoint = checkpoints.find((each) => isOf(each, running, partition));
      if (checkpoint?.epoch !== running.epoch) throw fenced(running.projection.name);
      running.position = checkpoint.position;
      await this.#restoreParked(running);
    }
    return Math.min(...projections.map((each) => each.position));
  }

  async #restoreParked(running: RunningProjection): Promise<void> {
    const { reader, database, partition, clock, onNote } = this.#options;
    const key = { projection: running.projection.name, build: running.build };
    await confirmParkings(database, key, partition, running.position + 1);
    running.parked.clear();
    for (const parked of await readParked(database, key, partition)) {
      const again = { reader, database, running, parked, now: clock.now() };
      if (parked.retry_requested && (await retryParked(again))) {
        onNote(`${key.projection}: ticket ${parked.ticket_id} has caught up`);
      } else running.parked.add(parked.ticket_id);
    }
  }

  /** Left behind one by one, everything would be lost from sight at last. */
  #assertFewParked(): void {
    for (const { projection, parked } of this.#options.projections) {
      if (parked.size <= parkedTicketsMax) continue;
      const message = `${projection.name} would leave more than ${parkedTicketsMax} tickets behind; their events are not to blame one by one`;
      throw new Fault('projection_failed', message);
    }
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
    if (first.position === last.position) {
      if (!isDataError(cause)) throw unprojectable(error, last);
      error.running.refused = { event: last, reason: error.message };
      return;
    }
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
  return (
    checkpoint.projection === running.projection.name &&
    checkpoint.build === running.build &&
    checkpoint.partition === partition
  );
}

function parkedNote({ projection }: RunningProjection, event: RecordedEvent, reason: string): string {
  const what = `${event.type} at position ${event.position} could not be projected: ${reason}`;
  return `${projection.name}: ticket ${event.ticketId} is parked; its ${what}`;
}

function unprojectable(failure: BatchFailure, event: RecordedEvent): Fault {
  const what = `${event.type} of ticket ${event.ticketId}, position ${event.position} of partition ${event.partition}`;
  const message = `${what}, can not be projected to ${failure.running.projection.name}: ${failure.message}`;
  return new Fault('projection_failed', message, { cause: failure.cause });
}
