/** The counts of a histogram are those that counting each value by hand gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Buckets, bytesBounds, countBounds, secondsBounds } from '../../../adapters/metrics/buckets.ts';

const anyBounds = fc.constantFrom<readonly number[]>(secondsBounds, countBounds, bytesBounds);

it('counts every value in each bucket whose bound it does not exceed', () => {
  fc.assert(
    fc.property(anyBounds, fc.infiniteStream(fc.nat(99)), fc.nat(60), (bounds, choices, length) => {
      const buckets = new Buckets(bounds);
      const values: number[] = [];
      for (const choice of choices.take(length)) {
        // On a bound, just beside it, or beyond all.
        const bound = bounds[choice % bounds.length] ?? 0;
        const value = [bound, bound * 0.999, bound * 1.001, bound * 1e6][choice % 4] ?? 0;
        const times = 1 + (choice % 3);
        buckets.observe(value, times);
        for (let time = 0; time < times; time += 1) values.push(value);
      }
      const samples = buckets.samples({ on: 'x' });
      for (const { suffix, labels, value } of samples) {
        expect(labels.on).toBe('x');
        if (suffix === '_sum') {
          const sum = values.reduce((total, each) => total + each, 0);
          expect(Math.abs(value - sum)).toBeLessThanOrEqual(sum * 1e-9);
        } else if (suffix === '_count') expect(value).toBe(values.length);
        else {
          const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
          expect(value).toBe(values.filter((each) => each <= bound).length);
        }
      }
      expect(samples).toHaveLength(bounds.length + 3);
    }),
  );
});

it('keeps the latest example of each bucket', () => {
  const buckets = new Buckets([1, 10]);
  for (const [value, id] of [
    [0.5, 'first'],
    [0.7, 'second'],
    [99, 'slow'],
  ] as const) {
    buckets.observe(value);
    buckets.exemplify(value, id, 1_000);
  }
  expect(buckets.samples({}).map(({ exemplar }) => exemplar?.requestId)).toEqual([
    'second',
    undefined,
    'slow',
    undefined,
    undefined,
  ]);
});
