/**
 * Leaks of a known slope in the noise of a collector must be found, and noise alone must not: the rate of
 * false alarms over 1,000 series is the promise that makes an alarm worth reading.
 */
import { describe, expect, it } from 'vitest';
import { lastingGrowth } from '../../../scripts/statistics/lasting-growth.ts';
import { sawtooth } from '../../../scripts/statistics/sawtooth.ts';
import { normalNoise, rememberingNoise } from './noise.ts';

const mebibyte = 1024 ** 2;
const limitBytes = 1024 * mebibyte;
const bounds = { limit: limitBytes, perHourMin: mebibyte };

/** Troughs of a heap over half an hour: 200 MiB that waver by 4 MiB, and what leaks. */
function troughs(count: number, noise: () => number, leakPerHour: number) {
  return Array.from({ length: count }, (_, index) => {
    const x = (0.5 * index) / count;
    return { x, y: (200 + 4 * noise() + leakPerHour * x) * mebibyte };
  });
}

describe('false alarms over 1,000 series without a leak', () => {
  it.each([
    { count: 12, memory: 0, rateMax: 0.02 },
    { count: 60, memory: 0, rateMax: 0.02 },
    { count: 60, memory: 0.5, rateMax: 0.05 },
    { count: 60, memory: 0.9, rateMax: 0.05 },
  ])('$count troughs, noise that remembers $memory: at most $rateMax', ({ count, memory, rateMax }) => {
    let alarms = 0;
    for (let seed = 0; seed < 1_000; seed += 1) {
      const given = troughs(count, rememberingNoise(seed, memory), 0);
      if (sawtooth(given, { limitBytes }).verdict === 'leaking') alarms += 1;
    }
    expect(alarms / 1_000).toBeLessThanOrEqual(rateMax);
  });
});

describe('a leak', () => {
  it('of 50 MiB an hour in noise of 4 MiB is found in 95 of 100 series of 40 troughs', () => {
    let found = 0;
    for (let seed = 0; seed < 100; seed += 1) {
      const growth = sawtooth(troughs(40, normalNoise(seed), 50), { limitBytes });
      if (growth.verdict === 'leaking') found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(95);
  });

  it('is told with a slope whose interval holds the truth', () => {
    const growth = sawtooth(troughs(200, normalNoise(1), 100), { limitBytes });
    expect(growth.verdict).toBe('leaking');
    expect(growth.slopePerHour / mebibyte).toBeCloseTo(100, -1);
    expect(growth.lowPerHour / mebibyte).toBeLessThan(100);
    expect(growth.highPerHour / mebibyte).toBeGreaterThan(100);
  });

  it('that would take longer than the horizon to matter is none', () => {
    const given = troughs(60, () => 0, 3);
    expect(sawtooth(given, { limitBytes }).verdict).toBe('flat');
    expect(sawtooth(given, { limitBytes, horizonHours: 24 * 7 }).verdict).toBe('leaking');
  });

  it('is not what a cache does that fills and is then full', () => {
    const filling = Array.from({ length: 60 }, (_, x) => ({ x: x / 60, y: 100 * (1 - Math.exp(-x / 8)) }));
    expect(lastingGrowth(filling, { limit: 200, perHourMin: 1 }).verdict).toBe('flat');
  });

  it('is not told from fewer than twelve samples, however steep they are', () => {
    const steep = Array.from({ length: 11 }, (_, x) => ({ x, y: 1e9 * x }));
    expect(lastingGrowth(steep, bounds).verdict).toBe('too_few_samples');
    expect(lastingGrowth([...steep, { x: 11, y: 11e9 }], bounds).verdict).toBe('leaking');
    expect(lastingGrowth([], bounds).verdict).toBe('too_few_samples');
  });

  it('of pieces: open files that rise by one a minute, in whole numbers with ties', () => {
    const files = Array.from({ length: 120 }, (_, index) => ({
      x: index / 120,
      y: 30 + Math.floor(index / 2),
    }));
    expect(lastingGrowth(files, { limit: 1_024, perHourMin: 6 }).verdict).toBe('leaking');
    const steady = files.map(({ x }, index) => ({ x, y: 30 + (index % 3) }));
    expect(lastingGrowth(steady, { limit: 1_024, perHourMin: 6 }).verdict).toBe('flat');
  });
});
