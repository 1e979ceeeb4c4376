/**
 * Reads ahead of the projector: while PostgreSQL commits one batch, the log's next events are read and
 * decoded. Bounded, so that a slow database slows the reading down; and since a batch takes what has gathered
 * meanwhile, batches are large far behind and small at the end, without a timer. It must never let an event
 * be skipped: positions are checked here to be without gaps.
 */
import { setImmediate } from 'node:timers/promises';
import { Fault } from '../domain/errors.ts';
import type { EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';

/** Asked of the reader at once. Small, so that decoding does not keep the database's socket waiting. */
export const readEventsMax = 2_048;

export interface EventQueueOptions {
  readonly partition: number;
  readonly from: number;
  /** Whether to wait for new events at the end of the log. */
  readonly live: boolean;
  readonly signal: AbortSignal;
  /** The queue reads no further while it holds this many. */
  readonly eventsMax: number;
}

export class EventQueue {
  readonly #stop = new AbortController();
  readonly #eventsMax: number;
  readonly #filled: Promise<void>;
  #batches: (readonly RecordedEvent[])[] = [];
  #count = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeTaker: () => void = () => undefined;
  #wakeFiller: () => void = () => undefined;

  constructor(reader: EventReader, options: EventQueueOptions) {
    this.#eventsMax = options.eventsMax;
    const signal = AbortSignal.any([options.signal, this.#stop.signal]);
    signal.addEventListener('abort', () => this.#wakeFiller(), { once: true });
    this.#filled = this.#fill(reader, options, signal)
      .catch((error: unknown) => {
        // A reader may end an aborted read with an error; whoever aborted does not want to hear of it.
        if (!signal.aborted) this.#failure = { error };
      })
      .finally(() => {
        this.#ended = true;
        this.#wakeTaker();
      });
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The next events, at least one and at most `max`; none at the end. Throws what the reader threw. */
  async take(max: number): Promise<readonly RecordedEvent[]> {
    while (this.#count === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    if (this.#count === 0 && this.#failure !== undefined) throw this.#failure.error;
    const taken: RecordedEvent[] = [];
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) {
      const room = max - taken.length;
      for (const event of batch.length <= room ? batch : batch.slice(0, room)) taken.push(event);
      if (batch.length > room) this.#batches.unshift(batch.slice(room));
      if (taken.length >= max) break;
    }
    this.#count -= taken.length;
    this.#wakeFiller();
    return taken;
  }

  /** Stops reading and waits until the reader has let go. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#filled;
  }

  async #fill(reader: EventReader, options: EventQueueOptions, signal: AbortSignal): Promise<void> {
    const { partition, from, live } = options;
    let expected = from;
    for await (const batch of reader.read(from, { partition, live, signal, batchEventsMax: readEventsMax })) {
      for (const event of batch) {
        if (event.position !== expected || event.partition !== partition)
          throw gap(event, partition, expected);
        expected += 1;
      }
      this.#batches.push(batch);
      this.#count += batch.length;
      this.#wakeTaker();
      while (this.#count >= this.#eventsMax && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wakeFiller = resolve;
        });
      }
      if (signal.aborted) return;
      await setImmediate();
    }
  }
}

function gap(event: RecordedEvent, partition: number, expected: number): Fault {
  const found = `position ${event.position} of partition ${event.partition}`;
  return new Fault('log_damaged', `the log gave ${found} instead of ${expected} of partition ${partition}`);
}
