/**
 * The latencies of one second, as counts by value: what a worker sends to its main thread each second, and
 * what quantiles of a row are told from. A histogram of the library takes some ten thousand counters, and a
 * compression to be sent; here a second has a few hundred values at most.
 * It must stay below half a percent of error; figures of a whole stage come from real histograms.
 */

/** Counts by value, in microseconds. */
export type SecondCounts = Map<number, number>;

/** Below this, values are kept as they are; above, to as many significant bits. */
const exactBelow = 256;
const significantBits = 8;

export function countInto(counts: SecondCounts, micros: number): void {
  const value = rounded(micros);
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

export function addInto(counts: SecondCounts, others: SecondCounts): void {
  for (const [value, count] of others) counts.set(value, (counts.get(value) ?? 0) + count);
}

/**
 * The smallest values that at least these shares of all are not above, in milliseconds; 0 where there are
 * none. Shares must rise.
 */
export function quantilesMs(counts: SecondCounts, shares: readonly number[]): readonly number[] {
  const sorted = [...counts].sort(([left], [right]) => left - right);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let at = -1;
  let seen = 0;
  return shares.map((share) => {
    while (at < sorted.length - 1 && (at < 0 || seen < share * total)) {
      at += 1;
      seen += sorted[at]?.[1] ?? 0;
    }
    return (sorted[at]?.[0] ?? 0) / 1_000;
  });
}

/** The middle of the bucket, so that a mean of many is not pulled down. */
function rounded(micros: number): number {
  if (micros < exactBelow) return micros;
  const width = 2 ** (Math.floor(Math.log2(micros)) - significantBits + 1);
  return Math.floor(micros / width) * width + (width >> 1);
}
