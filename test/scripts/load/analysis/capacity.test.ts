/** What keeps an objective and what does not, and the capacity, knee and law of ladders that are known. */
import { describe, expect, it } from 'vitest';
import { capacityOf, keepsObjective, lagGrowthOf } from '../../../../scripts/load/analysis/capacity.ts';
import { kneeOf } from '../../../../scripts/load/analysis/knee.ts';
import { concurrencyOf, uslOf } from '../../../../scripts/load/analysis/usl.ts';
import { uslThroughput } from '../../../../scripts/statistics/usl.ts';
import { normalNoise } from '../../statistics/noise.ts';
import { type FakeStage, measured } from './measured.ts';

const objective = { p99Ms: 100, errorShareMax: 0.001, achievedShareMin: 0.99 };

function judged(stage: FakeStage) {
  const run = measured([stage]);
  const [result] = run.stages;
  if (result === undefined) throw new Error('bug: no stage');
  return keepsObjective(result, objective, run.resources);
}

describe('the objective', () => {
  it('is kept where all that it asks for is there', () => {
    expect(judged({ offered: 100 })).toEqual({
      keeps: true,
      why: 'p99 20 ms, 100/s of 100/s answered',
    });
  });

  it.each([
    { stage: { offered: 100, p99Ms: 101 }, why: 'p99 was 101 ms, over 100 ms' },
    { stage: { offered: 100, achieved: 98 }, why: '98/s of 100/s offered were answered, under 99 %' },
    {
      stage: { offered: 100, endings: { succeeded: 1_990, timed_out: 3, failed: 7 } },
      why: '0.5 % did not succeed, over 0.1 %; most of them failed (7)',
    },
    {
      stage: { offered: 100, notSent: 40 },
      why: '40 requests were still waiting for a connection at the end',
    },
    { stage: { offered: 0 }, why: 'nothing was offered' },
    {
      stage: { offered: 1_000, resource: (at: number) => ({ lagEvents: 300 * at }) },
      why: 'the read models fell behind by 300 events each second',
    },
  ])('is missed: $why', ({ stage, why }) => {
    expect(judged(stage)).toEqual({ keeps: false, why });
  });

  it('is not missed for read models that waver, jump once, or were not looked at', () => {
    const next = normalNoise(1);
    const wavering = (at: number) => ({ lagEvents: 500 + 400 * next() + (at === 12 ? 5_000 : 0) });
    expect(judged({ offered: 1_000, resource: wavering }).keeps).toBe(true);
    expect(judged({ offered: 1_000, resource: () => ({ lagEvents: undefined }) }).keeps).toBe(true);
  });

  it('is kept where the last answers come no later than the others, however short the stage', () => {
    // 800 requests in 2 s at 400/s; the last is answered 40 ms after it was due.
    const short = { offered: 400, length: 2, achieved: 800 / 2.04, endings: { succeeded: 800 } };
    expect(judged({ ...short, meanMs: 30 }).keeps).toBe(true);
    // With a median of 10 ms the last came late: a queue was growing.
    expect(judged({ ...short, meanMs: 10 })).toEqual({
      keeps: false,
      why: '392/s of 400/s offered were answered, under 99 %',
    });
  });

  it('is missed where a queue grew all the time, though in a short step its median makes up for it', () => {
    // As it was seen: 4.8 s at 11,642/s, of which 10,347/s were answered, with waits up to 1.2 s.
    const short = { offered: 11_642, achieved: 10_347, length: 4.8, endings: { succeeded: 55_880 } };
    expect(judged({ ...short, meanMs: 571, p99Ms: 90 }).keeps).toBe(false);
  });

  it('is missed by a server that is asked for 3 % too much, though its queue grows slowly', () => {
    const growing = { offered: 103, achieved: 100, endings: { succeeded: 2_060 }, meanMs: 300, p99Ms: 90 };
    expect(judged(growing).keeps).toBe(false);
  });

  it('is missed for read models that only waver in one of twenty runs at most', () => {
    let missed = 0;
    for (let seed = 0; seed < 200; seed += 1) {
      const next = normalNoise(seed);
      const wild = () => ({ lagEvents: 20_000 + 5_000 * next() });
      if (!judged({ offered: 1_000, resource: wild }).keeps) missed += 1;
    }
    expect(missed / 200).toBeLessThanOrEqual(0.05);
  });

  it('tells how fast the read models fall behind through noise', () => {
    const next = normalNoise(2);
    const run = measured([{ offered: 5_000, resource: (at) => ({ lagEvents: 800 * at + 300 * next() }) }]);
    expect(lagGrowthOf(run.stages[0] ?? expect.fail(), run.resources)).toBeCloseTo(800, -2);
  });
});

