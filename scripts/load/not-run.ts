/** The result of a scenario that could not be run: it counts as neither passed nor failed, and says why. */
import { machineConditions } from './conditions.ts';
import { cores, memoryAllocation } from './processes.ts';
import { emptyHistogram, encoded, quantilesOf } from './quantiles.ts';
import type { LoadResult } from './result.ts';
import type { Scenario } from './scenario.ts';

/** Why a scenario can not be run, on servers of our own or on a given one; undefined where it can. */
export function reasonNotToRun(scenario: Scenario, onGivenServer: boolean): string | undefined {
  if (scenario.mix.some(({ action }) => action === 'classify')) {
    return 'it classifies tickets, and Docket has no classifier yet';
  }
  if (!onGivenServer) return undefined;
  const { sweep, server } = scenario;
  if (sweep !== undefined && sweep.over !== 'users') {
    return `it starts servers of its own, one set for each of its ${sweep.over}; leave --url out`;
  }
  if (server.preloadEvents > 0) {
    return 'it preloads events, which is done before a server of its own starts; leave --url out';
  }
  return undefined;
}

export interface NotRun {
  readonly why: string;
  readonly changed: string | undefined;
  readonly startedAt: Date;
}

export function notRun(scenario: Scenario, { why, changed, startedAt }: NotRun): LoadResult {
  const nothing = emptyHistogram();
  const quantiles = quantilesOf(nothing);
  const reason = `not run: ${why}`;
  return {
    schema: 'docket-load/1',
    scenario,
    startedAt: startedAt.toISOString(),
    finishedAt: startedAt.toISOString(),
    changed,
    verdict: 'not_run',
    why,
    stages: [],
    seconds: [],
    resources: [],
    validity: { valid: false, reasons: [reason], sendDelay: quantiles, generatorCpuShare: 0 },
    conditions: machineConditions(),
    memoryAllocation: memoryAllocation().bytes,
    cores,
    latency: { ...quantiles, histogram: encoded(nothing) },
    latencyByAction: {},
    quantileChart: [],
    counting: { logBefore: 0, logAfter: 0, acknowledged: 0, unexplained: 0, equal: true, logPerSecond: 0 },
    kpis: [],
    analyses: {
      capacity: undefined,
      knee: undefined,
      usl: undefined,
      recovery: undefined,
      leaks: [],
      bottleneck: { where: 'none', evidence: [reason] },
    },
    secondMethod: undefined,
    summary: [],
  };
}
