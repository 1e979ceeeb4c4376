/** Whether the parts of a running server are at work, as metrics: what alarms ask first. */
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

export const healthMetrics = {
  engineFailed: {
    name: 'docket_engine_failed',
    kind: 'gauge',
    help: '1 once the log has failed for good, so that the engine takes no command any more; else 0.',
  },
  projectorRunning: {
    name: 'docket_projector_running',
    kind: 'gauge',
    help: "1 while the server's projector process runs, also where it stands by for another one; else 0.",
  },
  projectorRestarts: {
    name: 'docket_projector_restarts_total',
    kind: 'counter',
    help: 'How often the server started its projector process again after it had ended.',
  },
} as const satisfies Record<string, MetricDefinition>;

/** Read whenever somebody asks. */
export interface Health {
  readonly engineFailed: boolean;
  readonly projectorRunning: boolean;
  readonly projectorRestarts: number;
}

export function addHealth(registry: MetricsRegistry, read: () => Health): void {
  registry.value(healthMetrics.engineFailed, () => (read().engineFailed ? 1 : 0));
  registry.value(healthMetrics.projectorRunning, () => (read().projectorRunning ? 1 : 0));
  registry.value(healthMetrics.projectorRestarts, () => read().projectorRestarts);
}
