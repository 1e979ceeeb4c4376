/** Figures for tests that need some, where only a few of them matter. */
import type { Quantiles, ResourceRow, StageResult } from '../../../scripts/load/result.ts';

export const noLatency: Quantiles = {
  count: 0,
  meanMs: 0,
  p50Ms: 0,
  p75Ms: 0,
  p90Ms: 0,
  p99Ms: 0,
  p999Ms: 0,
  maxMs: 0,
};

export const noEndings = {
  succeeded: 0,
  throttled: 0,
  overloaded: 0,
  refused: 0,
  failed: 0,
  reset: 0,
  timed_out: 0,
  not_connected: 0,
};

export function stageResultOf(figures: Partial<StageResult>): StageResult {
  return {
    index: 0,
    name: 'stage',
    role: 'step',
    users: 1,
    sweep: undefined,
    fromSecond: 0,
    toSecond: 10,
    offeredPerSecond: 0,
    achievedPerSecond: 0,
    transitionsPerSecond: 0,
    ticketsPerSecond: 0,
    latency: noLatency,
    sendDelay: noLatency,
    endings: noEndings,
    notSent: 0,
    validity: { valid: true, reasons: [], generatorCpuShare: 0 },
    ...figures,
  };
}

export function resourceRowOf(figures: Partial<ResourceRow>): ResourceRow {
  return {
    second: 0,
    cpu: { server: 0, projector: 0, postgres: 0, generator: 0, machine: 0 },
    memory: { server: 0, projector: 0, postgres: 0, generator: 0 },
    heapAfterMajorGcBytes: undefined,
    majorCollections: undefined,
    eventLoopDelayP99Ms: undefined,
    openFiles: undefined,
    databaseConnections: undefined,
    databaseP99Ms: undefined,
    lagEvents: undefined,
    lagSeconds: undefined,
    position: undefined,
    up: true,
    ...figures,
  };
}
