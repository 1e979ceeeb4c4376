/** Median, deviation and bursts: what a few wild values must not move, and what must be found. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bursts, mad, median } from '../../../scripts/statistics/robust.ts';
import { normalNoise } from './noise.ts';

const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 40 });

describe('the median', () => {
  it('is the middle one, or lies halfway between two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9, 100])).toBe(10);
    expect(median([])).toBeNaN();
  });

  it('stays between the honest values while fewer than half are wild', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(-1e12, 1e12), (honest, wild) => {
        const spoilt = [...honest, ...honest.slice(1).map(() => wild)];
        expect(median(spoilt)).toBeGreaterThanOrEqual(Math.min(...honest));
        expect(median(spoilt)).toBeLessThanOrEqual(Math.max(...honest));
      }),
    );
  });

  it('leaves the array that it was given as it is', () => {
    const given = [3, 1, 2];
    median(given);
    expect(given).toEqual([3, 1, 2]);
  });
});

describe('the median absolute deviation', () => {
  it('is 0.6745 standard deviations of normal noise', () => {
    const next = normalNoise(1);
    const spread = mad(Array.from({ length: 20_000 }, () => 5 + 2 * next()));
    expect(spread / 2).toBeCloseTo(0.6745, 1);
  });

  it('moves with the scale and not with the place', () => {
    fc.assert(
      fc.property(
        values,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: -50, max: 50 }),
        (xs, by, off) => {
          const moved = mad(xs.map((x) => x * by + off));
          expect(Math.abs(moved - mad(xs) * by)).toBeLessThan(1e-6 * (1 + moved));
        },
      ),
    );
  });
});

describe('bursts', () => {
  it('are what stands out of what is usual, not what is usual', () => {
    expect(bursts([10, 12, 11, 9, 90, 10, 11])).toEqual([4]);
    expect(bursts([])).toEqual([]);
  });

  it('of counts that are nearly always 0 need more than a single one', () => {
    expect(bursts([0, 0, 1, 0, 0, 40, 35, 0])).toEqual([5, 6]);
    expect(bursts([0, 0, 1, 0, 0], { deviationMin: 0 })).toEqual([2]);
  });

  it('are found in normal noise less than once in a thousand', () => {
    const next = normalNoise(7);
    const quiet = Array.from({ length: 20_000 }, () => 100 + 10 * next());
    expect(bursts(quiet).length).toBeLessThan(20);
  });
});