/** A server that answers up to 4,000/s; each step of the ladder asks for a quarter more. */
function ladder(sweep?: string, most = 4_000): readonly FakeStage[] {
  return Array.from({ length: 10 }, (_, step) => {
    const offered = 1_000 * 1.25 ** step;
    const over = offered > most;
    const swept = sweep === undefined ? {} : { sweep };
    return {
      name: `step ${step + 1}`,
      role: 'step' as const,
      offered,
      achieved: Math.min(offered, most),
      p99Ms: over ? 3_000 : 20,
      meanMs: over ? 1_000 : 5 / (1 - offered / (most * 1.02)),
      ...swept,
    };
  }).slice(0, 1 + Math.ceil(Math.log(most / 1_000) / Math.log(1.25)));
}

describe('the capacity', () => {
  it('is what the last step before the first miss achieved, and says why no more', () => {
    const { stages } = measured(ladder());
    const found = capacityOf(stages, objective);
    expect(found?.perSecond).toBeCloseTo(1_000 * 1.25 ** 6, 6);
    expect(found?.step).toBe('step 7');
    expect(found?.limit).toBe('at 4,768/s p99 was 3,000 ms, over 100 ms');
  });

  it('does not come back after a miss, though a later step kept the objective by chance', () => {
    const steps = [100, 200, 300, 400].map((offered) => ({
      name: `at ${offered}`,
      role: 'step' as const,
      offered,
      p99Ms: offered === 300 ? 500 : 10,
    }));
    expect(capacityOf(measured(steps.toReversed()).stages, objective)?.step).toBe('at 200');
  });

  it('is unknown where not even the first step kept it, and beyond where all did', () => {
    const slow = measured([{ role: 'step', offered: 100, p99Ms: 500 }]);
    expect(capacityOf(slow.stages, objective)).toEqual({
      perSecond: undefined,
      step: undefined,
      limit: 'at 100/s p99 was 500 ms, over 100 ms',
      atLeast: false,
    });
    const fast = measured([{ role: 'step', offered: 100 }]);
    expect(capacityOf(fast.stages, objective)).toMatchObject({
      perSecond: 100,
      limit: 'the last step kept the objective, so that the limit lies beyond it',
      atLeast: true,
    });
    expect(capacityOf(measured([{ offered: 100 }]).stages, objective)).toBeUndefined();
  });

  it('is that of a refinement, though it came after the step that was missed', () => {
    const rates = [100, 200, 150, 170];
    const steps = rates.map((offered) => {
      return { name: `at ${offered}`, role: 'step' as const, offered, p99Ms: offered > 160 ? 500 : 10 };
    });
    expect(capacityOf(measured(steps).stages, objective)).toMatchObject({
      step: 'at 150',
      limit: 'at 170/s p99 was 500 ms, over 100 ms',
    });
  });

  it('believes the second time of a rate that was asked again', () => {
    const step = (name: string, offered: number, p99Ms: number) => {
      return { name, role: 'step' as const, offered, p99Ms };
    };
    const mended = [step('1', 100, 500), step('1 again', 100, 10), step('2', 200, 10)];
    expect(capacityOf(measured(mended).stages, objective)?.step).toBe('2');
    const full = [step('1', 100, 10), step('2', 200, 500), step('2 again', 200, 300)];
    expect(capacityOf(measured(full).stages, objective)).toMatchObject({
      step: '1',
      limit: 'at 200/s p99 was 300 ms, over 100 ms',
    });
  });

  it('is not told of a step whose generator was late, but of those below, as the least that it can be', () => {
    const late = ['The generator was late itself.'];
    const steps = [100, 200, 300].map((offered) => {
      const step = { name: `at ${offered}`, role: 'step' as const, offered };
      return offered === 300 ? { ...step, late } : step;
    });
    expect(capacityOf(measured(steps).stages, objective)).toEqual({
      perSecond: 200,
      step: 'at 200',
      limit: 'at 300/s The generator was late itself.',
      atLeast: true,
    });
  });

  it('of a sweep of ladders is the best of theirs', () => {
    const { stages } = measured([...ladder('servers 1', 2_000), ...ladder('servers 2', 3_500)]);
    const found = capacityOf(stages, objective);
    expect(found?.step).toBe('step 6, servers 2');
    expect(found?.perSecond).toBeCloseTo(1_000 * 1.25 ** 5, 6);
  });
});

