/**
 * Whether two small samples of a positive quantity differ, and by what factor: the rank test of Wilcoxon, and
 * of Mann and Whitney (1947), with the estimate of Hodges and Lehmann (1963) that belongs to it. They assume
 * nothing of the distribution, which benchmarks need: their rounds are few, skewed, and have outliers.
 * Pure numbers. It must never say that samples differ which are too small to tell.
 */
import { median } from './robust.ts';

export interface FactorBetween {
  /** By what the second is greater than the first: the median of all ratios of one to the other. */
  readonly factor: number;
  /** The interval that belongs to the test (Moses); from 0 to infinity where the samples are too small. */
  readonly low: number;
  readonly high: number;
  /** Of both sides: how likely ranks at least as uneven are where nothing differs. */
  readonly pValue: number;
}

/** Beyond this the exact distribution takes too long. */
export const sampleSizeMax = 60;

/**
 * `level` is the chance of an interval without 1 where nothing differs, such as 0.01. Throws a RangeError
 * where a sample is empty or too large, or holds what is not above zero.
 */
export function factorBetween(
  before: readonly number[],
  after: readonly number[],
  level: number,
): FactorBetween {
  for (const sample of [before, after]) {
    if (sample.length === 0 || sample.length > sampleSizeMax) {
      throw new RangeError(`a sample must have 1 to ${sampleSizeMax} values, not ${sample.length}`);
    }
    const odd = sample.find((value) => !(value > 0 && Number.isFinite(value)));
    if (odd !== undefined) throw new RangeError(`values must be above zero, not ${odd}`);
  }
  const ratios = after.flatMap((value) => before.map((other) => value / other)).toSorted((a, b) => a - b);
  const skipped = skippedRatios(before.length, after.length, level);
  return {
    // In logarithms, so that the factor back is one divided by the factor there.
    factor: Math.exp(median(ratios.map(Math.log))),
    low: skipped === 0 ? 0 : (ratios[skipped - 1] ?? 0),
    high: skipped === 0 ? Number.POSITIVE_INFINITY : (ratios.at(-skipped) ?? Number.POSITIVE_INFINITY),
    pValue: rankTest(before, after),
  };
}

/** The p-value of both sides, exact, with equal values sharing their ranks. */
function rankTest(before: readonly number[], after: readonly number[]): number {
  const doubled = doubledRanks([...before, ...after]);
  const sum = doubled.slice(before.length).reduce((total, rank) => total + rank, 0);
  const { ways, total } = waysToSum(doubled, after.length);
  const upTo = ways.reduce((found, each, at) => (at <= sum ? found + each : found), 0);
  const from = ways.reduce((found, each, at) => (at >= sum ? found + each : found), 0);
  return Math.min(1, (2 * Math.min(upTo, from)) / total);
}

/** How many of the sorted ratios lie outside the interval on each side. */
function skippedRatios(first: number, second: number, level: number): number {
  const ranks = Array.from({ length: first + second }, (_, index) => index + 1);
  const { ways, total } = waysToSum(ranks, second);
  const least = (second * (second + 1)) / 2;
  let chance = 0;
  for (let skipped = 0; skipped <= first * second; skipped += 1) {
    chance += (ways[least + skipped] ?? 0) / total;
    if (chance > level / 2) return skipped;
  }
  return 0;
}

/** Twice the rank of each value, so that shared ranks are whole numbers too. */
function doubledRanks(values: readonly number[]): readonly number[] {
  return values.map((value) => {
    const lower = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return 2 * lower + equal + 1;
  });
}

/** In how many ways `picked` of the ranks have each sum, and how many ways there are. */
function waysToSum(ranks: readonly number[], picked: number) {
  const largest = ranks.reduce((sum, rank) => sum + rank, 0);
  const waysOf = Array.from({ length: picked + 1 }, () => new Float64Array(largest + 1));
  const none = waysOf[0];
  if (none !== undefined) none[0] = 1;
  for (const rank of ranks) {
    for (let size = picked; size > 0; size -= 1) {
      const [taken, left] = [waysOf[size], waysOf[size - 1]];
      if (taken === undefined || left === undefined) continue;
      for (let sum = largest; sum >= rank; sum -= 1) {
        taken[sum] = (taken[sum] ?? 0) + (left[sum - rank] ?? 0);
      }
    }
  }
  const ways = waysOf[picked] ?? new Float64Array();
  return { ways, total: ways.reduce((sum, each) => sum + each, 0) };
}
