/**
 * All metrics of a process at one moment, as plain JSON: what a scrape is written from, and what one process
 * hands to another that answers for both. It must never hold what JSON can not: every value is finite.
 */
import { z } from 'zod';

export const snapshotBounds = {
  familiesMax: 200,
  /** In all families together. */
  samplesMax: 20_000,
};

const exemplarSchema = z.object({
  /** OpenMetrics allows 128 characters in all; `request_id` is the one label. */
  requestId: z.string().max(100),
  value: z.number(),
  /** Milliseconds since the epoch. */
  atMs: z.number(),
});
/** One observation of a bucket that can be looked up by the id of its request. */
export type Exemplar = z.infer<typeof exemplarSchema>;

const sampleSchema = z.object({
  /** What a histogram's sample is called after the family's name; absent for other kinds. */
  suffix: z.enum(['_bucket', '_sum', '_count']).optional(),
  labels: z.record(z.string(), z.string()),
  value: z.number(),
  exemplar: exemplarSchema.optional(),
});
export type MetricSample = z.infer<typeof sampleSchema>;

const familySchema = z.object({
  /** With `_total` where it is a counter. */
  name: z.string(),
  help: z.string(),
  kind: z.enum(['counter', 'gauge', 'histogram']),
  samples: z.array(sampleSchema),
});
export type MetricFamily = z.infer<typeof familySchema>;
export type MetricKind = MetricFamily['kind'];

/** Each name once. */
export type MetricsSnapshot = readonly MetricFamily[];

const snapshotSchema = z.array(familySchema).max(snapshotBounds.familiesMax);

/** A snapshot that came from another process; undefined where it is none, or larger than one may be. */
export function readSnapshot(input: unknown): MetricsSnapshot | undefined {
  const result = snapshotSchema.safeParse(input);
  if (!result.success) return undefined;
  const samples = result.data.reduce((sum, family) => sum + family.samples.length, 0);
  return samples > snapshotBounds.samplesMax ? undefined : result.data;
}

/** Families of one name become one, with the samples of all: their labels keep the processes apart. */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  const merged = new Map<string, MetricFamily>();
  for (const family of snapshots.flat()) {
    const known = merged.get(family.name);
    if (known === undefined) merged.set(family.name, { ...family, samples: [...family.samples] });
    else known.samples.push(...family.samples);
  }
  return [...merged.values()];
}
