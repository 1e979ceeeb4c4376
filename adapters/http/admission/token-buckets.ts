/**
 * Token buckets by name, as many as there are callers, in bounded memory. Each is a single number, the time
 * at which it will be full again: the generic cell rate algorithm (ITU-T I.371), which needs no timer to
 * refill.
 *
 * Beyond the bound the buckets that were not used for longest are forgotten, which fills them. Whoever comes
 * from many addresses to have a bucket forgotten pays with more requests than it holds, and harms nobody:
 * being forgotten is never worse than being remembered. Times must come from a monotonic clock.
 */
import type { Rate } from './rates.ts';

export interface Taken {
  readonly ok: boolean;
  /** Whole units that are left; none where not all that were asked for are. */
  readonly available: number;
  /**
   * Whole seconds that `available` lasts at the bucket's own rate, so that pacing by both never exceeds it;
   * where nothing was given or is left, those until the same request, or the next unit, is.
   */
  readonly seconds: number;
  /** Until the same would be given; 0 where it was. */
  readonly waitMs: number;
}

/** Far below one unit's time, far above the error of adding up milliseconds. */
const toleranceMs = 1e-6;

export class TokenBuckets {
  readonly rate: Rate;
  readonly #windowMs: number;
  readonly #unitMs: number;
  readonly #generationMax: number;
  /** When each bucket is full again, in milliseconds. Used ones move to the young, and the old go at once. */
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(rate: Rate, bucketsMax: number) {
    this.rate = rate;
    this.#windowMs = rate.windowSeconds * 1_000;
    this.#unitMs = this.#windowMs / rate.quota;
    this.#generationMax = Math.max(1, Math.floor(bucketsMax / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * Takes `units` where the bucket holds them. More than it can ever hold are given when it is full, and are
   * owed after that: waiting as long as the answer says always helps.
   */
  take(name: string, units: number, nowMs: number): Taken {
    const fullAtMs = this.#fullAt(name, nowMs);
    const lackingMs = this.#lacking(fullAtMs, units, nowMs);
    if (lackingMs > toleranceMs) {
      // Refused is used as well: who keeps asking must not be forgotten for it.
      this.#keep(name, fullAtMs);
      return refused(lackingMs);
    }
    const nextMs = fullAtMs + units * this.#unitMs;
    this.#keep(name, nextMs);
    return this.#given(nextMs, nowMs);
  }

  /** What `take` of one unit would answer, without taking it. */
  look(name: string, nowMs: number): Taken {
    const fullAtMs = this.#fullAt(name, nowMs);
    const lackingMs = this.#lacking(fullAtMs, 1, nowMs);
    return lackingMs > toleranceMs ? refused(lackingMs) : this.#given(fullAtMs, nowMs);
  }

  #fullAt(name: string, nowMs: number): number {
    return Math.max(this.#young.get(name) ?? this.#old.get(name) ?? nowMs, nowMs);
  }

  /** How long until the units are there; nothing or less where they are. */
  #lacking(fullAtMs: number, units: number, nowMs: number): number {
    return fullAtMs - nowMs + Math.min(units * this.#unitMs, this.#windowMs) - this.#windowMs;
  }

  #keep(name: string, fullAtMs: number): void {
    this.#young.set(name, fullAtMs);
    if (this.#young.size < this.#generationMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  #given(fullAtMs: number, nowMs: number): Taken {
    const heldMs = this.#windowMs - (fullAtMs - nowMs);
    const available = Math.max(0, Math.floor(heldMs / this.#unitMs + toleranceMs));
    const untilMs = available > 0 ? heldMs : this.#lacking(fullAtMs, 1, nowMs);
    return { ok: true, available, seconds: wholeSeconds(untilMs), waitMs: 0 };
  }
}

function refused(waitMs: number): Taken {
  return { ok: false, available: 0, seconds: wholeSeconds(waitMs), waitMs };
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil((ms - toleranceMs) / 1_000));
}
