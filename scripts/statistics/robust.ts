/**
 * Middle and spread of numbers that a few wild ones cannot move: a pause of the collector or a busy neighbour
 * must not decide what is usual. Pure: numbers in, numbers out.
 */

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  return upper === undefined || lower === undefined ? Number.NaN : (lower + upper) / 2;
}

/**
 * The median absolute deviation, unscaled (of normal noise it is 0.6745 standard deviations); NaN of nothing.
 * Source: Hampel, "The influence curve and its role in robust estimation", JASA 69 (1974).
 */
export function mad(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

/** What counts as a burst. */
export interface BurstBounds {
  /** Deviations over the median; the default of 6 is four standard deviations of normal noise. */
  readonly deviations?: number;
  /**
   * What one deviation counts as at least, in the unit of the values. Counts of rare things have a median
   * absolute deviation of 0, so that without a floor a single one would be a burst.
   */
  readonly deviationMin?: number;
}

/** Where the values lie over median + deviations × MAD: their indexes, in order. */
export function bursts(
  values: readonly number[],
  { deviations = 6, deviationMin = 1 }: BurstBounds = {},
): readonly number[] {
  const limit = median(values) + deviations * Math.max(mad(values), deviationMin);
  return values.flatMap((value, index) => (value > limit ? [index] : []));
}
