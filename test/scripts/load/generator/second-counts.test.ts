/** Quantiles of a row against those of all its values, sorted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addInto,
  countInto,
  quantilesMs,
  type SecondCounts,
} from '../../../../scripts/load/generator/second-counts.ts';

const shares = [0.5, 0.9, 0.99, 1];

describe('the counts of a second', () => {
  it('give the quantiles of what was counted within half a percent, however it was spread over workers', () => {
    const micros = fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(micros, (values) => {
        const parts: SecondCounts[] = [new Map(), new Map()];
        values.forEach((value, index) => {
          countInto(parts[index % 2] ?? new Map(), value);
        });
        const all: SecondCounts = new Map();
        for (const part of parts) addInto(all, part);
        const sorted = values.toSorted((left, right) => left - right);
        return quantilesMs(all, shares).every((ms, index) => {
          const truth = sorted[Math.ceil((shares[index] ?? 0) * values.length) - 1] ?? 0;
          return Math.abs(ms * 1_000 - truth) <= truth * 0.005;
        });
      }),
    );
  });

  it('give zero where nothing was counted', () => {
    expect(quantilesMs(new Map(), shares)).toEqual([0, 0, 0, 0]);
  });
});