describe('the knee', () => {
  it('of a ladder lies at the step next to the most that is answered', () => {
    const found = kneeOf(measured(ladder()).stages);
    expect(found?.found).toBe(true);
    expect(found?.offeredPerSecond).toBeGreaterThanOrEqual(3_800);
    expect(found?.offeredPerSecond).toBeLessThanOrEqual(4_800);
  });

  it('is not there where all was answered, or nothing was stepped', () => {
    const climbing = measured(ladder().slice(0, 6));
    expect(kneeOf(climbing.stages)).toEqual({
      found: false,
      offeredPerSecond: undefined,
      achievedPerSecond: undefined,
    });
    expect(kneeOf(measured([{ offered: 100 }]).stages)).toBeUndefined();
  });
});

describe('the scalability law', () => {
  const law = { lambda: 1_000, sigma: 0.05, kappa: 0.001 };

  /** Steps of a server that obeys the law: with n requests at once each takes n/X(n). */
  function obeying(concurrencies: readonly number[]): readonly FakeStage[] {
    return concurrencies.map((n) => {
      const achieved = uslThroughput(law, n);
      return { role: 'step', offered: achieved, achieved, meanMs: (1_000 * n) / achieved };
    });
  }

  it('is found from throughput and latency alone, whatever was offered', () => {
    const found = uslOf(measured(obeying([1, 2, 4, 8, 16, 32, 64])));
    expect(found?.lambda).toBeCloseTo(1_000, 3);
    expect(found?.sigma).toBeCloseTo(0.05, 6);
    expect(found?.kappa).toBeCloseTo(0.001, 6);
    expect(found?.points).toHaveLength(7);
  });

  it("takes no more for under way than there are users: the rest waits in the generator's queue", () => {
    const [stage] = measured([{ offered: 9_000, achieved: 4_000, meanMs: 1_500, users: 64 }]).stages;
    expect(concurrencyOf(stage ?? expect.fail())).toBe(64);
  });

  it('is not fitted to refusals, to too few steps, or to stages that are no steps', () => {
    const refusing = obeying([1, 2, 4, 8, 16]).map((stage, index) =>
      index < 2 ? { ...stage, endings: { throttled: 5_000 } } : stage,
    );
    expect(uslOf(measured(refusing))).toBeUndefined();
    expect(uslOf(measured(obeying([1, 2, 4])))).toBeUndefined();
    expect(
      uslOf(measured(obeying([1, 2, 4, 8]).map((each) => ({ ...each, role: 'measured' })))),
    ).toBeUndefined();
  });

  it('is fitted to one value of a sweep', () => {
    const ladder = obeying([1, 2, 4, 8]);
    const bySweep = (sweeps: readonly string[]) =>
      measured(ladder.map((stage, index) => ({ ...stage, sweep: sweeps[index % sweeps.length] ?? '' })));
    expect(uslOf(bySweep(['servers 1']))?.sigma).toBeCloseTo(0.05, 6);
    expect(uslOf(bySweep(['servers 1', 'servers 2']))).toBeUndefined();
  });
});
