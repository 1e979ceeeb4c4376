/** The slope, against lines that are known, ties, wild points, and its interval's promise of 95 %. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kendallVariance, merged, theilSen } from '../../../scripts/statistics/theil-sen.ts';
import { normalNoise } from './noise.ts';

const points = fc.uniqueArray(
  fc.record({ x: fc.integer({ min: 0, max: 500 }), y: fc.integer({ min: -500, max: 500 }) }),
  { minLength: 3, maxLength: 30, selector: ({ x }) => x },
);

/** All orders of the values. */
function orders(values: readonly number[]): readonly (readonly number[])[] {
  if (values.length <= 1) return [values];
  return values.flatMap((value, index) => orders(values.toSpliced(index, 1)).map((rest) => [value, ...rest]));
}

/** Kendall's S. */
function rises(x: readonly number[], y: readonly number[]): number {
  return x.reduce(
    (sum, at, right) =>
      x.slice(0, right).reduce((all, before, left) => {
        return all + Math.sign(at - before) * Math.sign((y[right] ?? 0) - (y[left] ?? 0));
      }, sum),
    0,
  );
}

describe("the variance of Kendall's S", () => {
  it.each([
    { x: [1, 2, 3, 4, 5, 6], y: [1, 2, 3, 4, 5, 6] },
    { x: [1, 2, 3, 4, 5, 6], y: [1, 1, 1, 4, 5, 5] },
    { x: [1, 1, 3, 4, 4, 4], y: [1, 2, 3, 4, 5, 6] },
    { x: [1, 1, 3, 4, 4, 4], y: [2, 2, 2, 4, 5, 5] },
  ])('of x $x and y $y is that over all orders of y', ({ x, y }) => {
    const all = orders(y).map((order) => rises(x, order));
    const truth = all.reduce((sum, value) => sum + value ** 2, 0) / all.length;
    expect(kendallVariance(x.map((at, index) => ({ x: at, y: y[index] ?? 0 })))).toBeCloseTo(truth, 9);
  });
});

describe('the slope of Theil and Sen', () => {
  it('agrees with scipy.stats.theilslopes 1.17.1, without ties and with ties in x and in y', () => {
    const free = [3.1, 2.7, 4.4, 5.0, 4.1, 6.8, 7.7, 6.9, 9.4, 8.2, 10.9, 12.5].map((y, x) => ({ x, y }));
    const found = theilSen(free);
    expect(found.slope).toBeCloseTo(0.829_166_666_666_666_6, 12);
    expect(found.low).toBeCloseTo(0.649_999_999_999_999_5, 12);
    expect(found.high).toBeCloseTo(0.957_142_857_142_857_2, 12);
    const [x, y] = [
      [0, 1, 2, 3, 3, 5, 6, 7],
      [1, 2, 2, 4, 5, 5, 7, 9],
    ];
    const tied = theilSen(x.map((each, index) => ({ x: each, y: y[index] ?? 0 })));
    expect(tied).toEqual({ slope: 1, low: 0.75, high: 1.5 });
  });

  it('is that of the line where the points are on one, and the interval has no width', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: -9, max: 9 }), (given, slope) => {
        const found = theilSen(given.map(({ x }) => ({ x, y: slope * x + 3 })));
        expect(found.slope).toBe(slope);
        if (given.length >= 8) expect([found.low, found.high]).toEqual([slope, slope]);
      }),
    );
  });

  it('turns with the points: adding a line adds its slope, and order does not matter', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: -9, max: 9 }), (given, slope) => {
        const before = theilSen(given);
        const after = theilSen(given.toReversed().map(({ x, y }) => ({ x, y: y + slope * x })));
        expect(after.slope).toBeCloseTo(before.slope + slope, 9);
        if (Number.isFinite(before.low)) expect(after.low).toBeLessThanOrEqual(after.slope);
      }),
    );
  });

  it('is not moved by a quarter of wild points', () => {
    const next = normalNoise(3);
    const wild = Array.from({ length: 80 }, (_, x) => ({
      x,
      y: x % 4 === 1 ? 1e9 * (x % 3) : 2 * x + next(),
    }));
    expect(theilSen(wild).slope).toBeCloseTo(2, 0);
  });

  it('has an interval that holds the truth in 95 % of 1,000 series, give or take 2 %', () => {
    let holds = 0;
    for (let seed = 0; seed < 1_000; seed += 1) {
      const next = normalNoise(seed);
      const { low, high } = theilSen(Array.from({ length: 24 }, (_, x) => ({ x, y: 0.3 * x + next() })));
      if (low <= 0.3 && 0.3 <= high) holds += 1;
    }
    expect(holds / 1_000).toBeGreaterThanOrEqual(0.93);
    expect(holds / 1_000).toBeLessThanOrEqual(0.97);
  });

  it('of values that are nearly all the same does not call a slope proven', () => {
    const tied = Array.from({ length: 40 }, (_, x) => ({ x, y: x === 39 ? 8 : 5 }));
    expect(theilSen(tied)).toEqual({ slope: 0, low: 0, high: 0 });
  });

  it('is not to be had from one instant', () => {
    const { slope, low, high } = theilSen([
      { x: 1, y: 1 },
      { x: 1, y: 7 },
    ]);
    expect([slope, low, high]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(theilSen([]).slope).toBeNaN();
  });

  it('of 100,000 points takes the bounded time of 1,000, and the line stays the line', () => {
    const next = normalNoise(5);
    const many = Array.from({ length: 100_000 }, (_, x) => ({ x, y: 0.01 * x + 5 * next() }));
    expect(merged(many, 1_000)).toHaveLength(1_000);
    expect(theilSen(many).slope).toBeCloseTo(0.01, 4);
  });
});
