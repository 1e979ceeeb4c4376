/** How many are let in at once, as a server behaves that can be calculated. */
import { describe, expect, it } from 'vitest';
import { AdaptiveLimit } from '../../../../adapters/http/admission/adaptive-limit.ts';

const bounds = { atOnceLeast: 10, atOnceMost: 1_000, answerMsTarget: 50, answerMsTargetMost: 1_000 };

/** Windows of a server with more work than it is let do: answers take as long as the limit makes them. */
function saturate(limit: AdaptiveLimit, msOf: (atOnce: number) => number, windows: number): void {
  for (let window = 0; window < windows; window += 1) {
    for (let answer = 0; answer < 20; answer += 1) limit.answered(msOf(limit.value));
    limit.reached();
    limit.adjust(0);
  }
}

/** Windows in which nobody waits. */
function idle(limit: AdaptiveLimit, ms: number, windows = 1): void {
  for (let window = 0; window < windows; window += 1) {
    limit.answered(ms);
    limit.adjust(0);
  }
}

describe('the limit', () => {
  it('comes to rest where answers take as long as they may: rate × time, by Little', () => {
    const limit = new AdaptiveLimit(bounds);
    const perMs = 4;
    saturate(limit, (atOnce) => atOnce / perMs, 50);
    expect(limit.value).toBeGreaterThan(150);
    expect(limit.value).toBeLessThan(230);
  });

  it('follows a server that becomes slower, and one that becomes faster', () => {
    const limit = new AdaptiveLimit(bounds);
    saturate(limit, (atOnce) => atOnce / 4, 50);
    saturate(limit, (atOnce) => atOnce / 1, 10);
    expect(limit.value).toBeLessThan(60);
    saturate(limit, (atOnce) => atOnce / 10, 40);
    expect(limit.value).toBeGreaterThan(350);
  });

  it('stays within its bounds, whatever is measured', () => {
    const limit = new AdaptiveLimit(bounds);
    saturate(limit, () => 100_000, 100);
    expect(limit.value).toBe(bounds.atOnceLeast);
    saturate(limit, () => 0, 100);
    expect(limit.value).toBe(bounds.atOnceMost);
  });

  it('does not grow where nobody needs it to', () => {
    const limit = new AdaptiveLimit(bounds);
    const before = limit.value;
    idle(limit, 1, 100);
    expect(limit.value).toBe(before);
  });

  it('takes a slow disk for what it is: time that is there without load is not held against load', () => {
    const limit = new AdaptiveLimit(bounds);
    idle(limit, 80);
    saturate(limit, () => 200, 50);
    expect(limit.value).toBe(bounds.atOnceMost);
    saturate(limit, () => 400, 50);
    expect(limit.value).toBe(bounds.atOnceLeast);
  });

  it('never takes longer than its last bound for normal', () => {
    const limit = new AdaptiveLimit(bounds);
    idle(limit, 5_000);
    saturate(limit, () => 1_500, 50);
    expect(limit.value).toBe(bounds.atOnceLeast);
  });

  it('does not hold against load that the event loop comes late, and forgets it after a while', () => {
    const limit = new AdaptiveLimit(bounds);
    const before = limit.value;
    limit.answered(150);
    limit.reached();
    limit.adjust(50);
    expect(limit.value).toBeGreaterThan(before);
    saturate(limit, () => 150, 50);
    expect(limit.value).toBe(bounds.atOnceLeast);
  });
});
