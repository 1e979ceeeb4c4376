/**
 * The counts of one histogram, as plain numbers: an observation costs a few nanoseconds, where prom-client's
 * own costs a few hundred (it checks and hashes the labels of each one), which a log that takes a million
 * transitions a second would notice. Read when somebody scrapes.
 */
import type { Exemplar, MetricSample } from './snapshot.ts';

/** Seconds, from what memory takes to what a disk in trouble does. */
export const secondsBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10,
] as const;
/** How many there were at once. */
export const countBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192] as const;
/** 256 bytes to 4 MiB. */
export const bytesBounds = Array.from({ length: 8 }, (_, index) => 256 * 4 ** index);

export class Buckets {
  readonly #bounds: Float64Array;
  /** One more than there are bounds: what is beyond the last. Not cumulative. */
  readonly #counts: Float64Array;
  /** The latest of each bucket. */
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  /** `bounds` rise. */
  constructor(bounds: readonly number[]) {
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
    this.#exemplars = new Array(bounds.length + 1);
  }

  /** Counts a value, `times` times. */
  observe(value: number, times = 1): void {
    const place = this.#placeOf(value);
    this.#counts[place] = (this.#counts[place] ?? 0) + times;
    this.#sum += value * times;
  }

  /** Lets the value stand for its bucket, until another does. */
  exemplify(value: number, requestId: string, atMs: number): void {
    this.#exemplars[this.#placeOf(value)] = { requestId, value, atMs };
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** As Prometheus wants them: cumulative buckets, sum and count. */
  samples(labels: Readonly<Record<string, string>>): readonly MetricSample[] {
    const samples: MetricSample[] = [];
    let count = 0;
    for (let place = 0; place < this.#counts.length; place += 1) {
      count += this.#counts[place] ?? 0;
      const le = place < this.#bounds.length ? String(this.#bounds[place]) : '+Inf';
      const exemplar = this.#exemplars[place];
      samples.push({
        suffix: '_bucket',
        labels: { ...labels, le },
        value: count,
        ...(exemplar === undefined ? {} : { exemplar }),
      });
    }
    samples.push({ suffix: '_sum', labels, value: this.#sum }, { suffix: '_count', labels, value: count });
    return samples;
  }

  /** The first bucket whose bound the value does not exceed. */
  #placeOf(value: number): number {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
