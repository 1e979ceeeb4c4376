/**
 * The Universal Scalability Law, fitted to the steps of a ladder or of a sweep over users. Its N is how many
 * requests are under way at once, by Little's law from what was measured (throughput × mean time in the
 * system); it must never be the rate that was offered.
 * Sources: Little, Operations Research 9 (1961); Gunther (see scripts/statistics/usl.ts).
 */
import { uslFit } from '../../statistics/usl.ts';
import type { Measured, StageResult, UslAnalysis } from '../result.ts';
import { errorShare } from './rows.ts';

/** Refusals are answered fast, so that a stage with more of them tells of another system. */
const errorShareMax = 0.01;

/** Undefined where nothing was stepped, or the steps make fewer than four different concurrencies. */
export function uslOf({ stages }: Pick<Measured, 'stages'>): UslAnalysis | undefined {
  const points = stages
    .filter(isStep)
    .filter(sameSystem(stages))
    .filter(({ endings }) => errorShare(endings) <= errorShareMax)
    .map((stage) => ({ concurrency: concurrencyOf(stage), perSecond: stage.achievedPerSecond }));
  const fit = uslFit(points);
  return fit === undefined ? undefined : { ...fit, points };
}

/**
 * Latency counts from when a request was due, so that it includes the wait for a connection where all are
 * busy; what waits there is not yet in the system, and no more than `users` can be.
 */
export function concurrencyOf({ achievedPerSecond, latency, users }: StageResult): number {
  return Math.min((achievedPerSecond * latency.meanMs) / 1_000, users);
}

function isStep({ role }: StageResult): boolean {
  return role === 'step';
}

/** A sweep changes what is tested: only its first value is fitted. One over users is a ladder. */
function sameSystem(stages: readonly StageResult[]) {
  const first = stages.find(isStep)?.sweep;
  return ({ sweep }: StageResult) => sweep === first;
}
