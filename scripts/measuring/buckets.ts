/**
 * Histograms as an exporter tells them, kept small: how many observations there were up to each bound, with
 * bounds left out that add nothing. What two of them enclose has quantiles of its own.
 * A quantile is only as fine as the buckets: it must never be told with more digits than that.
 */
import { z } from 'zod';
import type { Exposition } from './exposition.ts';

export const bucketsSchema = z.object({
  /** All observations, also those above the last bound. */
  count: z.number(),
  /** Bound and observations up to it, rising; bounds in the unit of the metric. */
  upTo: z.array(z.tuple([z.number(), z.number()])),
});
export type Buckets = z.infer<typeof bucketsSchema>;

/** Summed over all series of histogram `name` that `counts` says yes to; undefined where there are none. */
export function bucketsOf(
  exposition: Exposition,
  name: string,
  counts: (labels: Readonly<Record<string, string>>) => boolean = () => true,
): Buckets | undefined {
  const sums = new Map<number, number>();
  for (const { labels, value } of exposition.get(`${name}_bucket`) ?? []) {
    const { le } = labels;
    if (le === undefined || !counts(labels)) continue;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    sums.set(bound, (sums.get(bound) ?? 0) + value);
  }
  const count = sums.get(Number.POSITIVE_INFINITY);
  if (count === undefined) return undefined;
  const rising = [...sums].filter(([bound]) => Number.isFinite(bound)).sort(([a], [b]) => a - b);
  const observed = (index: number) => rising[index]?.[1] ?? 0;
  // Both ends of every bucket that holds something; what lies between two empty ones adds nothing.
  const upTo = rising.filter(
    (_, index) =>
      observed(index) > observed(index - 1) ||
      (index + 1 < rising.length && observed(index + 1) > observed(index)),
  );
  return { count, upTo };
}

/**
 * The value that `share` (0 to 1) of the observations between two readings do not exceed, interpolated in its
 * bucket as Prometheus' histogram_quantile does; above the last bound, that bound. Undefined where nothing
 * was observed between them.
 */
export function quantileBetween(
  before: Buckets | undefined,
  after: Buckets | undefined,
  share: number,
): number | undefined {
  if (after === undefined) return undefined;
  const count = after.count - (before?.count ?? 0);
  if (count <= 0) return undefined;
  const wanted = share * count;
  const bounds = new Set([...(before?.upTo ?? []), ...after.upTo].map(([bound]) => bound));
  let lower = { bound: 0, observed: 0 };
  for (const bound of [...bounds].sort((a, b) => a - b)) {
    const observed = observedUpTo(after, bound) - (before === undefined ? 0 : observedUpTo(before, bound));
    if (observed >= wanted && observed > lower.observed) {
      const inBucket = (wanted - lower.observed) / (observed - lower.observed);
      return lower.bound + (bound - lower.bound) * inBucket;
    }
    lower = { bound, observed };
  }
  return lower.bound;
}

function observedUpTo({ upTo }: Buckets, bound: number): number {
  return upTo.findLast(([each]) => each <= bound)?.[1] ?? 0;
}
