/** Token buckets: what they give, what they say, and that their memory is bounded. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRate } from '../../../../adapters/http/admission/rates.ts';
import { TokenBuckets } from '../../../../adapters/http/admission/token-buckets.ts';

const many = 1_000;
const rates = fc.record({
  quota: fc.integer({ min: 1, max: 10_000 }),
  windowSeconds: fc.constantFrom(1, 60, 3_600),
});
const takes = fc.array(
  fc.record({
    afterMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    units: fc.integer({ min: 1, max: 50 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('a bucket', () => {
  it('gives its quota at once, and then what its rate gives', () => {
    const buckets = new TokenBuckets({ quota: 10, windowSeconds: 10 }, many);
    const first = Array.from({ length: 10 }, () => buckets.take('a', 1, 0));
    expect(first.map(({ ok, available, seconds }) => [ok, available, seconds])).toEqual(
      [9, 8, 7, 6, 5, 4, 3, 2, 1].map((left) => [true, left, left]).concat([[true, 0, 1]]),
    );
    expect(buckets.take('a', 1, 0)).toEqual({ ok: false, available: 0, seconds: 1, waitMs: 1_000 });
    expect(buckets.take('a', 1, 999).ok).toBe(false);
    expect(buckets.take('a', 1, 1_000)).toEqual({ ok: true, available: 0, seconds: 1, waitMs: 0 });
    expect(buckets.take('a', 5, 1_000)).toEqual({ ok: false, available: 0, seconds: 5, waitMs: 5_000 });
  });

  it('is one of many: what one gives the others still have', () => {
    const buckets = new TokenBuckets({ quota: 1, windowSeconds: 60 }, many);
    expect(buckets.take('a', 1, 0).ok).toBe(true);
    expect(buckets.take('a', 1, 0).ok).toBe(false);
    expect(buckets.take('b', 1, 0).ok).toBe(true);
  });

  it('says without taking what it would give', () => {
    const buckets = new TokenBuckets({ quota: 2, windowSeconds: 2 }, many);
    expect([buckets.look('a', 0), buckets.look('a', 0)]).toMatchObject([
      { ok: true, available: 2 },
      { ok: true, available: 2 },
    ]);
    buckets.take('a', 2, 0);
    expect(buckets.look('a', 0)).toEqual({ ok: false, available: 0, seconds: 1, waitMs: 1_000 });
  });

  it('gives more than it holds once it is full, and is owed the rest', () => {
    const buckets = new TokenBuckets({ quota: 10, windowSeconds: 1 }, many);
    expect(buckets.take('a', 30, 0).ok).toBe(true);
    const next = buckets.take('a', 1, 0);
    expect([next.ok, next.seconds]).toEqual([false, 3]);
    expect(buckets.take('a', 1, 2_000).ok).toBe(false);
    expect(buckets.take('a', 1, 2_100).ok).toBe(true);
  });

  it('never gives more in any time than its quota and what its rate gives in that time', () => {
    fc.assert(
      fc.property(rates, takes, (rate, list) => {
        const buckets = new TokenBuckets(rate, many);
        const given: { atMs: number; units: number }[] = [];
        let nowMs = 1e9;
        for (const { afterMs, units } of list) {
          nowMs += afterMs;
          const unitsThatFit = Math.min(units, rate.quota);
          if (buckets.take('a', unitsThatFit, nowMs).ok) given.push({ atMs: nowMs, units: unitsThatFit });
        }
        for (const [index, first] of given.entries()) {
          let total = 0;
          for (const { atMs, units } of given.slice(index)) {
            total += units;
            const refilled = ((atMs - first.atMs) * rate.quota) / (rate.windowSeconds * 1_000);
            expect(total).toBeLessThanOrEqual(rate.quota + refilled + 1e-3);
          }
        }
      }),
    );
  });

  it('keeps its word: who waits as long as it says gets what it asked for', () => {
    fc.assert(
      fc.property(rates, takes, (rate, list) => {
        const buckets = new TokenBuckets(rate, many);
        let nowMs = 1e9;
        for (const { afterMs, units } of list) {
          nowMs += afterMs;
          const taken = buckets.take('a', units, nowMs);
          if (taken.ok) continue;
          expect(taken.seconds * 1_000).toBeGreaterThanOrEqual(taken.waitMs - 1e-3);
          expect(taken.seconds * 1_000).toBeLessThan(Math.max(taken.waitMs, 1) + 1_000);
          nowMs += taken.waitMs;
          expect(buckets.take('a', units, nowMs).ok).toBe(true);
        }
      }),
    );
  });

  it('tells nobody to go faster than its rate: available by seconds never exceeds it', () => {
    fc.assert(
      fc.property(rates, takes, (rate, list) => {
        const buckets = new TokenBuckets(rate, many);
        let nowMs = 1e9;
        for (const { afterMs, units } of list) {
          nowMs += afterMs;
          const { available, seconds } = buckets.take('a', units, nowMs);
          expect(available / seconds).toBeLessThanOrEqual(rate.quota / rate.windowSeconds + 1e-9);
          expect(available).toBeLessThanOrEqual(rate.quota);
        }
      }),
    );
  });
});

describe('the table of buckets', () => {
  it('has a bound, however many callers come', () => {
    const buckets = new TokenBuckets({ quota: 5, windowSeconds: 60 }, 100);
    for (let caller = 0; caller < 10_000; caller += 1) {
      buckets.take(`caller ${caller}`, 1, caller);
      expect(buckets.size).toBeLessThanOrEqual(100);
    }
  });

  it('remembers who keeps coming while others flood it', () => {
    const buckets = new TokenBuckets({ quota: 5, windowSeconds: 3_600 }, 100);
    for (let taken = 0; taken < 5; taken += 1) buckets.take('steady', 1, 0);
    const given: boolean[] = [];
    for (let caller = 0; caller < 10_000; caller += 1) {
      buckets.take(`flood ${caller}`, 1, caller);
      if (caller % 20 === 0) given.push(buckets.take('steady', 1, 1).ok);
    }
    expect(given).toHaveLength(500);
    expect(given).not.toContain(true);
  });

  it('costs more to flood than a forgotten bucket holds', () => {
    const rate = { quota: 5, windowSeconds: 3_600 };
    const buckets = new TokenBuckets(rate, 100);
    for (let taken = 0; taken < rate.quota; taken += 1) buckets.take('attacker', 1, 0);
    let others = 0;
    while (!buckets.look('attacker', 0).ok) {
      buckets.take(`another ${others}`, 1, 0);
      others += 1;
    }
    expect(others).toBeGreaterThanOrEqual(50);
  });
});

describe('parseRate', () => {
  it('reads a number per second, minute or hour', () => {
    expect(['100/s', '6000/m', '1/h'].map(parseRate)).toEqual([
      { quota: 100, windowSeconds: 1 },
      { quota: 6_000, windowSeconds: 60 },
      { quota: 1, windowSeconds: 3_600 },
    ]);
  });

  it('takes nothing else', () => {
    const wrong = ['', '0/s', '-1/s', '1.5/s', '1', '1/d', '1/S', ' 1/s', '1/s ', '1e3/s', '9999999999999/s'];
    expect(wrong.map(parseRate)).toEqual(wrong.map(() => undefined));
  });
});
