/**
 * Gunther's Universal Scalability Law, fitted: X(N) = λN / (1 + σ(N − 1) + κN(N − 1)). σ is the share of the
 * work that must queue for something, κ what keeping the others informed costs. N is how many requests are
 * under way at once, never how many are offered; the callers see to that (X × R, by Little's law).
 * Source: Gunther, Guerrilla Capacity Planning (Springer, 2007), chapters 4 to 6.
 */
import { leastSquares, solved } from './linear-system.ts';

export interface UslPoint {
  readonly concurrency: number;
  readonly perSecond: number;
}

export interface UslLaw {
  /** Throughput of one alone, per second. */
  readonly lambda: number;
  /** Contention, 0 to 1. */
  readonly sigma: number;
  /** Coherency, 0 or more. */
  readonly kappa: number;
}

export interface UslFit extends UslLaw {
  /** Coefficient of determination, in throughput. */
  readonly rSquared: number;
  /** √((1 − σ)/κ) and the throughput there; undefined where the law has no peak (κ = 0). */
  readonly peakConcurrency: number | undefined;
  readonly peakPerSecond: number | undefined;
}

/** Three numbers are fitted, so that three points fit always and say nothing. */
const concurrenciesMin = 4;
const roundsMax = 200;
/** A round that betters the squares by less than this share is the last. */
const gainMin = 1e-12;

export function uslThroughput({ lambda, sigma, kappa }: UslLaw, concurrency: number): number {
  const others = concurrency - 1;
  return (lambda * concurrency) / (1 + sigma * others + kappa * concurrency * others);
}

/**
 * The law nearest to the points by least squares of throughput, with λ > 0, 0 ≤ σ ≤ 1 and κ ≥ 0; undefined
 * with fewer than four different concurrencies. Points of no concurrency or throughput are left out.
 * It begins at Gunther's quadratic linearisation and goes on by Levenberg's and Marquardt's method.
 */
export function uslFit(points: readonly UslPoint[]): UslFit | undefined {
  const used = points.filter(({ concurrency, perSecond }) => concurrency > 0 && perSecond > 0);
  if (new Set(used.map(({ concurrency }) => concurrency)).size < concurrenciesMin) return undefined;
  const start = linearised(used);
  const law = start === undefined ? undefined : refined(used, start);
  if (law === undefined) return undefined;
  const middle = used.reduce((sum, { perSecond }) => sum + perSecond, 0) / used.length;
  const spread = used.reduce((sum, { perSecond }) => sum + (perSecond - middle) ** 2, 0);
  const peakConcurrency = law.kappa > 0 && law.sigma < 1 ? Math.sqrt((1 - law.sigma) / law.kappa) : undefined;
  return {
    ...law,
    rSquared: spread === 0 ? 0 : 1 - squares(used, law) / spread,
    peakConcurrency,
    peakPerSecond: peakConcurrency === undefined ? undefined : uslThroughput(law, peakConcurrency),
  };
}

/**
 * N/X = 1/λ + (σ/λ)(N − 1) + (κ/λ)N(N − 1) is linear in its factors. Weighted by X/N, so that each point
 * counts by its relative error; each set of terms that may be there is tried, because none may be negative.
 */
function linearised(points: readonly UslPoint[]): UslLaw | undefined {
  const target = points.map(({ concurrency, perSecond }) => concurrency / perSecond);
  const weights = target.map((value) => 1 / value ** 2);
  const one = points.map(() => 1);
  const others = points.map(({ concurrency }) => concurrency - 1);
  const pairs = points.map(({ concurrency }) => concurrency * (concurrency - 1));
  const laws = [
    leastSquares([one, others, pairs], target, weights),
    insert(leastSquares([one, others], target, weights), 2),
    insert(leastSquares([one, pairs], target, weights), 1),
    insert(insert(leastSquares([one], target, weights), 1), 2),
  ].flatMap((factors) => {
    const [a = 0, b = 0, c = 0] = factors ?? [];
    return a > 0 && b >= 0 && c >= 0
      ? [{ lambda: 1 / a, sigma: Math.min(Math.max(b / a, 0), 1), kappa: c / a }]
      : [];
  });
  return best(points, laws);
}

function insert(factors: readonly number[] | undefined, index: number): readonly number[] | undefined {
  return factors?.toSpliced(index, 0, 0);
}

function best(points: readonly UslPoint[], laws: readonly UslLaw[]): UslLaw | undefined {
  const [first, ...rest] = laws;
  if (first === undefined) return undefined;
  return rest.reduce((one, other) => (squares(points, other) < squares(points, one) ? other : one), first);
}

function squares(points: readonly UslPoint[], law: UslLaw): number {
  return points.reduce(
    (sum, { concurrency, perSecond }) => sum + (perSecond - uslThroughput(law, concurrency)) ** 2,
    0,
  );
}

/** Source: Marquardt, SIAM Journal 11 (1963); steps out of the bounds end at them. */
function refined(points: readonly UslPoint[], start: UslLaw): UslLaw {
  let law = start;
  let left = squares(points, law);
  let damping = 1e-3;
  for (let round = 0; round < roundsMax; round += 1) {
    const next = stepped(points, law, damping);
    const nextLeft = next === undefined ? Number.POSITIVE_INFINITY : squares(points, next);
    if (next === undefined || !(nextLeft < left)) {
      damping *= 10;
      if (damping > 1e12) break;
      continue;
    }
    const gain = (left - nextLeft) / left;
    [law, left, damping] = [next, nextLeft, damping / 10];
    if (gain < gainMin) break;
  }
  return law;
}

function stepped(points: readonly UslPoint[], law: UslLaw, damping: number): UslLaw | undefined {
  const slopes = points.map((point) => gradient(point, law));
  const misses = points.map(({ concurrency, perSecond }) => perSecond - uslThroughput(law, concurrency));
  const down = [0, 1, 2].map((index) =>
    slopes.reduce((sum, each, at) => sum + (each[index] ?? 0) * (misses[at] ?? 0), 0),
  );
  // What is at its bound and would go on over it stays there, or it would bend the step of the others.
  const free = [true, staysIn(law.sigma, down[1], 1), staysIn(law.kappa, down[2], Number.POSITIVE_INFINITY)];
  const matrix = [0, 1, 2].map((row) =>
    [0, 1, 2].map((column) => {
      if (!(free[row] && free[column])) return row === column ? 1 : 0;
      const sum = slopes.reduce((total, each) => total + (each[row] ?? 0) * (each[column] ?? 0), 0);
      return row === column ? sum * (1 + damping) : sum;
    }),
  );
  const step = solved(
    matrix,
    down.map((value, index) => (free[index] ? value : 0)),
  );
  if (step === undefined) return undefined;
  const [byLambda = 0, bySigma = 0, byKappa = 0] = step;
  const lambda = law.lambda + byLambda;
  if (!(lambda > 0)) return undefined;
  const sigma = Math.min(Math.max(law.sigma + bySigma, 0), 1);
  return { lambda, sigma, kappa: Math.max(law.kappa + byKappa, 0) };
}

function staysIn(value: number, down = 0, max: number): boolean {
  return !((value === 0 && down < 0) || (value === max && down > 0));
}

/** Of the throughput, in λ, σ and κ. */
function gradient({ concurrency }: UslPoint, law: UslLaw): readonly number[] {
  const throughput = uslThroughput(law, concurrency);
  const slope = -(throughput ** 2) / (law.lambda * concurrency);
  return [throughput / law.lambda, slope * (concurrency - 1), slope * concurrency * (concurrency - 1)];
}
