/**
 * The metrics of one process: what each is called and means, and where its present value is read. Values are
 * kept where they arise, as plain numbers, and read only when somebody asks: so nothing that is measured pays
 * for being measured. There is no registry that all of a process shares: whoever measures is given one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { validateMetricName } from 'prom-client';
import type { Buckets } from './buckets.ts';
import {
  type MetricFamily,
  type MetricKind,
  type MetricSample,
  type MetricsSnapshot,
  mergeSnapshots,
} from './snapshot.ts';

/** How long another process may take to tell its metrics; later ones are left out of this answer. */
export const sourceMsMax = 1_000;

export interface MetricDefinition {
  /** With its unit and, for a counter, `_total`. */
  readonly name: string;
  readonly kind: MetricKind;
  /** One sentence: what is counted, in which unit. */
  readonly help: string;
  /** Labels and what they tell apart. Their values come from closed sets, never from callers. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When it is there, where it is not always. */
  readonly where?: string;
}

export type Labels = Readonly<Record<string, string>>;
/** A single value, or one for each combination of labels; undefined where there is none at present. */
export type Reading = number | readonly (readonly [Labels, number])[] | undefined;
export type BucketsReading = Buckets | readonly (readonly [Labels, Buckets])[];
export type SnapshotSource = () => Promise<MetricsSnapshot | undefined>;

const failuresDefinition: MetricDefinition = {
  name: 'docket_metrics_failures_total',
  kind: 'counter',
  help: 'Metrics, or whole processes, that could not be read when they were asked for.',
};
export const registryMetrics: readonly MetricDefinition[] = [failuresDefinition];

interface Entry {
  readonly definition: MetricDefinition;
  read(): readonly MetricSample[] | Promise<readonly MetricSample[]>;
}

export class MetricsRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #sources: SnapshotSource[] = [];
  #failures = 0;

  constructor() {
    this.value(failuresDefinition, () => this.#failures);
  }

  /** What is defined here, without what other processes tell. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#entries.values()].map(({ definition }) => definition);
  }

  /** A counter or a gauge. Throws a TypeError for a name that is taken or none. */
  value(definition: MetricDefinition, read: () => Reading | Promise<Reading>): void {
    this.#add({
      definition,
      read: () => {
        const reading = read();
        return reading instanceof Promise ? reading.then(valueSamples) : valueSamples(reading);
      },
    });
  }

  /** A histogram. Throws a TypeError for a name that is taken or none. */
  histogram(definition: MetricDefinition, read: () => BucketsReading): void {
    this.#add({ definition, read: () => bucketSamples(read()) });
  }

  /** Asks another process too, each time. */
  addSource(source: SnapshotSource): void {
    this.#sources.push(source);
  }

  /** The present values. What can not be read is left out and counted: one failure must not hide the rest. */
  async snapshot(): Promise<MetricsSnapshot> {
    const own = await Promise.all([...this.#entries.values()].map((entry) => this.#familyOf(entry)));
    const others = await Promise.all(this.#sources.map((source) => this.#snapshotOf(source)));
    return mergeSnapshots([own.filter(({ samples }) => samples.length > 0), ...others]);
  }

  #add(entry: Entry): void {
    const { name } = entry.definition;
    if (!validateMetricName(name)) throw new TypeError(`${name} can not be the name of a metric`);
    if (this.#entries.has(name)) throw new TypeError(`there is a metric ${name} already`);
    this.#entries.set(name, entry);
  }

  async #familyOf({ definition, read }: Entry): Promise<MetricFamily> {
    const { name, help, kind } = definition;
    try {
      return { name, help, kind, samples: [...(await read())] };
    } catch {
      this.#failures += 1;
      return { name, help, kind, samples: [] };
    }
  }

  async #snapshotOf(source: SnapshotSource): Promise<MetricsSnapshot> {
    const answered = new AbortController();
    const late = sleep(sourceMsMax, undefined, { signal: answered.signal }).catch(() => undefined);
    try {
      const snapshot = await Promise.race([source(), late]);
      if (snapshot !== undefined) return snapshot;
    } catch {
      // Counted below, like an answer that did not come.
    } finally {
      answered.abort();
    }
    this.#failures += 1;
    return [];
  }
}

export function createRegistry(): MetricsRegistry {
  return new MetricsRegistry();
}

/** What a process hands to the one that answers for it; fit for JSON. */
export function snapshotOf(registry: MetricsRegistry): Promise<MetricsSnapshot> {
  return registry.snapshot();
}

/** What is no number, as a share of nothing, is not told. */
function valueSamples(reading: Reading): readonly MetricSample[] {
  if (reading === undefined) return [];
  const values = typeof reading === 'number' ? [[{}, reading] as const] : reading;
  return values.flatMap(([labels, value]) => (Number.isFinite(value) ? [{ labels, value }] : []));
}

function bucketSamples(reading: BucketsReading): readonly MetricSample[] {
  if (!('forEach' in reading)) return reading.samples({});
  return reading.flatMap(([labels, buckets]) => buckets.samples(labels));
}
