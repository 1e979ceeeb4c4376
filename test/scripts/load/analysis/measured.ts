/**
 * Runs that never took place, with known truths in them: a row for each second and a look at the resources in
 * each, made from what a stage is said to be like.
 */
import type {
  EndingCounts,
  Measured,
  Quantiles,
  ResourceRow,
  SecondRow,
  StageResult,
} from '../../../../scripts/load/result.ts';
import { type Stage, scenarioSchema } from '../../../../scripts/load/scenario.ts';

export interface FakeStage {
  readonly name?: string;
  readonly role?: Stage['role'];
  readonly sweep?: string;
  readonly users?: number;
  readonly length?: number;
  readonly offered: number;
  /** Per second; all that is offered unless told otherwise. */
  readonly achieved?: number;
  readonly meanMs?: number;
  readonly p99Ms?: number;
  readonly endings?: Partial<EndingCounts>;
  readonly notSent?: number;
  readonly transitions?: number;
  /** Why its generator can not be believed. */
  readonly late?: readonly string[];
  /** By the second of the stage. */
  readonly second?: (at: number) => Partial<SecondRow>;
  readonly resource?: (at: number) => Partial<ResourceRow>;
}

export const noEndings: EndingCounts = {
  succeeded: 0,
  throttled: 0,
  overloaded: 0,
  refused: 0,
  failed: 0,
  reset: 0,
  timed_out: 0,
  not_connected: 0,
};

export function quantiles(meanMs: number, p99Ms: number, count = 1_000): Quantiles {
  return {
    count,
    meanMs,
    p50Ms: meanMs,
    p75Ms: meanMs,
    p90Ms: p99Ms,
    p99Ms,
    p999Ms: p99Ms,
    maxMs: p99Ms,
  };
}

const idle: ResourceRow = {
  second: 0,
  cpu: { server: 0.1, projector: 0.05, postgres: 0.05, generator: 0.05, machine: 0.25 },
  memory: { server: 2e8, projector: 1e8, postgres: 1e8, generator: 1e8 },
  heapAfterMajorGcBytes: undefined,
  majorCollections: undefined,
  eventLoopDelayP99Ms: 2,
  openFiles: 40,
  databaseConnections: 8,
  databaseP99Ms: 3,
  lagEvents: 10,
  lagSeconds: 0.1,
  position: 0,
  up: true,
};

/** `scenario` is put over one with a ladder and a measured stage. */
export function measured(
  stages: readonly FakeStage[],
  scenario: Readonly<Record<string, unknown>> = {},
): Measured {
  let from = 0;
  const results: StageResult[] = [];
  const seconds: SecondRow[] = [];
  const resources: ResourceRow[] = [];
  for (const [index, stage] of stages.entries()) {
    const { length = 20 } = stage;
    results.push(resultOf(stage, index, from));
    for (let at = 0; at < length; at += 1) {
      seconds.push({ ...secondOf(stage, index), second: from + at, ...stage.second?.(at) });
      resources.push({ ...idle, second: from + at + 0.5, ...stage.resource?.(at) });
    }
    from += length;
  }
  return {
    scenario: scenarioSchema.parse({
      id: 'FAKE',
      title: 'a run that never took place',
      purpose: 'known truths',
      kind: 'load',
      users: 64,
      mix: [{ action: 'open', weight: 1 }],
      stages: [{ name: 'one', role: 'measured', shape: 'hold', perSecond: 100, seconds: 20 }],
      kpis: {},
      ...scenario,
    }),
    stages: results,
    seconds,
    resources,
    validity: { valid: true, reasons: [], sendDelay: quantiles(0.1, 0.5), generatorCpuShare: 0.2 },
    conditions: {},
    memoryAllocation: 4 * 1024 ** 3,
    cores: 2,
  };
}

function resultOf(stage: FakeStage, index: number, fromSecond: number): StageResult {
  const { role = 'measured', offered, achieved = offered, meanMs = 5, p99Ms = 20, length = 20 } = stage;
  return {
    index,
    name: stage.name ?? `stage ${index + 1}`,
    role,
    users: stage.users ?? 64,
    sweep: stage.sweep,
    fromSecond,
    toSecond: fromSecond + length,
    offeredPerSecond: offered,
    achievedPerSecond: achieved,
    transitionsPerSecond: stage.transitions ?? achieved,
    ticketsPerSecond: achieved,
    latency: quantiles(meanMs, p99Ms),
    sendDelay: quantiles(0.1, 0.5),
    endings: { ...noEndings, succeeded: achieved * length, ...stage.endings },
    notSent: stage.notSent ?? 0,
    validity: { valid: stage.late === undefined, reasons: stage.late ?? [], generatorCpuShare: 0.2 },
  };
}

function secondOf({ offered, achieved = offered, p99Ms = 20 }: FakeStage, stage: number): SecondRow {
  return {
    second: 0,
    stage,
    due: offered,
    sent: achieved,
    endings: { ...noEndings, succeeded: achieved },
    events: achieved,
    ticketsOpened: achieved,
    p50Ms: 5,
    p90Ms: 10,
    p99Ms,
    maxMs: p99Ms,
    sendDelayP99Ms: 0.5,
  };
}
