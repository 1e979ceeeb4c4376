/**
 * A ladder: each step asks for more than the one before, until one misses the objective; then the first
 * again, to see that what was broken mends. The steps are made while the run goes on, because where they
 * end is what is asked.
 */
import type { Judged } from './analysis/capacity.ts';
import type { StageResult } from './result.ts';
import type { Scenario, Stage } from './scenario.ts';

export interface Climbing {
  readonly ladder: NonNullable<Scenario['ladder']>;
  readonly play: (stage: Stage, warmSeconds: number) => Promise<StageResult>;
  /** Whether the step kept the objective, and if not, why. */
  readonly keeps: (stage: StageResult) => Judged;
}

/** Tells why it ended. */
export async function climb({ ladder, play, keeps }: Climbing): Promise<string> {
  const { stepsMax, warmSeconds } = ladder;
  let ended = `all ${stepsMax} steps kept the objective, so the limit lies beyond the last`;
  for (let step = 0; step < stepsMax; step += 1) {
    const judged = keeps(await play(stepOf(ladder, step), warmSeconds));
    if (judged.keeps) continue;
    ended = `step ${step + 1} missed the objective: ${judged.why}`;
    break;
  }
  await play(backToTheFirst(ladder), 0);
  return ended;
}

/** The step so many after the first. */
export function stepOf({ fromPerSecond, factor, secondsEach }: Climbing['ladder'], step: number): Stage {
  const perSecond = rounded(fromPerSecond * factor ** step);
  return hold(`step ${step + 1}: ${perSecond.toLocaleString('en')}/s`, 'step', perSecond, secondsEach);
}

/** What is played after the step that missed the objective. */
export function backToTheFirst({ fromPerSecond, secondsEach }: Climbing['ladder']): Stage {
  return hold('back to the first step', 'after', rounded(fromPerSecond), secondsEach);
}

function hold(name: string, role: Stage['role'], perSecond: number, seconds: number): Stage {
  return { name, role, shape: 'hold', perSecond, seconds };
}

/** Whole requests per second wherever that is no great difference. */
function rounded(perSecond: number): number {
  return perSecond >= 10 ? Math.round(perSecond) : perSecond;
}
