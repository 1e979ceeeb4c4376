/** Surges whose end, recovery and drain are known to the second. */
import { describe, expect, it } from 'vitest';
import { recoveryOf } from '../../../../scripts/load/analysis/recovery.ts';
import { normalNoise } from '../../statistics/noise.ts';
import { type FakeStage, measured, noEndings } from './measured.ts';

const surgeAt = 60;
const surgeLength = 10;
const before: FakeStage = {
  name: 'before',
  role: 'before',
  offered: 100,
  length: surgeAt,
  second: (at) => ({ p99Ms: 20 + (at % 5) }),
  resource: (at) => ({ lagEvents: 10 + (at % 3) }),
};
const surge: FakeStage = { name: 'surge', role: 'surge', offered: 2_000, p99Ms: 900, length: surgeLength };

/** After the surge latency is high for some seconds, and the lag for some. */
function afterwards(latencySeconds: number, lagSeconds: number, length = 60): FakeStage {
  return {
    name: 'after',
    role: 'after',
    offered: 100,
    length,
    second: (at) => ({ p99Ms: at < latencySeconds ? 400 : 22 }),
    resource: (at) => ({ lagEvents: at < lagSeconds ? 9_000 : 11 }),
  };
}

describe('the recovery from a surge', () => {
  it.each([
    { latency: 7, lag: 3, recovered: 7 },
    { latency: 2, lag: 12, recovered: 12 },
    { latency: 0, lag: 0, recovered: 0 },
  ])('takes until latency ($latency s) and lag ($lag s) are both back', ({ latency, lag, recovered }) => {
    const found = recoveryOf(measured([before, surge, afterwards(latency, lag)]));
    expect(found?.seconds).toBe(recovered);
    // Looks are taken in the middle of each second.
    expect(found?.drainSeconds).toBe(lag + 0.5);
  });

  it('is judged by a band of three deviations around the median from before', () => {
    const { band } = recoveryOf(measured([before, surge, afterwards(1, 1)])) ?? expect.fail();
    // p99s are 20 to 24: median 22, and a deviation of 1 that counts as a twentieth of 22. Lags are 10 to 12:
    // a deviation of 1 that counts as the 5 events that are committed in a twentieth of a second.
    expect(band.p99MsMax).toBeCloseTo(22 + 3 * 1.1, 9);
    expect(band.lagEventsMax).toBe(11 + 3 * 5);
  });

  it('has a floor where nothing moved before', () => {
    const still = { ...before, second: () => ({ p99Ms: 4 }), resource: () => ({ lagEvents: 0 }) };
    const { band } = recoveryOf(measured([still, surge, afterwards(1, 1)])) ?? expect.fail();
    expect(band).toEqual({ p99MsMax: 4 + 3 * 1, lagEventsMax: 3 * 5 });
  });

  it.each([
    { bad: [9, 10], recovered: 2 },
    { bad: [9, 10, 11], recovered: 12 },
    { bad: [6, 8, 10], recovered: 7 },
    { bad: [6, 8, 10, 14, 17, 20], recovered: 15 },
  ])('is not over while more than two bad seconds of ten come: $bad', ({ bad, recovered }) => {
    const relapsing = {
      ...afterwards(2, 0),
      second: (at: number) => ({ p99Ms: at < 2 || bad.includes(at) ? 400 : 22 }),
    };
    expect(recoveryOf(measured([before, surge, relapsing]))?.seconds).toBe(recovered);
  });

  it('is unknown where the run ended too early', () => {
    const found = recoveryOf(measured([before, surge, afterwards(5, 5, 14)]));
    expect(found).toMatchObject({ seconds: undefined, drainSeconds: 5.5 });
    expect(recoveryOf(measured([before, surge, afterwards(14, 14, 14)]))?.drainSeconds).toBeUndefined();
  });

  it('does not take fast refusals for health', () => {
    const refusing = {
      ...afterwards(0, 0),
      second: (at: number) => ({
        p99Ms: 2,
        endings: { ...noEndings, ...(at < 6 ? { overloaded: 100 } : { succeeded: 100 }) },
      }),
    };
    expect(recoveryOf(measured([before, surge, refusing]))?.seconds).toBe(6);
  });

  it('does not take seconds in which nothing was asked for quiet ones', () => {
    const sparse = {
      ...afterwards(0, 0),
      second: (at: number) =>
        at % 2 === 0 ? { p99Ms: at < 8 ? 400 : 22 } : { p99Ms: 0, endings: noEndings },
    };
    expect(recoveryOf(measured([before, surge, sparse]))?.seconds).toBe(8);
  });

  it('of a burst counts from when it was due, not from when it was answered', () => {
    const burst = { ...surge, length: 3 };
    const stages = [{ name: 'surge', role: 'surge', shape: 'burst', requests: 2_000, withinSeconds: 0 }];
    const found = recoveryOf(measured([before, burst, afterwards(2, 0)], { stages }));
    expect(found?.seconds).toBe(5);
  });

  it('after a ladder compares with its first step', () => {
    const steps = [100, 200, 400].map((offered) => ({ role: 'step' as const, offered }));
    const found = recoveryOf(measured([...steps, afterwards(4, 0)]));
    expect(found?.seconds).toBe(4);
    expect(recoveryOf(measured(steps))).toBeUndefined();
  });

  it('is of latency alone where the lag was not looked at', () => {
    const blind = { resource: () => ({ lagEvents: undefined }) };
    const run = measured([
      { ...before, ...blind },
      { ...surge, ...blind },
      { ...afterwards(3, 50), ...blind },
    ]);
    expect(recoveryOf(run)).toMatchObject({
      seconds: 3,
      drainSeconds: undefined,
      band: { lagEventsMax: undefined },
    });
  });

  it('is nothing where nothing surged', () => {
    expect(recoveryOf(measured([before, { offered: 100 }]))).toBeUndefined();
    expect(recoveryOf(measured([surge, afterwards(1, 1)]))).toBeUndefined();
    expect(recoveryOf(measured([before, surge, afterwards(1, 1, 9)]))).toBeUndefined();
  });

  /** Of 200 surges with noise, those after which a recovery is seen from the second `from` to `to`. */
  function seen(noise: (next: () => number) => number, lastingFactor: number, from: number, to: number) {
    let within = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const next = normalNoise(seed);
      const noisy = (p99Ms: number) => ({ p99Ms: Math.max(1, p99Ms * noise(next)) });
      const found = recoveryOf(
        measured([
          { ...before, second: () => noisy(20), length: 30 },
          { ...surge, second: () => noisy(900) },
          { ...afterwards(6, 0), second: (at) => noisy(at < 6 ? 400 : 20 * lastingFactor) },
        ]),
      );
      if (found?.seconds !== undefined && found.seconds >= from && found.seconds <= to) within += 1;
    }
    return within / 200;
  }
  /** As the p99s of a second are: one in ten is half as high again, or more. */
  const skewed = (next: () => number) => Math.exp(0.3 * next());

  it('is not called off by the noise of latency that was there before', () => {
    expect(seen((next) => 1 + 0.1 * next(), 1, 6, 16)).toBeGreaterThanOrEqual(0.95);
    expect(seen(skewed, 1, 6, 30)).toBeGreaterThanOrEqual(0.95);
  });

  it('is not seen where latency stays twice or three times as high', () => {
    expect(seen((next) => 1 + 0.1 * next(), 2, 0, 60)).toBeLessThanOrEqual(0.05);
    expect(seen(skewed, 3, 0, 60)).toBeLessThanOrEqual(0.05);
  });
});
