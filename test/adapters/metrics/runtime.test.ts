/** What is told of a process agrees with what can be seen of it otherwise. */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { expect, it } from 'vitest';
import { createRegistry, type MetricsRegistry } from '../../../adapters/metrics/registry.ts';
import { watchRuntime } from '../../../adapters/metrics/runtime.ts';

async function readingOf(registry: MetricsRegistry, name: string, suffix?: string): Promise<number> {
  const family = (await registry.snapshot()).find((each) => each.name === name);
  const fitting = family?.samples.filter((sample) => sample.suffix === suffix) ?? [];
  return fitting.reduce((sum, { value }) => sum + value, 0);
}

it('tells processor, memory, files and the collector, with the name of the process', async () => {
  const registry = createRegistry();
  const stop = watchRuntime(registry, 'projector');
  try {
    const before = process.cpuUsage();
    const cpu = await readingOf(registry, 'process_cpu_seconds_total');
    expect(cpu).toBeGreaterThanOrEqual((before.user + before.system) / 1e6);
    expect(await readingOf(registry, 'process_resident_memory_bytes')).toBeGreaterThan(10e6);
    const started = await readingOf(registry, 'process_start_time_seconds');
    expect(Math.abs(Date.now() / 1_000 - process.uptime() - started)).toBeLessThan(5);
    if (process.platform === 'linux') {
      const files = readdirSync('/proc/self/fd').length;
      expect(Math.abs((await readingOf(registry, 'process_open_fds')) - files)).toBeLessThan(10);
    }
    const samples = (await registry.snapshot()).flatMap((family) => family.samples);
    const labelled = samples.filter(({ labels }) => labels.process === 'projector');
    expect(samples.length - labelled.length, 'of the registry itself').toBe(1);
  } finally {
    stop();
  }
});

it('counts every pause of the collector, also where one call of the observer brings many', async () => {
  const registry = createRegistry();
  const stop = watchRuntime(registry, 'server');
  try {
    const before = await readingOf(registry, 'docket_gc_duration_seconds', '_count');
    setFlagsFromString('--expose-gc');
    const gc = createRequire(import.meta.url)('node:vm').runInNewContext('gc');
    // In one turn of the loop: the observer hears of all of them at once.
    for (let times = 0; times < 10; times += 1) gc();
    await sleep(50);
    const after = await readingOf(registry, 'docket_gc_duration_seconds', '_count');
    expect(after - before).toBeGreaterThanOrEqual(10);
    expect(await readingOf(registry, 'docket_heap_after_major_gc_bytes')).toBeGreaterThan(1e6);
  } finally {
    stop();
  }
});
