/**
 * Where throughput stops following what is offered, found without the objective: a cross-check of the
 * capacity, which depends on what somebody chose. It must never name a knee where all that was asked was
 * answered.
 */
import { kneedle } from '../../statistics/kneedle.ts';
import type { KneeAnalysis, StageResult } from '../result.ts';

/** With this share answered at each step there is no saturation that a knee could be of. */
const answeredShareMin = 0.99;

/** Of a ladder; undefined where no stage is a step. Of a sweep's ladders, of the first. */
export function kneeOf(stages: readonly StageResult[]): KneeAnalysis | undefined {
  const steps = stages.filter(({ role }) => role === 'step');
  const [first] = steps;
  if (first === undefined) return undefined;
  const ladder = steps.filter(({ sweep }) => sweep === first.sweep);
  const fallsShort = ladder.some(
    ({ offeredPerSecond, achievedPerSecond }) => achievedPerSecond < answeredShareMin * offeredPerSecond,
  );
  const knee = fallsShort
    ? kneedle(ladder.map(({ offeredPerSecond: x, achievedPerSecond: y }) => ({ x, y })))
    : undefined;
  return { found: knee !== undefined, offeredPerSecond: knee?.x, achievedPerSecond: knee?.y };
}
