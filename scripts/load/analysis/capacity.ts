/**
 * What can be offered so that the objective is still kept: the one figure of a ladder that is published. It
 * must never be the rate of a step that only seemed to keep up, while a queue grew behind it.
 * The knee and the scalability law tell of the same ladder, and are there to check this one.
 */
import { cautiousSlope } from '../../statistics/lasting-growth.ts';
import type { CapacityAnalysis, ResourceRow, StageResult } from '../result.ts';
import type { Scenario } from '../scenario.ts';
import { ended, errorShare, mainError, resourcesIn, stageTitle } from './rows.ts';
import { milliseconds, percent, rate, rounded } from './words.ts';

type Objective = Scenario['objective'];

export interface Judged {
  readonly keeps: boolean;
  /** In words with figures, either way. */
  readonly why: string;
}

/** The projector takes in more than this with one batch, so that less is no backlog. */
const lagEventsLeast = 1_000;

/**
 * Whether a stage kept the objective: enough achieved of what was offered, few enough errors, the p99, no
 * requests left over, and read models that kept up. `resources` are the rows of the run; without them (or
 * without lag in them) the read models are not judged. A stage in which the generator itself was too late
 * keeps nothing: nobody knows what the server would have done.
 */
export function keepsObjective(
  stage: StageResult,
  objective: Objective,
  resources: readonly ResourceRow[] = [],
): Judged {
  const judged = serverKeeps(stage, objective, resources);
  if (stage.validity.valid) return judged;
  const lateness = stage.validity.reasons.join(' ');
  return { keeps: false, why: judged.keeps ? lateness : `${judged.why}. ${lateness}` };
}

function serverKeeps(
  stage: StageResult,
  { p99Ms, errorShareMax, achievedShareMin }: Objective,
  resources: readonly ResourceRow[],
): Judged {
  const { offeredPerSecond, achievedPerSecond, endings, latency, notSent } = stage;
  const due = ended(endings) + notSent;
  const no = (why: string): Judged => ({ keeps: false, why });
  if (due === 0) return no('nothing was offered');
  if (errorShare(endings) > errorShareMax) {
    const { ending, count } = mainError(endings) ?? { ending: 'failed', count: 0 };
    return no(
      `${percent(errorShare(endings))} did not succeed, over ${percent(errorShareMax)}; ` +
        `most of them ${ending} (${rounded(count)})`,
    );
  }
  if (latency.p99Ms > p99Ms) return no(`p99 was ${milliseconds(latency.p99Ms)}, over ${milliseconds(p99Ms)}`);
  if (keptUpWith(stage) < achievedShareMin * offeredPerSecond)
    return no(
      `${rate(achievedPerSecond)} of ${rate(offeredPerSecond)} offered were answered, ` +
        `under ${percent(achievedShareMin)}`,
    );
  if (notSent > (1 - achievedShareMin) * due)
    return no(`${rounded(notSent)} requests were still waiting for a connection at the end`);
  const lagPerSecond = lagGrowthOf(stage, resources);
  if (lagPerSecond > (1 - achievedShareMin) * stage.transitionsPerSecond)
    return no(`the read models fell behind by ${rounded(lagPerSecond)} events each second`);
  return {
    keeps: true,
    why: `p99 ${milliseconds(latency.p99Ms)}, ${rate(achievedPerSecond)} of ${rate(offeredPerSecond)} answered`,
  };
}

/** A median above this is the wait in a queue that grew: it must not excuse the falling behind that it is. */
const promptMs = 100;

/**
 * What was achieved, over a time that is shorter by the median latency: the last answer comes that much after
 * the last request even of a server that keeps up, which is more than 1 % of a short step. Of one that does
 * not, answers come later and later, the last of them twice the median late or more.
 */
function keptUpWith({ offeredPerSecond, achievedPerSecond, endings, latency, notSent }: StageResult): number {
  if (achievedPerSecond === 0) return 0;
  const dueSeconds = (ended(endings) + notSent) / offeredPerSecond;
  const tookSeconds = endings.succeeded / achievedPerSecond;
  const shorter = Math.max(dueSeconds, tookSeconds - Math.min(promptMs, latency.p50Ms) / 1_000);
  return Math.max(achievedPerSecond, endings.succeeded / shorter);
}

/** Events per second that the lag grows by in a stage; 0 where that is not certain, or not known. */
export function lagGrowthOf(stage: StageResult, resources: readonly ResourceRow[]): number {
  const points = resourcesIn(resources, stage).flatMap(({ second, lagEvents }) =>
    lagEvents === undefined ? [] : [{ x: second, y: lagEvents }],
  );
  const { slope, low } = cautiousSlope(points);
  const grown = slope * (stage.toSecond - stage.fromSecond);
  return low > 0 && grown > lagEventsLeast ? slope : 0;
}

/**
 * The highest step that kept the objective before the first that did not, in the order of what was offered
 * and not in that of time, because refinements come after the step that was missed; of a sweep, the best of
 * its ladders. Undefined where no stage is a step.
 */
export function capacityOf(
  stages: readonly StageResult[],
  objective: Objective,
  resources: readonly ResourceRow[] = [],
): CapacityAnalysis | undefined {
  const capacities = capacitiesBySweep(stages, objective, resources);
  return capacities
    .map(({ capacity }) => capacity)
    .toSorted((one, other) => (other.perSecond ?? 0) - (one.perSecond ?? 0))[0];
}

export interface SweptCapacity {
  /** Undefined without a sweep. */
  readonly sweep: string | undefined;
  readonly capacity: CapacityAnalysis;
}

/** One for each value of a sweep, in the order in which they were run; one for all without a sweep. */
export function capacitiesBySweep(
  stages: readonly StageResult[],
  objective: Objective,
  resources: readonly ResourceRow[] = [],
): readonly SweptCapacity[] {
  const steps = stages.filter(({ role }) => role === 'step');
  return [...Map.groupBy(steps, ({ sweep }) => sweep)].map(([sweep, ladder]) => ({
    sweep,
    capacity: capacityOfLadder(ladder, objective, resources),
  }));
}

function capacityOfLadder(
  ladder: readonly StageResult[],
  objective: Objective,
  resources: readonly ResourceRow[],
): CapacityAnalysis {
  const judged = lastAsked(ladder).map((step) => ({ step, ...keepsObjective(step, objective, resources) }));
  const missed = judged.findIndex(({ keeps }) => !keeps);
  const best = judged.at(missed === -1 ? -1 : missed - 1);
  const first = judged[missed];
  const limit =
    first === undefined
      ? 'the last step kept the objective, so that the limit lies beyond it'
      : `at ${rate(first.step.offeredPerSecond)} ${first.why}`;
  const atLeast = first === undefined || !first.step.validity.valid;
  if (best === undefined || missed === 0) return { perSecond: undefined, step: undefined, limit, atLeast };
  return { perSecond: best.step.achievedPerSecond, step: stageTitle(best.step), limit, atLeast };
}

/** By rate; of a rate that was asked again after it was missed, the second time, which is what counts. */
function lastAsked(ladder: readonly StageResult[]): readonly StageResult[] {
  const byRate = Map.groupBy(ladder, ({ offeredPerSecond }) => offeredPerSecond);
  return [...byRate.values()]
    .flatMap((same) => same.toSorted((one, other) => other.index - one.index)[0] ?? [])
    .toSorted((one, other) => one.offeredPerSecond - other.offeredPerSecond);
}
