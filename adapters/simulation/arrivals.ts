/**
 * When tickets arrive: a Poisson process whose rate is that of the hour of the week, after the rates table.
 * It must never look at a clock or a time zone other than UTC.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { Random } from './random.ts';

const hourMs = 3_600_000;
const hoursPerWeek = 168;
/** The epoch was a Thursday, 72 hours into a week that begins on Monday. */
const epochHourOfWeek = 72;

export function hourOfWeek(at: EpochMs): number {
  return (((Math.floor(at / hourMs) + epochHourOfWeek) % hoursPerWeek) + hoursPerWeek) % hoursPerWeek;
}

export class Arrivals {
  readonly #random: Random;
  /** Expected arrivals in each hour of the week. */
  readonly #expected: readonly number[];

  constructor(random: Random, shape: readonly number[], ticketsPerWeek: number) {
    const sum = shape.reduce((total, count) => total + count, 0);
    if (shape.length !== hoursPerWeek || !(sum > 0) || !(ticketsPerWeek > 0)) {
      throw new RangeError('arrivals need a count for each of 168 hours, and tickets to arrive');
    }
    this.#random = random;
    this.#expected = shape.map((count) => (count / sum) * ticketsPerWeek);
  }

  /** The first arrival after `at`: as much expectation passes until then as an exponential variable says. */
  after(at: EpochMs): EpochMs {
    let left = this.#random.exponential();
    let from = at;
    for (;;) {
      const expected = this.#expected[hourOfWeek(from)] ?? 0;
      const hourEnds = (Math.floor(from / hourMs) + 1) * hourMs;
      const available = (expected * (hourEnds - from)) / hourMs;
      if (left < available) return Math.floor(from + (left / expected) * hourMs);
      left -= available;
      from = hourEnds;
    }
  }
}
