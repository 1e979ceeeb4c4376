/**
 * The slope of a line through points, as the median of the slopes of all pairs: up to 29 % of the points may
 * be wild before it breaks. With its confidence interval, because a slope without one is no evidence. It must
 * never take more than a bounded time, however many points there are.
 */
import { median } from './robust.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** In the unit of y per unit of x. NaN, with an unbounded interval, where no two points differ in x. */
export interface Slope {
  readonly slope: number;
  /** The 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
}

/** Half a million pairs sort in some 60 ms. More points are merged first; see `merged`. */
const pointsMax = 1_000;
/** The 97.5 % quantile of the normal distribution. */
const normalQuantile = 1.959964;

/**
 * Theil–Sen slope and its interval by Kendall's statistic. `varianceFactor` widens the interval for points
 * that are not independent of each other (1: they are).
 * Sources: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968); the
 * variance with ties in x and in y is that of Kendall, Rank Correlation Methods (1970), section 4.5.
 */
export function theilSen(
  points: readonly Point[],
  { varianceFactor = 1 }: { readonly varianceFactor?: number } = {},
): Slope {
  const few = merged(points, pointsMax);
  const slopes = pairSlopes(few);
  if (slopes.length === 0)
    return { slope: Number.NaN, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const halfWidth = (normalQuantile * Math.sqrt(kendallVariance(few) * varianceFactor)) / 2;
  const middle = slopes.length / 2;
  return {
    slope: (at(slopes, Math.ceil(middle) - 1) + at(slopes, Math.floor(middle))) / 2,
    low: slopes[Math.round(middle - halfWidth) - 1] ?? Number.NEGATIVE_INFINITY,
    high: slopes[Math.round(middle + halfWidth)] ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * At most so many points in the order of x: neighbours are replaced by the medians of their x and y. A line
 * stays the line that it was, and noise that neighbours share counts once.
 */
export function merged(points: readonly Point[], max: number): readonly Point[] {
  const sorted = [...points].sort((one, other) => one.x - other.x);
  if (sorted.length <= max) return sorted;
  return Array.from({ length: max }, (_, index) => {
    const block = sorted.slice(
      Math.floor((index * sorted.length) / max),
      Math.floor(((index + 1) * sorted.length) / max),
    );
    return { x: median(block.map(({ x }) => x)), y: median(block.map(({ y }) => y)) };
  });
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}

/** Sorted; pairs with the same x have no slope. */
function pairSlopes(points: readonly Point[]): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let count = 0;
  points.forEach((right, index) => {
    for (const left of points.slice(0, index)) {
      if (left.x === right.x) continue;
      slopes[count] = (right.y - left.y) / (right.x - left.x);
      count += 1;
    }
  });
  return slopes.subarray(0, count).sort();
}

/** Variance of Kendall's S (pairs that rise less pairs that fall) where y does not depend on x. */
export function kendallVariance(points: readonly Point[]): number {
  const n = points.length;
  const inX = tieSums(points.map(({ x }) => x));
  const inY = tieSums(points.map(({ y }) => y));
  const free = (n * (n - 1) * (2 * n + 5) - inX.spread - inY.spread) / 18;
  const pairs = (inX.pairs * inY.pairs) / (2 * n * (n - 1));
  const triples = n < 3 ? 0 : (inX.triples * inY.triples) / (9 * n * (n - 1) * (n - 2));
  return free + pairs + triples;
}

function tieSums(values: readonly number[]): { spread: number; pairs: number; triples: number } {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  const sums = { spread: 0, pairs: 0, triples: 0 };
  for (const t of sizes.values()) {
    sums.spread += t * (t - 1) * (2 * t + 5);
    sums.pairs += t * (t - 1);
    sums.triples += t * (t - 1) * (t - 2);
  }
  return sums;
}
