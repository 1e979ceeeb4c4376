/** What a registry tells: its own metrics and those of other processes, whatever becomes of single ones. */
import { expect, it } from 'vitest';
import { Buckets } from '../../../adapters/metrics/buckets.ts';
import { LabelledCounts } from '../../../adapters/metrics/labelled-counts.ts';
import {
  createRegistry,
  type MetricDefinition,
  snapshotOf,
  sourceMsMax,
} from '../../../adapters/metrics/registry.ts';
import { readSnapshot, snapshotBounds } from '../../../adapters/metrics/snapshot.ts';

const memory: MetricDefinition = { name: 'process_memory_bytes', kind: 'gauge', help: 'Memory.' };
const pauses: MetricDefinition = { name: 'pause_seconds', kind: 'histogram', help: 'Pauses.' };

it('tells the metrics of another process as if they were its own, apart by their labels', async () => {
  const [server, projector] = [createRegistry(), createRegistry()];
  server.value(memory, () => [[{ process: 'server' }, 1]]);
  projector.value(memory, async () => [[{ process: 'projector' }, 2]]);
  const counted = new Buckets([1]);
  counted.observe(0.5);
  counted.exemplify(0.5, 'r-1', 12);
  projector.histogram(pauses, () => [[{ process: 'projector' }, counted]]);
  // As it comes over a channel between processes.
  server.addSource(async () => readSnapshot(JSON.parse(JSON.stringify(await snapshotOf(projector)))));
  const families = await server.snapshot();
  expect(families.find(({ name }) => name === memory.name)?.samples).toEqual([
    { labels: { process: 'server' }, value: 1 },
    { labels: { process: 'projector' }, value: 2 },
  ]);
  expect(families.find(({ name }) => name === pauses.name)?.samples[0]).toEqual({
    suffix: '_bucket',
    labels: { process: 'projector', le: '1' },
    value: 1,
    exemplar: { requestId: 'r-1', value: 0.5, atMs: 12 },
  });
  expect(families.map(({ name }) => name)).toHaveLength(new Set(families.map(({ name }) => name)).size);
});

it('tells the rest where one metric or process can not be read, and counts that', async () => {
  const registry = createRegistry();
  registry.value(memory, () => 7);
  registry.value({ ...memory, name: 'broken_bytes' }, () => {
    throw new Error('no');
  });
  registry.value({ ...memory, name: 'late_bytes' }, () => Promise.reject(new Error('no')));
  registry.value({ ...memory, name: 'absent_bytes' }, () => undefined);
  registry.value({ ...memory, name: 'share_ratio' }, () => Number.NaN);
  registry.addSource(() => Promise.reject(new Error('gone')));
  registry.addSource(() => new Promise(() => undefined));
  const startedAtMs = performance.now();
  await registry.snapshot();
  expect(performance.now() - startedAtMs).toBeLessThan(3 * sourceMsMax);
  const families = await registry.snapshot();
  expect(families.map(({ name, samples }) => [name, samples[0]?.value])).toEqual([
    ['docket_metrics_failures_total', 4],
    [memory.name, 7],
  ]);
});

it('refuses a name that is taken or none', () => {
  const registry = createRegistry();
  registry.value(memory, () => 1);
  expect(() => registry.value(memory, () => 2)).toThrow('there is a metric process_memory_bytes already');
  expect(() => registry.value({ ...memory, name: 'a-b' }, () => 2)).toThrow('can not be the name');
});

it('takes no snapshot that is none, or too large', () => {
  const family = { name: 'a', help: 'a', kind: 'gauge', samples: [{ labels: {}, value: 1 }] };
  expect(readSnapshot([family])).toEqual([family]);
  expect(readSnapshot([{ ...family, samples: [{ labels: {}, value: null }] }])).toBeUndefined();
  expect(readSnapshot('nonsense')).toBeUndefined();
  const samples = Array.from({ length: snapshotBounds.samplesMax + 1 }, () => family.samples[0]);
  expect(readSnapshot([{ ...family, samples }])).toBeUndefined();
});

it('counts what has too many different labels as other, and loses none of it', () => {
  const counts = new LabelledCounts(['a', 'b']);
  for (let index = 0; index < 12_000; index += 1) counts.add([`a${index % 100}`, `b${index}`]);
  const samples = counts.samples();
  expect(samples.length).toBeLessThan(6_000);
  expect(samples.reduce((sum, [, count]) => sum + count, 0)).toBe(12_000);
  expect(samples.some(([{ b }]) => b === 'other')).toBe(true);
});
