/**
 * What a projector does, as metrics: how large its batches are and what their time goes to. Lives in the
 * process that projects.
 */
import type { Progress } from '../../projections/partition-projector.ts';
import { Buckets, countBounds, secondsBounds } from './buckets.ts';
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

/** A batch far behind the log's end has 65,536 events. */
const batchBounds = [...countBounds, 16_384, 32_768, 65_536];

export const projectorMetrics = {
  batchEvents: {
    name: 'docket_projection_batch_events',
    kind: 'histogram',
    help: 'Events of one transaction that moves read models on.',
  },
  batchDuration: {
    name: 'docket_projection_batch_duration_seconds',
    kind: 'histogram',
    help: 'How long a batch of events took to become rows in memory (fold), and to be committed (commit).',
    labels: { stage: 'fold or commit; the fold of one batch goes on beside the commit of the one before' },
  },
} as const satisfies Record<string, MetricDefinition>;

/** What is returned is to be told of each batch, as `ProjectorOptions.onProgress` is. */
export function addProjectorMetrics(registry: MetricsRegistry): (progress: Progress) => void {
  const events = new Buckets(batchBounds);
  const fold = new Buckets(secondsBounds);
  const commit = new Buckets(secondsBounds);
  registry.histogram(projectorMetrics.batchEvents, () => events);
  registry.histogram(projectorMetrics.batchDuration, () => [
    [{ stage: 'fold' }, fold],
    [{ stage: 'commit' }, commit],
  ]);
  return (progress) => {
    events.observe(progress.events);
    fold.observe(progress.foldMs / 1_000);
    commit.observe(progress.commitMs / 1_000);
  };
}
