/**
 * All analyses of a run, from what it measured alone: the same result file gives the same verdicts again. It
 * must never look at anything else, the clock and the machine that it runs on included.
 */
import type { Analyses, Measured } from '../result.ts';
import { bottleneckOf } from './bottleneck.ts';
import { capacityOf } from './capacity.ts';
import { kneeOf } from './knee.ts';
import { leaksOf } from './leaks.ts';
import { recoveryOf } from './recovery.ts';
import { summarySentences } from './summary.ts';
import { uslOf } from './usl.ts';

export function analyse(measured: Measured): Analyses {
  const { scenario, stages, resources } = measured;
  return {
    capacity: capacityOf(stages, scenario.objective, resources),
    knee: kneeOf(stages),
    usl: uslOf(measured),
    recovery: recoveryOf(measured),
    leaks: leaksOf(measured),
    bottleneck: bottleneckOf(measured),
  };
}

/** What to do next to get more out of it, the most useful first, each with the figures that it stands on. */
export function summarise(measured: Measured, analyses: Analyses): string[] {
  return summarySentences(measured, analyses);
}
