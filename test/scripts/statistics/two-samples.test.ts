/** The rank test against tables that others computed, and against chance. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantile, relativeSpread } from '../../../scripts/statistics/spread.ts';
import { factorBetween, sampleSizeMax } from '../../../scripts/statistics/two-samples.ts';

describe('the rank test', () => {
  it('has the exact p-values of published tables', () => {
    // Complete separation of 5 and 5: 2 of 252 orders; of 3 and 4: 2 of 35.
    expect(factorBetween([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 0.01).pValue).toBeCloseTo(2 / 252, 12);
    expect(factorBetween([1, 2, 3], [4, 5, 6, 7], 0.01).pValue).toBeCloseTo(2 / 35, 12);
    // U = 2 of 5 and 5: 4 orders of 252 are at most as extreme on one side (Mann and Whitney 1947, table I).
    expect(factorBetween([1, 2, 3, 4, 7], [5, 6, 8, 9, 10], 0.01).pValue).toBeCloseTo(8 / 252, 12);
  });

  it('gives values that are equal the same rank', () => {
    expect(factorBetween([3, 3, 3], [3, 3, 3], 0.05).pValue).toBe(1);
    // Ranks 1.5, 1.5, 3.5 against 3.5, 5, 6: of 20 choices two reach the sum of 14.5.
    expect(factorBetween([1, 1, 2], [2, 3, 4], 0.05).pValue).toBeCloseTo(4 / 20, 12);
  });

  it('finds the factor, and an interval that goes with the test', () => {
    const { factor, low, high } = factorBetween([10, 11, 12, 13, 14], [20, 22, 24, 26, 28], 0.01);
    expect(factor).toBeCloseTo(2, 12);
    expect(low).toBeGreaterThan(1);
    expect(high).toBeLessThan(3);
    const few = factorBetween([1, 2], [8, 9], 0.01);
    expect([few.low, few.high]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('does not mind in which order it is asked', () => {
    const sample = fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(sample, sample, (one, other) => {
        const [there, back] = [factorBetween(one, other, 0.05), factorBetween(other, one, 0.05)];
        expect(back.pValue).toBeCloseTo(there.pValue, 9);
        expect(back.factor * there.factor).toBeCloseTo(1, 9);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what it can not compare', () => {
    expect(() => factorBetween([], [1], 0.01)).toThrow('1 to 60 values, not 0');
    expect(() => factorBetween([1], [0], 0.01)).toThrow('above zero, not 0');
    expect(() => factorBetween([1], [Number.NaN], 0.01)).toThrow('above zero, not NaN');
    expect(() => factorBetween(new Array<number>(sampleSizeMax + 1).fill(1), [1], 0.01)).toThrow('not 61');
  });
});

describe('spread', () => {
  it('is that of the middle half, whatever the outliers', () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(relativeSpread([98, 99, 100, 101, 1_000_000])).toBeCloseTo(0.02, 12);
    expect(relativeSpread([5])).toBe(0);
    expect(relativeSpread([0, 0, 0])).toBe(0);
  });
});
