/**
 * What a projector's process measures of itself. One that a server started tells that server; one that was
 * started by hand can be scraped by itself, and then tells how far the read models are too.
 */
import { addProjectionLag } from '../../adapters/metrics/projection-lag.ts';
import { addProjectorMetrics } from '../../adapters/metrics/projector-metrics.ts';
import { createRegistry, type MetricsRegistry } from '../../adapters/metrics/registry.ts';
import { watchRuntime } from '../../adapters/metrics/runtime.ts';
import type { EventReader } from '../../domain/ports.ts';
import { liveLag } from '../../projections/live-lag.ts';
import type { Progress } from '../../projections/partition-projector.ts';
import type { Database } from '../../projections/sql.ts';
import { note } from '../cli/output.ts';
import { listenForMetrics } from './metrics.ts';
import { systemClock } from './system.ts';

export interface ProjectorMetrics {
  readonly registry: MetricsRegistry;
  /** To be told of each batch. */
  onProgress(progress: Progress): void;
  stop(): void;
}

export function measureProjector(): ProjectorMetrics {
  const registry = createRegistry();
  const onProgress = addProjectorMetrics(registry);
  return { registry, onProgress, stop: watchRuntime(registry, 'projector') };
}

/**
 * Lets this machine read them on the port, as far as one was asked for. Throws `Fault('server_unreachable')`
 * where it is taken.
 */
export async function exposeProjector(
  { registry }: ProjectorMetrics,
  { database, reader }: { readonly database: Database; readonly reader: EventReader },
  metricsPort: number | undefined,
  stack: AsyncDisposableStack,
): Promise<void> {
  if (metricsPort === undefined) return;
  addProjectionLag(registry, () => liveLag(database, reader, systemClock.now()));
  const at = { metrics: true, metricsHost: '127.0.0.1', metricsPort, portAsked: true };
  note(`docket: metrics at ${await listenForMetrics(at, registry, stack)}`);
}
