/**
 * What a process takes of its machine: processor, memory, files, the event loop and the garbage collector.
 * prom-client has such metrics too, but two of them mislead: of the collector's work it sees one entry of
 * each batch, and its delays of the event loop begin anew at every scrape, so that two readers spoil each
 * other's figures. Here every entry counts, and delays are those of a window of their own.
 */
import { readdir, readFile } from 'node:fs/promises';
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Buckets } from './buckets.ts';
import type { Labels, MetricDefinition, MetricsRegistry, Reading } from './registry.ts';

/** Delays of the event loop are those of the last whole window of this length. */
export const delayWindowMs = 10_000;
const delayResolutionMs = 20;
const delayPercentiles = [50, 90, 99, 100];
const gcBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const process_ = 'server, projector';

export const runtimeMetrics = {
  cpu: {
    name: 'process_cpu_seconds_total',
    kind: 'counter',
    help: 'Processor time, of user and system.',
    labels: { process: process_ },
  },
  started: {
    name: 'process_start_time_seconds',
    kind: 'gauge',
    help: 'When the process was started, in seconds since the epoch.',
    labels: { process: process_ },
  },
  resident: {
    name: 'process_resident_memory_bytes',
    kind: 'gauge',
    help: 'Memory that the process holds.',
    labels: { process: process_ },
  },
  openFiles: {
    name: 'process_open_fds',
    kind: 'gauge',
    help: 'File descriptors that are open, connections included.',
    labels: { process: process_ },
    where: 'Linux',
  },
  openFilesMax: {
    name: 'process_max_fds',
    kind: 'gauge',
    help: 'How many file descriptors may be open.',
    labels: { process: process_ },
    where: 'Linux, where there is a limit',
  },
  loopDelay: {
    name: 'nodejs_eventloop_delay_seconds',
    kind: 'gauge',
    help: `How late the event loop was, over a window of ${delayWindowMs / 1_000} seconds.`,
    labels: { process: process_, percentile: `${delayPercentiles.join(', ')}; 100 is the longest` },
  },
  gc: {
    name: 'docket_gc_duration_seconds',
    kind: 'histogram',
    help: 'Pauses of the garbage collector.',
    labels: { process: process_, kind: 'major, minor, incremental, weak' },
  },
  heapAfterMajor: {
    name: 'docket_heap_after_major_gc_bytes',
    kind: 'gauge',
    help: 'Memory that was in use just after the last major garbage collection.',
    labels: { process: process_ },
    where: 'after the first of them',
  },
  heap: {
    name: 'docket_heap_bytes',
    kind: 'gauge',
    help: 'Memory of the JavaScript heap that is in use, garbage included.',
    labels: { process: process_ },
  },
  heapLimit: {
    name: 'docket_heap_limit_bytes',
    kind: 'gauge',
    help: 'How large the JavaScript heap may become.',
    labels: { process: process_ },
  },
} as const satisfies Record<string, MetricDefinition>;

export type ProcessName = 'server' | 'projector';

const kindsOfGc: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak'],
]);

/** Registers what is to be known of this process; what is returned ends the watching. */
export function watchRuntime(registry: MetricsRegistry, name: ProcessName): () => void {
  const labels = { process: name };
  const one = (definition: MetricDefinition, read: () => number) =>
    registry.value(definition, () => [[labels, read()]]);
  one(runtimeMetrics.cpu, cpuSeconds);
  one(runtimeMetrics.started, () => performance.timeOrigin / 1_000);
  one(runtimeMetrics.resident, () => process.memoryUsage.rss());
  one(runtimeMetrics.heap, () => getHeapStatistics().used_heap_size);
  one(runtimeMetrics.heapLimit, () => getHeapStatistics().heap_size_limit);
  registry.value(runtimeMetrics.openFiles, () => openFiles(labels));
  registry.value(runtimeMetrics.openFilesMax, () => openFilesMax(labels));
  const collector = new CollectorWatch();
  registry.histogram(runtimeMetrics.gc, () =>
    [...collector.pauses].map(([kind, seconds]) => [{ ...labels, kind }, seconds]),
  );
  registry.value(runtimeMetrics.heapAfterMajor, () =>
    collector.heapAfterMajor === undefined ? [] : [[labels, collector.heapAfterMajor]],
  );
  const delays = new DelayWatch();
  registry.value(runtimeMetrics.loopDelay, () =>
    delays.present.map(([percentile, seconds]) => [{ ...labels, percentile: String(percentile) }, seconds]),
  );
  return () => {
    collector.stop();
    delays.stop();
  };
}

/** Counts every pause of the garbage collector. */
class CollectorWatch {
  readonly pauses = new Map([...kindsOfGc.values()].map((kind) => [kind, new Buckets(gcBounds)]));
  heapAfterMajor: number | undefined;
  readonly #observer: PerformanceObserver;

  constructor() {
    this.#observer = new PerformanceObserver((list) => {
      // One call may bring many.
      for (const entry of list.getEntries()) this.#count(entry.duration, kindOf(entry));
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.#observer.disconnect();
  }

  #count(ms: number, kind: string): void {
    this.pauses.get(kind)?.observe(ms / 1_000);
    if (kind === 'major') this.heapAfterMajor = getHeapStatistics().used_heap_size;
  }
}

function kindOf(entry: object): string {
  const detail: unknown = 'detail' in entry ? entry.detail : undefined;
  if (typeof detail !== 'object' || detail === null || !('kind' in detail)) return '';
  return kindsOfGc.get(Number(detail.kind)) ?? '';
}

/** How late the event loop is, window by window. */
class DelayWatch {
  /** Of the last whole window; empty until there is one. */
  present: readonly (readonly [percentile: number, seconds: number])[] = [];
  readonly #monitor = monitorEventLoopDelay({ resolution: delayResolutionMs });
  readonly #window: NodeJS.Timeout;

  constructor() {
    this.#monitor.enable();
    this.#window = setInterval(() => this.#endWindow(), delayWindowMs);
    this.#window.unref();
  }

  stop(): void {
    clearInterval(this.#window);
    this.#monitor.disable();
  }

  #endWindow(): void {
    // What is recorded is the time between two looks, which are so far apart by themselves.
    this.present = delayPercentiles.map((percentile) => {
      const ms = this.#monitor.percentile(percentile) / 1e6 - delayResolutionMs;
      return [percentile, Math.max(0, ms) / 1_000];
    });
    this.#monitor.reset();
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function openFiles(labels: Labels): Promise<Reading> {
  const files = await readdir('/proc/self/fd').catch(() => undefined);
  return files === undefined ? undefined : [[labels, files.length]];
}

async function openFilesMax(labels: Labels): Promise<Reading> {
  const text = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(text) ?? [];
  return soft === undefined ? undefined : [[labels, Number(soft)]];
}
