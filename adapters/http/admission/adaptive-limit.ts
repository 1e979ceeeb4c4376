/**
 * How many requests may be answered at once, found out by how long answers take: grown while that is short,
 * shrunk as soon as it is not. By Little's law more at once than rate × time only wait for each other.
 *
 * The bound of time is absolute, or a multiple of what answers take when nobody waits, or of how late the
 * event loop is, whichever is longest: on a slow disk many answers share one sync, on a busy machine one turn
 * of the loop, and few at once would waste either.
 */

export interface ConcurrencyLimit {
  readonly value: number;
  /** An answer took this long, from when its request was let in. */
  answered(ms: number): void;
  /** A request came while the limit was reached. */
  reached(): void;
  /** Ends a window of measurement; `lateMs` is how late the event loop came to say so. */
  adjust(lateMs: number): void;
}

export interface AdaptiveLimitBounds {
  readonly atOnceLeast: number;
  readonly atOnceMost: number;
  /** Of the average answer of a window. */
  readonly answerMsTarget: number;
  readonly answerMsTargetMost: number;
}

/** How many times as long as without load an answer may take, before load is taken to be the cause. */
const slowdownMax = 4;
/** What one window may change. */
const growth = 1.1;
const shrinkingMost = 0.5;
/** What is left, a window later, of how late the event loop was. */
const lateKept = 0.9;
/** How fast a lasting change for the worse is believed, per window in which nobody waited. */
const forgetting = 0.001;

export class AdaptiveLimit implements ConcurrencyLimit {
  readonly #bounds: AdaptiveLimitBounds;
  #value: number;
  #answers = 0;
  #totalMs = 0;
  #reached = false;
  /** The average of the best window in which nobody waited. */
  #unloadedMs: number | undefined;
  #lateMs = 0;

  constructor(bounds: AdaptiveLimitBounds) {
    this.#bounds = bounds;
    this.#value = Math.ceil(Math.sqrt(bounds.atOnceLeast * bounds.atOnceMost));
  }

  get value(): number {
    return this.#value;
  }

  answered(ms: number): void {
    this.#answers += 1;
    this.#totalMs += ms;
  }

  reached(): void {
    this.#reached = true;
  }

  adjust(lateMs: number): void {
    const { atOnceLeast, atOnceMost } = this.#bounds;
    const averageMs = this.#answers === 0 ? 0 : this.#totalMs / this.#answers;
    this.#lateMs = Math.max(lateMs, this.#lateMs * lateKept);
    const targetMs = this.#target();
    if (averageMs > targetMs) {
      const shrunk = Math.floor(this.#value * Math.max(shrinkingMost, targetMs / averageMs));
      this.#value = Math.max(atOnceLeast, shrunk);
    } else if (this.#reached) {
      this.#value = Math.min(atOnceMost, Math.ceil(this.#value * growth));
    }
    if (!this.#reached && this.#answers > 0) this.#learn(averageMs);
    this.#answers = 0;
    this.#totalMs = 0;
    this.#reached = false;
  }

  #target(): number {
    const { answerMsTarget, answerMsTargetMost } = this.#bounds;
    const relative = Math.max(this.#unloadedMs ?? 0, this.#lateMs) * slowdownMax;
    return Math.min(answerMsTargetMost, Math.max(answerMsTarget, relative));
  }

  #learn(averageMs: number): void {
    const known = this.#unloadedMs ?? averageMs;
    this.#unloadedMs = averageMs < known ? averageMs : known + (averageMs - known) * forgetting;
  }
}

/** For work whose length is its own: nothing is to be learned from how long it took. */
export function fixedLimit(value: number): ConcurrencyLimit {
  return { value, answered: () => undefined, reached: () => undefined, adjust: () => undefined };
}
