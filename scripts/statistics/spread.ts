/** How far the values of a sample lie apart, in a way that a single outlier does not move. Pure. */
import { median } from './robust.ts';

/**
 * The value below which the share (0 to 1) lies, interpolated between its neighbours; NaN of nothing.
 * Source: the seventh definition of Hyndman and Fan, "Sample quantiles in statistical packages", The American
 * Statistician 50 (1996).
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The range of the middle half, as a share of the median: 0.1 where it spans a tenth of it. */
export function relativeSpread(values: readonly number[]): number {
  const range = quantile(values, 0.75) - quantile(values, 0.25);
  return range === 0 ? 0 : range / Math.abs(median(values));
}
