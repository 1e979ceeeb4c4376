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
/**
 * Text in the events that the queue holds, and in those of one batch, beyond which no more are taken. Events
 * are mostly small, but comments may be long, and a count alone would not bound the memory they need.
 */
export const textCharsMax = 32 * 1_024 * 1_024;

export interface EventQueueOptions {
  readonly partition: number;
  readonly from: number;
  /** Whether to wait for new events at the end of the log. */
  readonly live: boolean;
  readonly signal: AbortSignal;
  /** The queue reads no further while it holds this many. */
  readonly eventsMax: number;
}

/** What the reader gave at once, or what is left of it. */
interface Piece {
  readonly events: readonly RecordedEvent[];
  readonly chars: number;
}

export class EventQueue {
  readonly #stop = new AbortController();
  readonly #eventsMax: number;
  readonly #filled: Promise<void>;
  #pieces: Piece[] = [];
  #count = 0;
  #chars = 0;
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
    let chars = 0;
    for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
      const [head, rest] = split(piece, max - taken.length);
      for (const event of head.events) taken.push(event);
      chars += head.chars;
      if (rest !== undefined) this.#pieces.unshift(rest);
      if (taken.length >= max || chars >= textCharsMax) break;
    }
    this.#chars -= chars;
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
      const piece = { events: batch, chars: charsIn(batch) };
      this.#pieces.push(piece);
      this.#count += batch.length;
      this.#chars += piece.chars;
      this.#wakeTaker();
      while ((this.#count >= this.#eventsMax || this.#chars >= textCharsMax) && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wakeFiller = resolve;
        });
      }
      if (signal.aborted) return;
      await setImmediate();
    }
  }
}

/** The first events and the rest; of their text, each gets its share by count, so that nothing is lost. */
function split({ events, chars }: Piece, count: number): readonly [Piece, Piece | undefined] {
  if (events.length <= count) return [{ events, chars }, undefined];
  const share = Math.floor((chars * count) / events.length);
  return [
    { events: events.slice(0, count), chars: share },
    { events: events.slice(count), chars: chars - share },
  ];
}

/** Characters in the texts of data, at any depth. */
function charsIn(batch: readonly RecordedEvent[]): number {
  let chars = 0;
  for (const event of batch) chars += textLength(event.data);
  return chars;
}

function textLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let length = 0;
  for (const item of Object.values(value)) length += textLength(item);
  return length;
}

function gap(event: RecordedEvent, partition: number, expected: number): Fault {
  const found = `position ${event.position} of partition ${event.partition}`;
  return new Fault('log_damaged', `the log gave ${found} instead of ${expected} of partition ${partition}`);
}
