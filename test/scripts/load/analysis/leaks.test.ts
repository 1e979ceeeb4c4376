/** Soaks with leaks that are known, and with growth that is by design. */
import { describe, expect, it } from 'vitest';
import { leaksOf } from '../../../../scripts/load/analysis/leaks.ts';
import type { ResourceRow } from '../../../../scripts/load/result.ts';
import { normalNoise } from '../../statistics/noise.ts';
import { type FakeStage, measured } from './measured.ts';

const mebibyte = 1024 ** 2;
const hour = 3_600;

/** A sawtooth of a collection each 20 s, whose troughs rise by so many MiB an hour. */
function heap(leakPerHour: number, seed = 1): (at: number) => Partial<ResourceRow> {
  const next = normalNoise(seed);
  let trough = 0;
  return (at) => {
    if (at % 20 === 0) trough = (150 + 3 * next() + (leakPerHour * at) / hour) * mebibyte;
    return { heapAfterMajorGcBytes: trough, majorCollections: Math.floor(at / 20) };
  };
}

function soak(resource: FakeStage['resource'], more: Partial<FakeStage> = {}) {
  const quiet = { second: () => ({ ticketsOpened: 0 }) };
  return measured([{ offered: 100, length: hour, ...quiet, ...(resource ? { resource } : {}), ...more }]);
}

function verdictsOf(run: ReturnType<typeof measured>): Readonly<Record<string, string>> {
  return Object.fromEntries(leaksOf(run).map(({ series, verdict }) => [series, verdict]));
}

const flat = {
  'server memory': 'flat',
  'projector memory': 'flat',
  'PostgreSQL memory': 'flat',
  'open files': 'flat',
  'database connections': 'flat',
};

describe('an hour of constant load', () => {
  it('is flat in everything where nothing leaks, a sawtooth or not', () => {
    expect(verdictsOf(soak(heap(0)))).toEqual({ 'heap after major collections': 'flat', ...flat });
  });

  it('shows the slope of a leaking heap, from one sample for each collection', () => {
    const [found] = leaksOf(soak(heap(60)));
    expect(found).toMatchObject({ series: 'heap after major collections', verdict: 'leaking', samples: 179 });
    expect((found?.slopePerHour ?? 0) / mebibyte).toBeCloseTo(60, -0.5);
    expect(found?.lowPerHour).toBeLessThan(60 * mebibyte);
    expect(found?.highPerHour).toBeGreaterThan(60 * mebibyte);
  });

  it('shows files and connections that are not given back', () => {
    const found = verdictsOf(
      soak((at) => ({ openFiles: 40 + Math.floor(at / 120), databaseConnections: 8 + Math.floor(at / 300) })),
    );
    expect(found).toEqual({ ...flat, 'open files': 'leaking', 'database connections': 'leaking' });
  });

  it("does not call the engine's memory of tickets a leak, which is full at 200,000", () => {
    const opening = { second: () => ({ ticketsOpened: 50 }) };
    const cache = (at: number) => {
      const bytes = 150 * mebibyte + 50 * at * 1_000;
      return { ...heap(0)(at), heapAfterMajorGcBytes: bytes, majorCollections: Math.floor(at / 20) };
    };
    expect(verdictsOf(soak(cache, opening))['heap after major collections']).toBe('flat');
    const leaking = (at: number) => ({
      ...cache(at),
      heapAfterMajorGcBytes: 150 * mebibyte + 50 * at * 2_000,
    });
    expect(verdictsOf(soak(leaking, opening))['heap after major collections']).toBe('leaking');
  });
});

describe('what can not be told', () => {
  it('of less than ten minutes, in which every process still warms up', () => {
    const short = leaksOf(soak(heap(6_000), { length: 500 }));
    expect(new Set(short.map(({ verdict }) => verdict))).toEqual(new Set(['too_few_samples']));
  });

  it('of a heap that was hardly ever collected', () => {
    const seldom = (at: number) => ({
      heapAfterMajorGcBytes: 1e8 + at,
      majorCollections: Math.floor(at / 900),
    });
    const [found] = leaksOf(soak(seldom));
    expect(found).toMatchObject({ verdict: 'too_few_samples', samples: 3, lowPerHour: 0, highPerHour: 0 });
    expect(JSON.stringify(found)).not.toContain('null');
  });

  it('of processes that were not looked at, which have no entry', () => {
    const elsewhere = { server: undefined, projector: undefined, postgres: undefined, generator: 1e8 };
    const remote = { memory: elsewhere, openFiles: undefined };
    expect(Object.keys(verdictsOf(soak(() => remote)))).toEqual(['database connections']);
  });

  it('of a ladder, where growth is asked for', () => {
    expect(leaksOf(measured([{ role: 'step', offered: 100, length: hour }]))).toEqual([]);
  });
});
