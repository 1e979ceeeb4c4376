/** Ladders against a server that is only a formula, so that the right answer is known. */
import { describe, expect, it } from 'vitest';
import { climb } from '../../../scripts/load/ladder.ts';
import type { StageResult } from '../../../scripts/load/result.ts';
import type { Stage } from '../../../scripts/load/scenario.ts';
import { stageResultOf } from './results.ts';

const ladder = { fromPerSecond: 100, factor: 2, stepsMax: 6, secondsEach: 10, warmSeconds: 2 };

/** Answers up to `capacity` and no further; no generator is involved. */
async function climbFormula(capacity: number) {
  const played: { readonly stage: Stage; readonly warmSeconds: number }[] = [];
  const ended = await climb({
    ladder,
    play: async (stage, warmSeconds) => {
      played.push({ stage, warmSeconds });
      if (stage.shape !== 'hold') throw new Error('a ladder is made of holds');
      return stageResultOf({
        offeredPerSecond: stage.perSecond,
        achievedPerSecond: Math.min(capacity, stage.perSecond),
      });
    },
    keeps: ({ offeredPerSecond, achievedPerSecond }: StageResult) => {
      return { keeps: achievedPerSecond === offeredPerSecond, why: 'it is full' };
    },
  });
  return { ended, played, rates: played.map(({ stage }) => stage.shape === 'hold' && stage.perSecond) };
}

describe('a ladder', () => {
  it('climbs until a step misses the objective, and goes back to the first', async () => {
    const { ended, rates, played } = await climbFormula(500);
    expect(rates).toEqual([100, 200, 400, 800, 100]);
    expect(played.map(({ stage }) => stage.role)).toEqual(['step', 'step', 'step', 'step', 'after']);
    expect(ended).toBe('step 4 missed the objective: it is full');
  });

  it('says that the limit was not found where all its steps keep the objective', async () => {
    const { ended, rates } = await climbFormula(1_000_000);
    expect(rates).toEqual([100, 200, 400, 800, 1_600, 3_200, 100]);
    expect(ended).toContain('the limit lies beyond the last');
  });

  it('goes back at once where not even the first does', async () => {
    expect((await climbFormula(1)).rates).toEqual([100, 100]);
  });

  it('warms each step up, but not the way back, which is watched from its first second', async () => {
    const { played } = await climbFormula(500);
    expect(played.map(({ warmSeconds }) => warmSeconds)).toEqual([2, 2, 2, 2, 0]);
  });
});
