/**
 * A snapshot as the text that Prometheus reads, in either of its two formats. The spelling is prom-client's.
 */
import { Gauge, Registry, type RegistryContentType } from 'prom-client';
import type { MetricFamily, MetricSample, MetricsSnapshot } from './snapshot.ts';

export interface Exposition {
  readonly mediaType: string;
  readonly text: string;
}

/** OpenMetrics, which alone can carry exemplars, where the reader asks for it; else text 0.0.4. */
export async function expose(snapshot: MetricsSnapshot, accept: string | undefined): Promise<Exposition> {
  const wantsOpenMetrics = accept?.includes('application/openmetrics-text') === true;
  const mediaType = wantsOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(mediaType);
  for (const family of snapshot) new GivenFamily(family, registry, wantsOpenMetrics);
  return { mediaType, text: await registry.metrics() };
}

/** A family whose samples are given: to prom-client a metric like any other, that is asked for its values. */
class GivenFamily extends Gauge {
  readonly #family: MetricFamily;
  readonly #name: string;

  constructor(family: MetricFamily, registry: Registry<RegistryContentType>, isOpenMetrics: boolean) {
    super({ name: family.name, help: family.help, registers: [registry] });
    this.#family = family;
    // In OpenMetrics `_total` belongs to the sample of a counter, to which prom-client adds it.
    const isBare = isOpenMetrics && family.kind === 'counter';
    this.#name = isBare ? family.name.replace(/_total$/, '') : family.name;
  }

  /** What prom-client writes a metric from. */
  async getForPromString() {
    const { help, kind, samples } = this.#family;
    return { name: this.#name, help, type: kind, values: samples.map((sample) => this.#valueOf(sample)) };
  }

  #valueOf({ suffix, labels, value, exemplar }: MetricSample) {
    const metricName = suffix === undefined ? this.#name : `${this.#name}${suffix}`;
    if (exemplar === undefined) return { metricName, labels, value };
    const { requestId, value: exemplary, atMs } = exemplar;
    const told = { labelSet: { request_id: requestId }, value: exemplary, timestamp: atMs / 1_000 };
    return { metricName, labels, value, exemplar: told };
  }
}
