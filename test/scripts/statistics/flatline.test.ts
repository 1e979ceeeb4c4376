/** The three flat lines and what must not be taken for one, each as a ladder and as noisy samples. */
import { describe, expect, it } from 'vitest';
import { type FlatlinePoint, flatline } from '../../../scripts/statistics/flatline.ts';
import { normalNoise } from './noise.ts';

/** Offered from 100 up by 100 a step; up to `capacity` of it is achieved. */
function ladder(capacity: number, p99Ms: (offered: number) => number): readonly FlatlinePoint[] {
  return Array.from({ length: 10 }, (_, step) => {
    const offered = 100 * (step + 1);
    return { offered, achieved: Math.min(offered, capacity), p99Ms: p99Ms(offered) };
  });
}

/** Sixty samples of each step, each of which wavers by a few per cent. */
function sampled(points: readonly FlatlinePoint[], seed: number): readonly FlatlinePoint[] {
  const next = normalNoise(seed);
  const waver = (value: number, share: number) => Math.max(value * (1 + share * next()), 0.1);
  return points.flatMap(({ offered, achieved, p99Ms }) =>
    Array.from({ length: 60 }, () => ({
      offered: waver(offered, 0.01),
      achieved: waver(achieved, 0.02),
      p99Ms: waver(p99Ms, 0.1),
    })),
  );
}

const rising = (offered: number) => (offered <= 500 ? 5 : 5 * (offered / 500) ** 4);

describe('the flat line', () => {
  it.each([
    { kind: 'saturated', points: ladder(500, rising) },
    { kind: 'limited', points: ladder(500, () => 5) },
    { kind: 'none', points: ladder(1_000, () => 5) },
    // Latency may rise long before throughput stops: that is load, and no flat line.
    { kind: 'none', points: ladder(1_000, rising) },
  ] as const)('is $kind, as steps and as samples', ({ kind, points }) => {
    expect(flatline(points)).toBe(kind);
    for (let seed = 0; seed < 20; seed += 1) expect(flatline(sampled(points, seed))).toBe(kind);
  });

  it('of a server that answers less the more it is asked is saturated', () => {
    const collapsing = ladder(1_000, rising).map((point) => ({
      ...point,
      achieved: point.offered <= 500 ? point.offered : 1_000 - point.offered,
    }));
    expect(flatline(collapsing.slice(0, 9))).toBe('saturated');
  });

  it('of nothing for two points in a row is a stall; one pause is not, and neither is quiet', () => {
    const well = { offered: 100, achieved: 100, p99Ms: 5 };
    const stuck = { offered: 100, achieved: 0, p99Ms: 0 };
    expect(flatline([well, well, stuck, stuck])).toBe('stalled');
    expect(flatline([well, stuck, well, stuck, well])).toBe('none');
    expect(flatline([well, well, { offered: 0, achieved: 0, p99Ms: 0 }])).toBe('none');
    expect(flatline([])).toBe('none');
  });

  it('is not seen while a server catches up: it answers all, though more is asked and no more answered', () => {
    const catchingUp = [80, 90, 100].map((offered) => ({ offered, achieved: 100, p99Ms: 900 }));
    expect(flatline(catchingUp)).toBe('none');
    expect(flatline(catchingUp.map((point) => ({ ...point, offered: point.offered + 50 })))).toBe('limited');
  });

  it('is not seen where what is asked stays the same, however it wavers', () => {
    const steady = Array.from({ length: 10 }, () => ({ offered: 100, achieved: 98, p99Ms: 5 }));
    for (let seed = 0; seed < 100; seed += 1) expect(flatline(sampled(steady, seed))).toBe('none');
  });
});
