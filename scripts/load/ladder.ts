/**
 * A ladder: each step asks for more than the one before, until one misses the objective; then, where the
 * scenario wants it finer, steps halfway between what was kept and what was missed; then the first again, to
 * see that what was broken mends. The steps are made while the run goes on, because where they end is what is
 * asked. A step that misses is asked once more, because a neighbour on the machine can spoil any ten seconds;
 * the second time counts. It must never ask more often than that: asked often enough, luck keeps any
 * objective.
 */
import type { Judged } from './analysis/capacity.ts';
import type { StageResult } from './result.ts';
import type { Scenario, Stage } from './scenario.ts';

export interface Climbing {
  readonly ladder: NonNullable<Scenario['ladder']>;
  readonly play: (stage: Stage, warmSeconds: number) => Promise<StageResult>;
  /** Whether the step kept the objective, and if not, why. */
  readonly keeps: (stage: StageResult) => Judged;
  /** Done before the ladder, before each refinement and after all; told when, in words. */
  readonly beside?: (when: string) => Promise<void>;
}

/** Rates between which the limit lies. */
interface Bounds {
  readonly kept: number;
  readonly missed: number;
}

/** Tells why it ended. */
export async function climb(climbing: Climbing): Promise<string> {
  const { ladder, play, beside = async () => undefined } = climbing;
  await beside('before the ladder');
  const { ended, bounds } = await ascend(climbing);
  const refined = bounds === undefined ? '' : await refine(climbing, bounds, beside);
  await play(backToTheFirst(ladder), 0);
  await beside('after the ladder');
  return ended + refined;
}

/** Up to the first rate that is missed for good. Without `bounds` there is nothing to be refined. */
async function ascend(climbing: Climbing): Promise<{ readonly ended: string; readonly bounds?: Bounds }> {
  const { stepsMax } = climbing.ladder;
  let kept: number | undefined;
  for (let step = 1; step <= stepsMax; step += 1) {
    const perSecond = rateOf(climbing.ladder, step);
    const judged = await attempt(climbing, `step ${step}`, perSecond);
    if (judged.keeps) {
      kept = perSecond;
      continue;
    }
    const ended = `step ${step} missed the objective twice: ${judged.why}`;
    return kept === undefined ? { ended } : { ended, bounds: { kept, missed: perSecond } };
  }
  return { ended: `all ${stepsMax} steps kept the objective, so the limit lies beyond the last` };
}

/** Halves the distance again and again, on the scale on which the steps are evenly spaced. */
async function refine(
  climbing: Climbing,
  { kept, missed }: Bounds,
  beside: NonNullable<Climbing['beside']>,
): Promise<string> {
  const { refinements } = climbing.ladder;
  let [low, high] = [kept, missed];
  for (let turn = 1; turn <= refinements; turn += 1) {
    const perSecond = rounded(Math.sqrt(low * high));
    if (perSecond <= low || perSecond >= high) break;
    await beside(`before refinement ${turn}`);
    if ((await attempt(climbing, `refinement ${turn}`, perSecond)).keeps) low = perSecond;
    else high = perSecond;
  }
  return refinements === 0 ? '' : `; refined, the limit lies between ${inWords(low)} and ${inWords(high)}`;
}

async function attempt({ ladder, play, keeps }: Climbing, name: string, perSecond: number): Promise<Judged> {
  const { secondsEach, warmSeconds } = ladder;
  const ask = async (title: string) =>
    keeps(await play(hold(`${title}: ${inWords(perSecond)}`, 'step', perSecond, secondsEach), warmSeconds));
  const first = await ask(name);
  return first.keeps ? first : ask(`${name} again`);
}

/** A step of the ladder, counted from 1. */
export function stepOf(ladder: Climbing['ladder'], step: number): Stage {
  const perSecond = rateOf(ladder, step);
  return hold(`step ${step}: ${inWords(perSecond)}`, 'step', perSecond, ladder.secondsEach);
}

/** What is played after the step that missed the objective. */
export function backToTheFirst({ fromPerSecond, secondsEach }: Climbing['ladder']): Stage {
  return hold('back to the first step', 'after', rounded(fromPerSecond), secondsEach);
}

function hold(name: string, role: Stage['role'], perSecond: number, seconds: number): Stage {
  return { name, role, shape: 'hold', perSecond, seconds };
}

function inWords(perSecond: number): string {
  return `${perSecond.toLocaleString('en')}/s`;
}

function rateOf({ fromPerSecond, factor }: Climbing['ladder'], step: number): number {
  return rounded(fromPerSecond * factor ** (step - 1));
}

/** Whole requests per second wherever that is no great difference. */
function rounded(perSecond: number): number {
  return perSecond >= 10 ? Math.round(perSecond) : perSecond;
}
