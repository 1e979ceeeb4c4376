/**
 * The bar of the issue: a server that is slow on purpose (50 ms, one stall of two seconds) is reported within
 * 2 % of the truth, which the server itself kept. A tool that waits for answers before it asks again would
 * report 50 ms throughout.
 */
import { describe, expect, it, type TestContext } from 'vitest';
import { Generator, type StageOutcome } from '../../../../scripts/load/generator/generator.ts';
import { judgeValidity, quantilesOf } from '../../../../scripts/load/generator/validity.ts';
import { type SlowServer, slowServer, type Truth, truthOf, watched } from './slow.ts';
import { serviceMs, stallMs } from './slow-server-times.ts';

const perSecond = 100;
const seconds = 5;
const stallAfterMs = 1_500;
const within = 0.02;
const nearby = 0.25;
/** What a run tells while the machine has too much else to do is no measurement: it is made again. */
const attemptsMax = 3;
const tooBusy = 'this machine has too much else to do: its timers were late';

interface Run {
  readonly outcome: StageOutcome;
  readonly truth: Truth;
  readonly stalledMs: number;
}

/** A run within 2 % of the truth. Where there is none, the test fails, or is skipped if that may be why. */
async function truthful(test: TestContext, once: () => Promise<Run>): Promise<Run> {
  const offs: string[] = [];
  let mayBeWhy = false;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const { result, disturbed } = await watched(once);
    const off = farFromTruth(result, within, ['meanMs', 'p50Ms', 'p90Ms', 'p99Ms', 'maxMs']);
    if (off.length === 0) return result;
    offs.push(...off, ...judgeValidity(result.outcome).reasons);
    // What comes late because the machine is busy is still near the truth in the long waits.
    const near = farFromTruth(result, nearby, ['meanMs', 'p99Ms', 'maxMs']).length === 0;
    mayBeWhy = near && (mayBeWhy || disturbed);
    if (!near) break;
  }
  if (mayBeWhy) return test.skip(tooBusy);
  throw new Error(offs.join('; '));
}

function farFromTruth(
  { outcome, truth }: Run,
  within: number,
  figures: readonly (keyof Truth)[],
): readonly string[] {
  const told = quantilesOf(outcome.latency);
  return figures
    .filter((figure) => !(Math.abs(told[figure] - truth[figure]) < within * truth[figure]))
    .map((figure) => `${figure}: told ${told[figure]}, in truth ${truth[figure]}`);
}

async function runAgainst(
  server: SlowServer,
  protocol: 'http1' | 'http2',
  stage: { readonly users: number; readonly perSecond: number; readonly seconds: number },
): Promise<Run> {
  const generator = await Generator.start({
    targets: [server.target],
    protocol,
    mix: [{ action: 'open', weight: 1 }],
    seed: 1,
    requestTimeoutMs: 10_000,
    workers: 1,
    tickets: [],
  });
  const shape = { shape: 'hold', perSecond: stage.perSecond, seconds: stage.seconds } as const;
  const outcome = await generator.run({ name: 'slow', users: stage.users, warmSeconds: 0, shape });
  await generator.stop();
  const { answeredAtMs, stalledFromMs, stalledToMs } = await server.record();
  const truth = truthOf(answeredAtMs, outcome.firstDueAtMs, stage.perSecond);
  return { outcome, truth, stalledMs: stalledToMs - stalledFromMs };
}

describe('a server that is slow on purpose', () => {
  it.concurrent.for(['http1', 'http2'] as const)(
    'is reported as it was, its stall included, over %s',
    { timeout: 60_000 },
    async (protocol, test) => {
      const run = await truthful(test, async () =>
        runAgainst(await slowServer(protocol, stallAfterMs), protocol, { users: 300, perSecond, seconds }),
      );
      const { outcome, stalledMs } = run;
      expect(outcome.due).toBe(perSecond * seconds);
      expect(outcome.endings.succeeded).toBe(perSecond * seconds);
      expect(outcome.events).toBe(perSecond * seconds);
      // By hand, not by the server's record: what was due during the stall saw the rest of it, and so did
      // what was being served when it began. A server that is late itself only adds to it.
      expect(stalledMs).toBeGreaterThan(stallMs * 0.99);
      const duringStall = ((stalledMs / 1_000) * perSecond * stalledMs) / 2;
      const atItsStart = (serviceMs / 1_000) * perSecond * (stalledMs - serviceMs / 2);
      const byHand = serviceMs + (duringStall + atItsStart) / outcome.due;
      expect(quantilesOf(outcome.latency).meanMs).toBeGreaterThan(byHand * (1 - within));
      // A row each second; the requests that were due in the stall are in its rows.
      expect(outcome.seconds.map(({ due }) => due)).toEqual([100, 100, 100, 100, 100]);
      expect(outcome.seconds[2]?.p50Ms).toBeGreaterThan(500);
    },
  );

  it.concurrent('shows the wait for a connection as latency, and not as lateness of the generator', {
    timeout: 60_000,
  }, async (test) => {
    const run = await truthful(test, async () =>
      runAgainst(await slowServer('http1', 0), 'http1', { users: 1, perSecond: 40, seconds: 2 }),
    );
    const { outcome } = run;
    // 80 requests, one after another at 50 ms each, all due within 2 s: the last is 2 s late.
    const { maxMs } = quantilesOf(outcome.latency);
    expect(maxMs).toBeGreaterThan(80 * serviceMs - 1_975);
    expect(outcome).toMatchObject({ due: 80, sent: 80, notSent: 0 });
    expect(quantilesOf(outcome.sendDelay).p50Ms).toBeLessThan(quantilesOf(outcome.latency).p50Ms / 10);
  });
});
