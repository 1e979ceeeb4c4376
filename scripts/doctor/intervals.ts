/**
 * What happened between two samples of one life of the server. A restart sets all counters to zero, so that
 * nothing must ever be taken from samples of two lives.
 */
import { quantileBetween } from '../measuring/buckets.ts';
import type { Sample } from '../measuring/sample.ts';

export interface Interval {
  readonly before: Sample;
  readonly after: Sample;
  readonly seconds: number;
}

/** The figures of a sample that only ever grow. */
export type Counter = {
  [K in keyof Sample]-?: number extends Sample[K] ? K : Sample[K] extends number | undefined ? K : never;
}[keyof Sample];

/** Starts that differ by less are the same: exporters round. */
const sameStartSeconds = 1;
/** Above it there was nobody who noted, so that what lies between says nothing about a moment. */
const gapMsMax = 120_000;

/** Neighbouring samples, at least `everyMs` apart. */
export function intervalsOf(samples: readonly Sample[], everyMs = 0): readonly Interval[] {
  const found: Interval[] = [];
  let before: Sample | undefined;
  for (const after of samples) {
    if (before === undefined || !sameLife(before, after) || after.atMs - before.atMs > gapMsMax + everyMs) {
      before = after;
      continue;
    }
    if (after.atMs <= before.atMs || after.atMs - before.atMs < everyMs) continue;
    found.push({ before, after, seconds: (after.atMs - before.atMs) / 1_000 });
    before = after;
  }
  return found;
}

/** From the first to the last of samples of the newest life; undefined where that is no time. */
export function wholeOf(samples: readonly Sample[]): Interval | undefined {
  const life = newestLife(samples);
  const [before, after] = [life[0], life.at(-1)];
  if (before === undefined || after === undefined || after.atMs <= before.atMs) return undefined;
  return { before, after, seconds: (after.atMs - before.atMs) / 1_000 };
}

export function newestLife(samples: readonly Sample[]): readonly Sample[] {
  const last = samples.at(-1);
  return last === undefined ? [] : samples.filter((sample) => sameLife(sample, last));
}

/** How much a counter grew; undefined where it was not told. */
export function grown({ before, after }: Interval, counter: Counter): number | undefined {
  const [from, to] = [before[counter], after[counter]];
  return from === undefined || to === undefined ? undefined : Math.max(0, to - from);
}

/** The p99 of one of the histograms, in milliseconds; undefined where nothing was observed. */
export function p99Ms(
  { before, after }: Interval,
  histogram: 'commandSeconds' | 'requestSeconds' | 'databaseSeconds' | 'logSyncSeconds',
): number | undefined {
  const seconds = quantileBetween(before[histogram], after[histogram], 0.99);
  return seconds === undefined ? undefined : seconds * 1_000;
}

function sameLife(one: Sample, other: Sample): boolean {
  const [a, b] = [one.startedAtSeconds, other.startedAtSeconds];
  return a === undefined || b === undefined ? a === b : Math.abs(a - b) < sameStartSeconds;
}
