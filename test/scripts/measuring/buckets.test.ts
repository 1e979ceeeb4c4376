/** Histograms in small: quantiles of what lies between two readings of an exporter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsOf, quantileBetween } from '../../../scripts/measuring/buckets.ts';
import { readExposition } from '../../../scripts/measuring/exposition.ts';

const bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1];

function expositionOf(values: readonly number[], labels = ''): string {
  const upTo = (bound: number) => values.filter((value) => value <= bound).length;
  return [
    ...bounds.map((bound) => `t_bucket{${labels}le="${bound}"} ${upTo(bound)}`),
    `t_bucket{${labels}le="+Inf"} ${values.length}`,
  ].join('\n');
}

const read = (text: string) => bucketsOf(readExposition(text), 't');

describe('buckets', () => {
  it('keep only bounds that say something', () => {
    expect(read(expositionOf([0.02, 0.03, 3]))).toEqual({
      count: 3,
      upTo: [
        [0.01, 0],
        [0.05, 2],
      ],
    });
  });

  it('are summed over series, those that count', () => {
    const text = `${expositionOf([0.02], 'route="/a",')}\n${expositionOf([0.02, 0.7], 'route="/b",')}`;
    expect(read(text)?.count).toBe(3);
    expect(bucketsOf(readExposition(text), 't', ({ route }) => route === '/b')?.count).toBe(2);
    expect(bucketsOf(readExposition(text), 'other')).toBeUndefined();
  });

  it('give the quantile of what came between two readings, within its bucket', () => {
    const value = fc.double({ min: 0.0001, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value),
        fc.array(value, { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (first, second, share) => {
          const told = quantileBetween(
            read(expositionOf(first)),
            read(expositionOf([...first, ...second])),
            share,
          );
          const truth = second.toSorted((a, b) => a - b)[Math.ceil(share * second.length - 1e-9) - 1] ?? 0;
          const bucket = bounds.findIndex((bound) => truth <= bound);
          expect(told).toBeGreaterThanOrEqual(bounds[bucket - 1] ?? 0);
          expect(told).toBeLessThanOrEqual(bounds[bucket] ?? 1);
        },
      ),
    );
  });

  it('give none where nothing came, and the last bound where it was above it', () => {
    const before = read(expositionOf([0.02]));
    expect(quantileBetween(before, before, 0.99)).toBeUndefined();
    expect(quantileBetween(undefined, read(expositionOf([0.02, 7, 8])), 0.99)).toBe(0.05);
  });
});
