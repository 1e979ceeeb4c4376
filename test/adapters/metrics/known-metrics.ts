/** Every metric that Docket defines: what rules and panels may name. */
import type { MetricDefinition } from '../../../adapters/metrics/registry.ts';
import { allMetrics } from '../../../scripts/metric-list.ts';

/** Definitions by the names of their samples. */
export const knownSamples: ReadonlyMap<string, MetricDefinition> = new Map(
  allMetrics.flatMap((definition) =>
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
