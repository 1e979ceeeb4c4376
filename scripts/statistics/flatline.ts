/**
 * Throughput that no longer follows what is asked: the flat line, and which of three kinds it is. It must
 * never call a server flat that answers all it is asked.
 */
import { median } from './robust.ts';

/** One step of a ladder, or one interval of time; offered and achieved in the same unit, say per second. */
export interface FlatlinePoint {
  readonly offered: number;
  readonly achieved: number;
  readonly p99Ms: number;
}

/**
 * `stalled`: nothing is answered. `saturated`: more is asked, no more is answered, and it takes longer.
 * `limited`: the same, but what is answered takes no longer, so that something turns the rest away.
 */
export type Flatline = 'none' | 'saturated' | 'limited' | 'stalled';

const stalledPointsMin = 2;
const pointsMin = 3;
const offeredRiseMin = 0.1;
const achievedRiseMax = 0.01;
const latencyRiseMin = 0.1;
/** With more than this share answered there is nothing flat. */
const answeredShareMax = 0.99;
/** All stretches of this many points are looked at; more points are merged first. */
const pointsMax = 60;

/**
 * Of points in the order in which they were measured. A stretch of three or more points is flat where offered
 * rises by a tenth or more from its first to its last third while achieved rises by less than 1 % (a fall is
 * no better) and falls short of what is offered; the p99 rising by a tenth or more makes it saturated.
 * The longest flat stretch decides, because its thirds hold the most points.
 * Source: /work/shared/reference/audit.md C4, patterns; thirds, compared by medians, because points are
 * noisy.
 */
export function flatline(points: readonly FlatlinePoint[]): Flatline {
  if (hasStall(points)) return 'stalled';
  const few = mergedPoints(points);
  for (let length = few.length; length >= pointsMin; length -= 1) {
    for (let from = 0; from + length <= few.length; from += 1) {
      const kind = kindOf(few.slice(from, from + length));
      if (kind !== 'none') return kind;
    }
  }
  return 'none';
}

function hasStall(points: readonly FlatlinePoint[]): boolean {
  let inARow = 0;
  for (const { offered, achieved } of points) {
    inARow = offered > 0 && achieved === 0 ? inARow + 1 : 0;
    if (inARow >= stalledPointsMin) return true;
  }
  return false;
}

function kindOf(stretch: readonly FlatlinePoint[]): Flatline {
  const third = Math.floor(stretch.length / pointsMin);
  const first = middleOf(stretch.slice(0, third));
  const last = middleOf(stretch.slice(-third));
  const asksMore = first.offered > 0 && last.offered >= first.offered * (1 + offeredRiseMin);
  const answersMore = last.achieved >= first.achieved * (1 + achievedRiseMax);
  const answersAll = last.achieved > last.offered * answeredShareMax;
  if (!asksMore || answersMore || answersAll) return 'none';
  return last.p99Ms >= first.p99Ms * (1 + latencyRiseMin) ? 'saturated' : 'limited';
}

function mergedPoints(points: readonly FlatlinePoint[]): readonly FlatlinePoint[] {
  const size = Math.ceil(points.length / pointsMax);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, index) =>
    middleOf(points.slice(index * size, (index + 1) * size)),
  );
}

function middleOf(points: readonly FlatlinePoint[]): FlatlinePoint {
  return {
    offered: median(points.map(({ offered }) => offered)),
    achieved: median(points.map(({ achieved }) => achieved)),
    p99Ms: median(points.map(({ p99Ms }) => p99Ms)),
  };
}
