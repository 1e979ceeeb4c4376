/** The law, fitted to points that were made from one, with and without noise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../adapters/simulation/random.ts';
import { type UslLaw, uslFit, uslThroughput } from '../../../scripts/statistics/usl.ts';
import { normalNoise } from './noise.ts';

const concurrencies = [1, 2, 4, 8, 16, 32, 64, 128];

function pointsOf(law: UslLaw, at: readonly number[], noise = () => 0) {
  return at.map((concurrency) => ({
    concurrency,
    perSecond: uslThroughput(law, concurrency) * (1 + noise()),
  }));
}

function share(found: number | undefined, truth: number): number {
  return Math.abs((found ?? Number.NaN) / truth - 1);
}

describe('the fit of the law', () => {
  it('finds the numbers that exact points were made from', () => {
    const laws = fc.record({
      lambda: fc.double({ min: 1, max: 1e5, noNaN: true }),
      sigma: fc.double({ min: 0, max: 0.5, noNaN: true }),
      kappa: fc.double({ min: 1e-4, max: 0.05, noNaN: true }),
    });
    fc.assert(
      fc.property(laws, (law) => {
        const found = uslFit(pointsOf(law, concurrencies));
        expect(share(found?.lambda, law.lambda)).toBeLessThan(1e-4);
        expect(Math.abs((found?.sigma ?? Number.NaN) - law.sigma)).toBeLessThan(1e-4);
        expect(share(found?.kappa, law.kappa)).toBeLessThan(1e-3);
        expect(found?.rSquared).toBeGreaterThan(0.999_999);
      }),
    );
  });

  it('finds the peak within 4 % in 95 of 100 series of 12 points with noise of 2 %', () => {
    const misses = Array.from({ length: 400 }, (_, seed) => {
      const random = new Random(seed);
      const next = normalNoise(seed);
      const sigma = random.next() * 0.2;
      const kappa = 10 ** (-2 - 3 * random.next());
      const law = { lambda: 100 + 5_000 * random.next(), sigma, kappa };
      const peak = Math.sqrt((1 - sigma) / kappa);
      const at = Array.from({ length: 12 }, (_, index) => 1 + ((2 * peak - 1) * index) / 11);
      const found = uslFit(pointsOf(law, at, () => 0.02 * next()));
      return {
        peak: found?.peakPerSecond === undefined ? 1 : share(found.peakPerSecond, uslThroughput(law, peak)),
        lambda: share(found?.lambda, law.lambda),
        sigma: Math.abs((found?.sigma ?? 1) - sigma),
      };
    });
    const inMost = (values: readonly number[]) => values.toSorted((one, other) => one - other)[379];
    expect(inMost(misses.map(({ peak }) => peak))).toBeLessThan(0.04);
    expect(inMost(misses.map(({ lambda }) => lambda))).toBeLessThan(0.15);
    expect(inMost(misses.map(({ sigma }) => sigma))).toBeLessThan(0.03);
  });

  it('never makes contention or coherency negative, though the points scale better than that', () => {
    const found = uslFit(concurrencies.map((n) => ({ concurrency: n, perSecond: 100 * n ** 1.2 })));
    expect(found).toMatchObject({ sigma: 0, kappa: 0, peakConcurrency: undefined, peakPerSecond: undefined });
  });

  it('is the nearest in throughput: no law close by leaves less, within the bounds', () => {
    const noisy = (seed: number) => {
      const next = normalNoise(seed);
      return pointsOf({ lambda: 500, sigma: 0.1, kappa: 0 }, concurrencies, () => 0.05 * next());
    };
    for (let seed = 0; seed < 100; seed += 1) {
      const points = noisy(seed);
      const left = (law: UslLaw) =>
        points.reduce(
          (sum, { concurrency, perSecond }) => sum + (perSecond - uslThroughput(law, concurrency)) ** 2,
          0,
        );
      const found = uslFit(points) ?? expect.fail();
      expect(found.sigma).toBeGreaterThanOrEqual(0);
      expect(found.kappa).toBeGreaterThanOrEqual(0);
      for (const by of [0.99, 1.01]) {
        expect(left({ ...found, lambda: found.lambda * by })).toBeGreaterThanOrEqual(left(found));
        expect(left({ ...found, sigma: found.sigma * by })).toBeGreaterThanOrEqual(left(found) * (1 - 1e-9));
        expect(left({ ...found, kappa: found.kappa * by })).toBeGreaterThanOrEqual(left(found) * (1 - 1e-9));
      }
    }
  });

  it('says that there is no peak where the law has none (Amdahl)', () => {
    const found = uslFit(pointsOf({ lambda: 500, sigma: 0.1, kappa: 0 }, concurrencies));
    expect(found?.sigma).toBeCloseTo(0.1, 6);
    expect(found?.peakConcurrency ?? Number.POSITIVE_INFINITY).toBeGreaterThan(1e4);
  });

  it('has √((1 − σ)/κ) for its peak', () => {
    const found = uslFit(pointsOf({ lambda: 1_000, sigma: 0.05, kappa: 0.001 }, concurrencies));
    expect(found?.peakConcurrency).toBeCloseTo(Math.sqrt(0.95 / 0.001), 3);
    expect(found?.peakPerSecond).toBeCloseTo(9_037.98, 1);
  });

  it('needs four concurrencies: three numbers go through any three points', () => {
    const law = { lambda: 1_000, sigma: 0.05, kappa: 0.001 };
    expect(uslFit(pointsOf(law, [1, 2, 4, 4, 4]))).toBeUndefined();
    expect(uslFit(pointsOf(law, [0, 1, 2, 4]))).toBeUndefined();
    expect(uslFit(pointsOf(law, [0.2, 1, 2, 4]))).toBeDefined();
  });
});
