/**
 * The way in for requests of one kind: so many at once, and the others wait for a bounded time before they
 * are refused. Waiting is also what slows callers down: who has no answer sends nothing more, while a refusal
 * at once would be followed by the next request, and cost almost as much as an answer.
 *
 * While waiting is short the first to come is the first to go in. Once the queue stands, the last to come
 * goes first: many are answered fast, where otherwise all would be answered late ("Fail at Scale", Maurer,
 * 2015).
 */
import type { ConcurrencyLimit } from './adaptive-limit.ts';

export interface Waiting {
  /** Whether its caller has gone. */
  gone(): boolean;
  admit(): void;
  refuse(): void;
}

export interface LaneBounds {
  readonly waitMsMax: number;
  /** Requests that wait; more are refused at once. */
  readonly waitingMax: number;
}

export type Entrance = 'admitted' | 'waits' | 'full';

/** How many times as long as may be waited is too late even where nobody else waits. */
const lateTimes = 4;
/** Emptied places at the front of the queue that are carried along before it is moved up. */
const emptyMax = 1_024;

export class Lane {
  readonly limit: ConcurrencyLimit;
  readonly #bounds: LaneBounds;
  #active = 0;
  /** Oldest first, from `#first` on. */
  #queue: { readonly waiting: Waiting; readonly sinceMs: number }[] = [];
  #first = 0;
  #admitting = false;

  constructor(limit: ConcurrencyLimit, bounds: LaneBounds) {
    this.limit = limit;
    this.#bounds = bounds;
  }

  get active(): number {
    return this.#active;
  }

  get waiting(): number {
    return this.#queue.length - this.#first;
  }

  /** `admitted` must be followed by `leave`; `waits` by `admit` or `refuse`, and the former by `leave`. */
  enter(waiting: Waiting, nowMs: number): Entrance {
    if (this.#active < this.limit.value && (this.waiting === 0 || this.#tooLate(nowMs))) {
      this.#active += 1;
      return 'admitted';
    }
    this.limit.reached();
    if (this.waiting >= this.#bounds.waitingMax) return 'full';
    this.#queue.push({ waiting, sinceMs: nowMs });
    return 'waits';
  }

  /** One that was let in is answered, or its caller gone; `tookMs` where that says how long answers take. */
  leave(nowMs: number, tookMs: number | undefined): void {
    this.#active -= 1;
    if (tookMs !== undefined) this.limit.answered(tookMs);
    this.admitWaiting(nowMs);
  }

  /** Lets in as many as there is room for. Whoever answers at once, inside, is followed without recursion. */
  admitWaiting(nowMs: number): void {
    if (this.#admitting) return;
    this.#admitting = true;
    try {
      while (this.#active < this.limit.value && this.waiting > 0 && !this.#tooLate(nowMs)) {
        const next = this.#next(nowMs);
        if (next === undefined || next.gone()) continue;
        this.#active += 1;
        next.admit();
      }
    } finally {
      this.#admitting = false;
    }
  }

  /**
   * Refuses those that waited too long, the oldest first, and `most` at most: refusing is work as well.
   * Returns how many.
   */
  refuseLate(nowMs: number, most: number): number {
    let refused = 0;
    while (refused < most && this.#oldestMs(nowMs) > this.#bounds.waitMsMax) {
      const late = this.#takeOldest();
      if (late === undefined || late.gone()) continue;
      late.refuse();
      refused += 1;
    }
    return refused;
  }

  #next(nowMs: number): Waiting | undefined {
    return this.#stands(nowMs) ? this.#queue.pop()?.waiting : this.#takeOldest();
  }

  /** Whether the queue no longer goes away by itself. */
  #stands(nowMs: number): boolean {
    return this.#oldestMs(nowMs) > this.#bounds.waitMsMax / 2;
  }

  /** Those who waited this long are only refused any more: in the time to answer them another is answered. */
  #tooLate(nowMs: number): boolean {
    const newest = this.#queue.at(-1);
    return newest !== undefined && nowMs - newest.sinceMs > this.#bounds.waitMsMax * lateTimes;
  }

  #oldestMs(nowMs: number): number {
    const oldest = this.#queue[this.#first];
    return oldest === undefined ? 0 : nowMs - oldest.sinceMs;
  }

  #takeOldest(): Waiting | undefined {
    const oldest = this.#queue[this.#first]?.waiting;
    this.#first += 1;
    if (this.#first >= this.#queue.length) {
      this.#queue = [];
      this.#first = 0;
    } else if (this.#first >= emptyMax) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    return oldest;
  }
}
