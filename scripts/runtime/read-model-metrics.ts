/**
 * What a server can tell of its read models: how far they are behind, what their projector does, and how long
 * a command takes to be visible in them. The projector is another process, and says so over its channel.
 */
import { addHealth } from '../../adapters/metrics/health.ts';
import { addProjectionLag } from '../../adapters/metrics/projection-lag.ts';
import type { MetricsRegistry } from '../../adapters/metrics/registry.ts';
import type { VisibleCommands } from '../../adapters/metrics/visible-commands.ts';
import { liveLag } from '../../projections/live-lag.ts';
import type { ProjectorProcess } from './projector-process.ts';
import type { ReadModelDatabase } from './read-models.ts';
import type { OpenEngine } from './sink.ts';
import { systemClock } from './system.ts';

export interface MeasuredReadModels {
  readonly engine: OpenEngine;
  readonly models: ReadModelDatabase;
  readonly projector: ProjectorProcess;
  readonly visible: VisibleCommands;
}

export function addReadModels(
  registry: MetricsRegistry,
  { engine: { engine, log }, models, projector, visible }: MeasuredReadModels,
): void {
  addHealth(registry, () => ({
    engineFailed: engine.failure !== undefined,
    projectorRunning: projector.running,
    projectorRestarts: projector.restarts,
  }));
  addProjectionLag(registry, () => liveLag(models.database, log, systemClock.now()));
  visible.addTo(registry);
  // One that is being started again has nothing to tell, which is no failure.
  registry.addSource(async () => (await projector.metrics()) ?? []);
}
