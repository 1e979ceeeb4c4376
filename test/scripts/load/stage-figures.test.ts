/** A stage's rates: over its time, and over more of it where requests waited longer and longer. */
import { describe, expect, it } from 'vitest';
import type { StageOutcome } from '../../../scripts/load/generator/generator.ts';
import { emptyHistogram } from '../../../scripts/load/quantiles.ts';
import type { Stage } from '../../../scripts/load/scenario.ts';
import { rowsOf, stageResult, windowOf } from '../../../scripts/load/stage-figures.ts';
import { noEndings } from './results.ts';

const startMs = 1_000_000;

/** Of a stage of so many a second, whose requests take as long as `p50Ms` says in each second. */
function outcomeOf(p50Ms: readonly number[], perSecond: number, lastAnswerAtMs: number): StageOutcome {
  const succeeded = p50Ms.length * perSecond;
  return {
    seconds: p50Ms.map((each, second) => ({
      second,
      due: perSecond,
      sent: perSecond,
      endings: { ...noEndings, succeeded: perSecond },
      events: perSecond,
      ticketsOpened: perSecond / 2,
      p50Ms: each,
      p90Ms: each,
      p99Ms: each,
      maxMs: each,
      sendDelayP99Ms: 0,
    })),
    latency: emptyHistogram(),
    latencyByAction: new Map(),
    sendDelay: emptyHistogram(),
    endings: { ...noEndings, succeeded },
    due: succeeded,
    sent: succeeded,
    notSent: 0,
    events: succeeded,
    ticketsOpened: succeeded / 2,
    newTickets: [],
    generatorCpuShare: 0,
    retryAfterMissing: 0,
    firstDueAtMs: startMs,
    lastAnswerAtMs,
  };
}

function at(stage: Stage, warmSeconds = 0) {
  return { index: 2, stage, users: 10, sweep: undefined, warmSeconds, fromSecond: 7.5 };
}

const hold: Stage = { name: 'h', role: 'step', shape: 'hold', perSecond: 100, seconds: 10 };
const steady = Array.from({ length: 10 }, () => 40);

describe('a stage', () => {
  it('that keeps up achieves what is offered, though the last answer comes after its end', () => {
    const outcome = outcomeOf(steady, 100, startMs + 10_040);
    expect(stageResult(at(hold), outcome)).toMatchObject({
      offeredPerSecond: 100,
      achievedPerSecond: 100,
      transitionsPerSecond: 100,
      ticketsPerSecond: 50,
    });
  });

  it('is not halved by one answer that took ten seconds', () => {
    expect(stageResult(at(hold), outcomeOf(steady, 100, startMs + 20_000)).achievedPerSecond).toBe(100);
  });

  it('that falls behind achieves less, though every request was answered in the end', () => {
    const ever = Array.from({ length: 10 }, (_, second) => 40 + second * 100);
    const outcome = outcomeOf(ever, 100, startMs + 10_940);
    expect(stageResult(at(hold), outcome).achievedPerSecond).toBeCloseTo(1_000 / 11, 6);
  });

  it('leaves its warm-up out of its rates, and keeps it in its rows', () => {
    // The generator leaves it out of its sums by itself.
    const outcome = { ...outcomeOf(steady, 100, startMs + 10_040), due: 800 };
    const place = at(hold, 2);
    expect(windowOf(place, outcome)).toEqual({ fromMs: startMs + 2_000, toMs: startMs + 10_000 });
    expect(stageResult(place, outcome)).toMatchObject({ offeredPerSecond: 100, transitionsPerSecond: 100 });
    expect(rowsOf(place, outcome)).toHaveLength(10);
    expect(rowsOf(place, outcome)[0]).toMatchObject({ second: 7, stage: 2 });
  });

  it('that is a burst lasts until its last answer, and at least a second', () => {
    const burst: Stage = { name: 'b', role: 'surge', shape: 'burst', requests: 100, withinSeconds: 0 };
    expect(stageResult(at(burst), outcomeOf([40], 100, startMs + 4_000))).toMatchObject({
      offeredPerSecond: 100,
      achievedPerSecond: 25,
    });
    expect(stageResult(at(burst), outcomeOf([40], 100, startMs + 40)).achievedPerSecond).toBe(100);
  });
});
