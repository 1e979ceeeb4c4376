/**
 * Where a curve of diminishing returns bends most, found without a threshold of anybody's choice. It must
 * give the same answer in any units.
 */
import { median } from './robust.ts';
import type { Point } from './theil-sen.ts';

/** A knee needs a rise before it and something after it. */
const pointsMin = 4;

/**
 * The first knee of a curve that rises and bends down (achieved over offered, say); undefined where it does
 * not bend. Points in any order; those with the same x are replaced by their median. `sensitivity` is how
 * many mean steps of x the difference from the diagonal must fall by before a maximum counts: higher is
 * stricter.
 * Source: Satopää, Albrecht, Irwin and Raghavan, "Finding a 'Kneedle' in a Haystack", ICDCSW 2011, section
 * III, without the smoothing spline of its step 1: a ladder has too few steps to be smoothed.
 */
export function kneedle(
  points: readonly Point[],
  { sensitivity = 1 }: { readonly sensitivity?: number } = {},
): Point | undefined {
  const curve = curveOf(points);
  const differences = differencesFromDiagonal(curve);
  if (curve.length < pointsMin || differences === undefined) return undefined;
  const step = 1 / (curve.length - 1);
  for (let index = 1; index < differences.length - 1; index += 1) {
    const here = differences[index] ?? 0;
    if (here <= 0 || here < (differences[index - 1] ?? 0) || here <= (differences[index + 1] ?? 0)) continue;
    if (fallsUnder(differences.slice(index + 1), here - sensitivity * step, here)) return curve[index];
  }
  return undefined;
}

function curveOf(points: readonly Point[]): readonly Point[] {
  const byX = Map.groupBy(points, ({ x }) => x);
  return [...byX]
    .map(([x, same]) => ({ x, y: median(same.map(({ y }) => y)) }))
    .sort((one, other) => one.x - other.x);
}

/** In the unit square; undefined where the points make no square. */
function differencesFromDiagonal(curve: readonly Point[]): readonly number[] | undefined {
  const [xs, ys] = [curve.map(({ x }) => x), curve.map(({ y }) => y)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  if (!(right > left && top > bottom)) return undefined;
  return curve.map(({ x, y }) => (y - bottom) / (top - bottom) - (x - left) / (right - left));
}

/** Before it rises over the maximum; a smaller bump in between, as noise makes them, changes nothing. */
function fallsUnder(rest: readonly number[], threshold: number, maximum: number): boolean {
  const falls = rest.findIndex((value) => value < threshold);
  const rises = rest.findIndex((value) => value > maximum);
  return falls !== -1 && (rises === -1 || falls < rises);
}
