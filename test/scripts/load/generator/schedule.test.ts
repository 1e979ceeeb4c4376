/** When requests are due: exactly so many, in order, where the integral of the rate says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scheduleOf } from '../../../../scripts/load/generator/schedule.ts';

const allOf = (schedule: ReturnType<typeof scheduleOf>) =>
  Array.from({ length: schedule.count }, (_, index) => schedule.dueMs(index));

describe('a schedule', () => {
  it('holds a rate evenly, the first at the start and none at the end', () => {
    const schedule = scheduleOf({ shape: 'hold', perSecond: 4, seconds: 2.5 });
    expect(allOf(schedule)).toEqual([0, 250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000, 2_250]);
    expect(schedule.durationMs).toBe(2_500);
  });

  it('is not led astray by products that are no whole numbers in binary', () => {
    expect(scheduleOf({ shape: 'hold', perSecond: 0.1, seconds: 30 }).count).toBe(3);
    expect(scheduleOf({ shape: 'hold', perSecond: 1 / 3, seconds: 300 }).count).toBe(100);
  });

  it('has as many requests in a ramp as lie under it, up and down', () => {
    for (const [from, to] of [
      [10, 110],
      [110, 10],
      [60, 60],
    ] as const) {
      const ramp = { shape: 'ramp', fromPerSecond: from, toPerSecond: to, seconds: 10 } as const;
      const due = allOf(scheduleOf(ramp));
      expect(due).toHaveLength(600);
      // The rate over any part is that of its middle: here the first half.
      const firstHalf = ((from + (from + to) / 2) / 2) * 5;
      expect(Math.abs(due.filter((ms) => ms < 5_000).length - firstHalf)).toBeLessThanOrEqual(1);
    }
  });

  it('puts a burst at one instant, or evenly within its time', () => {
    const atOnce = scheduleOf({ shape: 'burst', requests: 2_000, withinSeconds: 0 });
    expect(new Set(allOf(atOnce))).toEqual(new Set([0]));
    expect(atOnce.count).toBe(2_000);
    expect(allOf(scheduleOf({ shape: 'burst', requests: 4, withinSeconds: 2 }))).toEqual([
      0, 500, 1_000, 1_500,
    ]);
  });

  it('makes request i due where the integral of any ramp reaches i', () => {
    const rate = fc.double({ min: 0.5, max: 5_000, noNaN: true });
    fc.assert(
      fc.property(rate, rate, fc.double({ min: 0.5, max: 4, noNaN: true }), (from, to, seconds) => {
        const schedule = scheduleOf({ shape: 'ramp', fromPerSecond: from, toPerSecond: to, seconds });
        let beforeMs = 0;
        for (let index = 0; index < schedule.count; index += 1) {
          const dueMs = schedule.dueMs(index);
          const t = dueMs / 1_000;
          const integral = from * t + ((to - from) * t * t) / (2 * seconds);
          if (Math.abs(integral - index) > 1e-3 || dueMs < beforeMs || dueMs > schedule.durationMs + 1e-3)
            return false;
          beforeMs = dueMs;
        }
        return true;
      }),
      { numRuns: 50 },
    );
  });
});
