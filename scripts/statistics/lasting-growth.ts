/**
 * Whether a figure that should stay where it is (memory after a collection, open files, connections) grows
 * without an end in sight. A false alarm costs trust in all the others, so that four things must come
 * together: enough samples, a slope that noise does not explain, a growth that would matter, and that it
 * still goes on.
 */
import { median } from './robust.ts';
import { merged, type Point, type Slope, theilSen } from './theil-sen.ts';

export interface GrowthBounds {
  /** What may be used of it at most, in the unit of y. */
  readonly limit: number;
  /** A slope under this is of no interest, in the unit of y per hour. */
  readonly perHourMin: number;
  /** How far ahead is looked. A process that is restarted each day never feels what takes longer. */
  readonly horizonHours?: number;
}

export interface Growth {
  readonly verdict: 'flat' | 'leaking' | 'too_few_samples';
  readonly slopePerHour: number;
  /** The 95 % confidence interval. */
  readonly lowPerHour: number;
  readonly highPerHour: number;
}

/** With fewer, the interval of Theil and Sen says nothing about the tails. */
const samplesMin = 12;
export const defaultHorizonHours = 24;
/** Of the limit, within the horizon. */
const growthShareMin = 0.1;
/** What the later half must still grow by, of the slope of the whole: a cache that has filled does not. */
const laterShareMin = 0.25;
/** Neighbouring samples tell much the same; as many as this tell all that a slope needs. */
const blocksMax = 200;
/** Noise that remembers more than this cannot be told from a trend at all. */
const memoryMax = 0.95;

/**
 * Of samples (x in hours, y in any unit) in any order. `leaking`: the lower bound of the slope is over
 * `perHourMin`, the slope means over a tenth of the limit within the horizon, and the later half grows too.
 * Source: /work/shared/reference/audit.md C4 for the rule; the interval is widened for noise that remembers
 * (Yue and Wang, Water Resources Management 18, 2004: the effective sample size of a first-order process).
 */
export function lastingGrowth(
  samples: readonly Point[],
  { limit, perHourMin, horizonHours = defaultHorizonHours }: GrowthBounds,
): Growth {
  const points = merged(samples, blocksMax);
  const { slope, low, high } = cautiousSlope(points);
  const figures = { slopePerHour: slope, lowPerHour: low, highPerHour: high };
  if (samples.length < samplesMin || Number.isNaN(slope)) return { verdict: 'too_few_samples', ...figures };
  const matters = slope * horizonHours > growthShareMin * limit;
  const goesOn = theilSen(points.slice(points.length >> 1)).slope >= laterShareMin * slope;
  return { verdict: low > perHourMin && matters && goesOn ? 'leaking' : 'flat', ...figures };
}

/**
 * Theil and Sen's slope, its interval widened by how much the noise around it remembers (see the sources of
 * `lastingGrowth`). Queues and memories do remember: taken for independent, they would rise half of the time.
 */
export function cautiousSlope(samples: readonly Point[]): Slope {
  const points = merged(samples, blocksMax);
  const plain = theilSen(points);
  if (Number.isNaN(plain.slope)) return plain;
  const residuals = points.map(({ x, y }) => y - plain.slope * x);
  const memory = Math.min(Math.max(memoryOf(residuals), 0), memoryMax);
  return theilSen(points, { varianceFactor: (1 + memory) / (1 - memory) });
}

/**
 * The correlation of neighbours, with what a short series underestimates it by added (Marriott and Pope,
 * Biometrika 41, 1954).
 */
function memoryOf(values: readonly number[]): number {
  const n = values.length;
  const middle = median(values);
  const centred = values.map((value) => value - middle);
  const all = centred.reduce((sum, value) => sum + value * value, 0);
  if (all === 0 || n <= 4) return 0;
  const neighbours = centred.slice(1).reduce((sum, value, index) => sum + value * (centred[index] ?? 0), 0);
  return ((neighbours / all) * n + 1) / (n - 4);
}
