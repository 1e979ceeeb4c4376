/** Every metric that Docket defines: what rules and panels may name. */
import { databaseMetrics } from '../../../adapters/metrics/database.ts';
import { engineMetrics } from '../../../adapters/metrics/engine.ts';
import { healthMetrics } from '../../../adapters/metrics/health.ts';
import { httpMetrics } from '../../../adapters/metrics/http.ts';
import { logMetrics } from '../../../adapters/metrics/log.ts';
import { projectionLagMetrics } from '../../../adapters/metrics/projection-lag.ts';
import { projectorMetrics } from '../../../adapters/metrics/projector-metrics.ts';
import type { MetricDefinition } from '../../../adapters/metrics/registry.ts';
import { runtimeMetrics } from '../../../adapters/metrics/runtime.ts';
import { serverMetrics } from '../../../adapters/metrics/server.ts';
import { visibleCommandsMetrics } from '../../../adapters/metrics/visible-commands.ts';
import { webhookMetrics } from '../../../adapters/metrics/webhooks.ts';

const definitions: readonly MetricDefinition[] = [
  databaseMetrics,
  engineMetrics,
  healthMetrics,
  httpMetrics,
  logMetrics,
  projectionLagMetrics,
  projectorMetrics,
  runtimeMetrics,
  serverMetrics,
  visibleCommandsMetrics,
  webhookMetrics,
].flatMap((group) => Object.values(group));

/** Definitions by the names of their samples. */
export const knownSamples: ReadonlyMap<string, MetricDefinition> = new Map(
  definitions.flatMap((definition) =>
    definition.kind === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((suffix) => [definition.name + suffix, definition] as const)
      : [[definition.name, definition] as const],
  ),
);

/** The metrics that an expression asks for, without those that rules record. */
export function samplesIn(expression: string): readonly string[] {
  // A name that a word goes on before, as in `job:docket_x:rate5m`, is a recorded one.
  return [...expression.matchAll(/(?<![\w:])(?:docket|process|nodejs)_\w+(?![\w:(])/g)].map(([name]) => name);
}
