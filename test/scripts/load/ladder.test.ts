/** Ladders against a server that is only a formula, so that the right answer is known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climb } from '../../../scripts/load/ladder.ts';
import type { StageResult } from '../../../scripts/load/result.ts';
import type { Stage } from '../../../scripts/load/scenario.ts';
import { stageResultOf } from './results.ts';

const ladder = {
  fromPerSecond: 100,
  factor: 2,
  stepsMax: 6,
  secondsEach: 10,
  warmSeconds: 2,
  refinements: 0,
};

/** Answers up to `capacity` and no further; no generator is involved. */
async function climbFormula(
  capacity: number,
  { refinements = 0, spoiled = '' }: { readonly refinements?: number; readonly spoiled?: string } = {},
) {
  const played: { readonly stage: Stage; readonly warmSeconds: number }[] = [];
  const order: string[] = [];
  const ended = await climb({
    ladder: { ...ladder, refinements },
    play: async (stage, warmSeconds) => {
      played.push({ stage, warmSeconds });
      order.push(stage.name);
      if (stage.shape !== 'hold') throw new Error('a ladder is made of holds');
      const able = stage.name === spoiled ? 1 : capacity;
      return stageResultOf({
        offeredPerSecond: stage.perSecond,
        achievedPerSecond: Math.min(able, stage.perSecond),
      });
    },
    keeps: ({ offeredPerSecond, achievedPerSecond }: StageResult) => {
      return { keeps: achievedPerSecond === offeredPerSecond, why: 'it is full' };
    },
    beside: async (when) => {
      order.push(when);
    },
  });
  const rates = played.map(({ stage }) => stage.shape === 'hold' && stage.perSecond);
  return { ended, played, order, rates };
}

describe('a ladder', () => {
  it('climbs until a step misses the objective twice, and goes back to the first', async () => {
    const { ended, rates, played } = await climbFormula(500);
    expect(rates).toEqual([100, 200, 400, 800, 800, 100]);
    expect(played.map(({ stage }) => stage.role)).toEqual(['step', 'step', 'step', 'step', 'step', 'after']);
    expect(played.at(-2)?.stage.name).toBe('step 4 again: 800/s');
    expect(ended).toBe('step 4 missed the objective twice: it is full');
  });

  it('goes on where a step is kept the second time: something else had spoiled the first', async () => {
    const { rates } = await climbFormula(500, { spoiled: 'step 2: 200/s' });
    expect(rates).toEqual([100, 200, 200, 400, 800, 800, 100]);
  });

  it('halves the distance between what was kept and what was missed, by factor', async () => {
    const { rates, ended } = await climbFormula(500, { refinements: 3 });
    // √(400 × 800), then √(400 × 566), then √(476 × 566).
    expect(rates).toEqual([100, 200, 400, 800, 800, 566, 566, 476, 519, 519, 100]);
    expect(ended).toBe(
      'step 4 missed the objective twice: it is full; refined, the limit lies between 476/s and 519/s',
    );
  });

  it('comes to the truth within the last distance, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 101, max: 3_000, noNaN: true }), async (capacity) => {
        const { rates } = await climbFormula(capacity, { refinements: 3 });
        const best = Math.max(...rates.map(Number).filter((rate) => rate <= capacity));
        expect(capacity / best).toBeLessThanOrEqual(2 ** (1 / 8) * 1.02);
      }),
      { numRuns: 50 },
    );
  });

  it('lets others ask before it, before each refinement, and after all', async () => {
    const { order } = await climbFormula(500, { refinements: 1 });
    expect(order.map((each) => each.replace(/:.*/, ''))).toEqual([
      ...['before the ladder', 'step 1', 'step 2', 'step 3', 'step 4', 'step 4 again'],
      ...['before refinement 1', 'refinement 1', 'refinement 1 again'],
      ...['back to the first step', 'after the ladder'],
    ]);
  });

  it('says that the limit was not found where all its steps keep the objective', async () => {
    const { ended, rates } = await climbFormula(1_000_000, { refinements: 3 });
    expect(rates).toEqual([100, 200, 400, 800, 1_600, 3_200, 100]);
    expect(ended).toContain('the limit lies beyond the last');
  });

  it('goes back at once where not even the first is kept', async () => {
    expect((await climbFormula(1, { refinements: 3 })).rates).toEqual([100, 100, 100]);
  });

  it('warms each step up, but not the way back, which is watched from its first second', async () => {
    const { played } = await climbFormula(500);
    expect(played.map(({ warmSeconds }) => warmSeconds)).toEqual([2, 2, 2, 2, 2, 0]);
  });
});
