/**
 * Histograms of microseconds as the result shows them, in milliseconds. Histograms are merged before they are
 * looked at, never their quantiles: the mean of two 99th percentiles is nobody's percentile.
 */
import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { LoadResult, Quantiles } from './result.ts';

/** Three digits, up to an hour: a request is given up long before. */
const microsecondsMax = 3_600_000_000;

export function emptyHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsecondsMax,
    numberOfSignificantValueDigits: 3,
  });
}

/** One with all that was recorded in any of them. */
export function merged(histograms: Iterable<Histogram>): Histogram {
  const all = emptyHistogram();
  for (const each of histograms) all.add(each);
  return all;
}

/** All zero where nothing was recorded. */
export function quantilesOf(histogram: Histogram): Quantiles {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000;
  const count = histogram.totalCount;
  if (count === 0) {
    return { count, meanMs: 0, p50Ms: 0, p75Ms: 0, p90Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };
  }
  return {
    count,
    meanMs: histogram.mean / 1_000,
    p50Ms: at(50),
    p75Ms: at(75),
    p90Ms: at(90),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: histogram.maxValue / 1_000,
  };
}

/** The histogram itself, in HdrHistogram's compressed V2 encoding. */
export function encoded(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram);
}

const chartPointsPerHalving = 5;
const halvingsMax = 24;

/** Points that halve what is left above them, as HdrHistogram's own plots do, until one request is left. */
export function quantileChart(histogram: Histogram): LoadResult['quantileChart'] {
  const count = histogram.totalCount;
  if (count === 0) return [];
  const points: { quantile: number; ms: number }[] = [];
  for (let halving = 0; halving < halvingsMax && 2 ** halving <= count; halving += 1) {
    for (let part = 0; part < chartPointsPerHalving; part += 1) {
      const quantile = 1 - 2 ** -halving * (1 - part / (2 * chartPointsPerHalving));
      points.push({ quantile, ms: histogram.getValueAtPercentile(100 * quantile) / 1_000 });
    }
  }
  return [...points, { quantile: 1, ms: histogram.maxValue / 1_000 }];
}
