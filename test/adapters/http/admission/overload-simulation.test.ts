/**
 * Overload in virtual time: a service of exactly known speed behind the way in, callers who do not wait for
 * each other and give up after a while. The same numbers on every machine, however busy it is.
 */
import { describe, expect, it } from 'vitest';
import {
  AdaptiveLimit,
  type ConcurrencyLimit,
  fixedLimit,
} from '../../../../adapters/http/admission/adaptive-limit.ts';
import { Lane } from '../../../../adapters/http/admission/lane.ts';
import { httpLimits } from '../../../../adapters/http/limits.ts';

const serviceMs = 5;
const serversCount = 20;
const capacity = (serversCount * 1_000) / serviceMs;
/** Callers have gone by then: an answer is worth nothing any more. */
const patienceMs = 1_000;

interface Second {
  /** Answered while the caller was still there. */
  good: number;
  refused: number;
  readonly ms: number[];
}

/** Steps of one millisecond; `offered` gives arrivals per second for each second. */
function simulate(limit: ConcurrencyLimit, offered: readonly number[]): readonly Second[] {
  const { waitMsMax, measuringMs, admissionSweepMs, refusalsPerSweepMax } = httpLimits;
  const lane = new Lane(limit, { waitMsMax, waitingMax: httpLimits.requestsInFlightMax });
  const seconds: Second[] = offered.map(() => ({ good: 0, refused: 0, ms: [] }));
  const waitingForServer: (() => void)[] = [];
  let nextForServer = 0;
  const endings = new Map<number, (() => void)[]>();
  let free = serversCount;
  let nowMs = 0;
  const secondNow = () => seconds[Math.floor(nowMs / 1_000)];
  const serve = (done: () => void) => {
    free -= 1;
    const endMs = nowMs + serviceMs;
    endings.set(endMs, [...(endings.get(endMs) ?? []), done]);
  };
  const arrive = () => {
    const cameMs = nowMs;
    const refuse = () => {
      const second = secondNow();
      if (second !== undefined) second.refused += 1;
    };
    const admit = () => {
      const sinceMs = nowMs;
      const work = () =>
        serve(() => {
          const second = secondNow();
          if (nowMs - cameMs <= patienceMs && second !== undefined) {
            second.good += 1;
            second.ms.push(nowMs - cameMs);
          }
          lane.leave(nowMs, nowMs - sinceMs);
        });
      if (free > 0) work();
      else waitingForServer.push(work);
    };
    const entrance = lane.enter({ gone: () => false, admit, refuse }, nowMs);
    if (entrance === 'admitted') admit();
    else if (entrance === 'full') refuse();
  };
  let owed = 0;
  for (; nowMs < offered.length * 1_000; nowMs += 1) {
    for (const done of endings.get(nowMs) ?? []) {
      free += 1;
      const work = waitingForServer[nextForServer];
      if (work !== undefined) {
        nextForServer += 1;
        work();
      }
      done();
    }
    endings.delete(nowMs);
    owed += (offered[Math.floor(nowMs / 1_000)] ?? 0) / 1_000;
    for (; owed >= 1; owed -= 1) arrive();
    if (nowMs % admissionSweepMs === 0) lane.refuseLate(nowMs, refusalsPerSweepMax);
    if (nowMs % measuringMs === 0) {
      limit.adjust(0);
      lane.admitWaiting(nowMs);
    }
  }
  return seconds;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

const load = (times: number, seconds: number) => Array.from({ length: seconds }, () => capacity * times);
const overload = [...load(0.5, 3), ...load(3, 10), ...load(0.5, 4)];

describe('three times the capacity for ten seconds', () => {
  const seconds = simulate(new AdaptiveLimit(httpLimits), overload);
  const during = seconds.slice(3, 13);
  const after = seconds.slice(13);

  it('goodput stays at what the service can do, in every second', () => {
    for (const { good } of during) expect(good).toBeGreaterThan(capacity * 0.95);
  });

  it('what is answered is answered fast, and faster than callers give up', () => {
    for (const { ms } of during) expect(percentile(ms, 0.99)).toBeLessThan(400);
    expect(percentile(during.at(-1)?.ms ?? [], 0.5)).toBeLessThan(150);
  });

  it('the rest is refused, as fast as refusing is allowed to be', () => {
    for (const { refused } of during.slice(2)) expect(refused).toBeGreaterThan(capacity * 0.5);
    for (const { refused } of during.slice(0, 2)) expect(refused).toBeLessThanOrEqual(capacity * 2.1);
  });

  it('it is over within a second: nobody is refused after that, nobody waits', () => {
    for (const { refused, ms } of after.slice(1)) {
      expect(refused).toBe(0);
      expect(Math.max(...ms)).toBe(serviceMs);
    }
  });
});

describe('the same without a limit', () => {
  it('collapses: everybody is answered, and nearly all too late', () => {
    const seconds = simulate(fixedLimit(Number.POSITIVE_INFINITY), overload);
    expect(seconds[12]?.good).toBe(0);
    // And does not recover while callers keep coming.
    expect(seconds.at(-1)?.good).toBe(0);
  });
});

describe('loads below capacity', () => {
  it('are not touched: nobody is refused, nobody waits', () => {
    for (const { good, refused, ms } of simulate(new AdaptiveLimit(httpLimits), load(0.9, 5))) {
      expect([good, refused]).toEqual([expect.closeTo(capacity * 0.9, -2), 0]);
      expect(Math.max(...ms)).toBe(serviceMs);
    }
  });

  it('and a little above it for a second, which is waited for', () => {
    const seconds = simulate(new AdaptiveLimit(httpLimits), [
      ...load(0.2, 1),
      ...load(1.05, 1),
      ...load(0.2, 2),
    ]);
    expect(seconds.map(({ refused }) => refused)).toEqual([0, 0, 0, 0]);
  });
});
