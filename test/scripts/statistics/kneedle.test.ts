/** Knees of curves whose knee is known, in any units, and none where nothing bends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kneedle } from '../../../scripts/statistics/kneedle.ts';
import { normalNoise } from './noise.ts';

/** Rises by one for one up to the knee, and then no more. */
const bent = (knee: number, count: number) =>
  Array.from({ length: count }, (_, x) => ({ x, y: Math.min(x, knee) }));

describe('the knee', () => {
  it('of a curve of two lines is where they meet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 17 }), (knee) => {
        expect(kneedle(bent(knee, 21))?.x).toBe(knee);
      }),
    );
  });

  it("of Satopää's own example, y = −1/x + 5, lies near 0.22", () => {
    const figure2 = Array.from({ length: 10 }, (_, index) => {
      const x = index / 9;
      return { x, y: -1 / (x + 0.1) + 5 };
    });
    expect(kneedle(figure2)?.x).toBeCloseTo(0.22, 2);
  });

  it('is the same in any units and any order', () => {
    const units = fc.record({
      x: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      y: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      off: fc.integer({ min: -1_000, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 17 }), units, (knee, { x: byX, y: byY, off }) => {
        const given = bent(knee, 21).map(({ x, y }) => ({ x: x * byX + off * byX, y: y * byY + off * byY }));
        const found = kneedle(given.toReversed());
        expect(((found?.x ?? Number.NaN) - off * byX) / byX).toBeCloseTo(knee, 6);
      }),
    );
  });

  it('is found through noise of 2 %, at most a tenth of the range away', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const next = normalNoise(seed);
      const found = kneedle(bent(10, 21).map(({ x, y }) => ({ x, y: y * (1 + 0.02 * next()) })));
      expect(Math.abs((found?.x ?? Number.NaN) - 10)).toBeLessThanOrEqual(2);
    }
  });

  it('is not found in a line, with or without noise, in too few points, or in a point', () => {
    expect(kneedle(bent(100, 21))).toBeUndefined();
    for (let seed = 0; seed < 200; seed += 1) {
      const next = normalNoise(seed);
      expect(kneedle(bent(100, 21).map(({ x, y }) => ({ x, y: y + 0.1 * next() })))).toBeUndefined();
    }
    expect(kneedle(bent(1, 3))).toBeUndefined();
    expect(kneedle([1, 1, 1, 1].map((x) => ({ x, y: 2 })))).toBeUndefined();
  });

  it('of a shallow bend is found or not as the sensitivity says', () => {
    const shallow = Array.from({ length: 21 }, (_, x) => ({ x, y: x <= 10 ? x : 10 + 0.6 * (x - 10) }));
    expect(kneedle(shallow, { sensitivity: 1 })?.x).toBe(10);
    expect(kneedle(shallow, { sensitivity: 5 })).toBeUndefined();
  });
});
