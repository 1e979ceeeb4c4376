/** The connections of this process to PostgreSQL that its parts share, and the statements on them. */
import { Buckets, secondsBounds } from './buckets.ts';
import { LabelledCounts } from './labelled-counts.ts';
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

export const databaseMetrics = {
  connections: {
    name: 'docket_database_connections',
    kind: 'gauge',
    help: 'Connections to PostgreSQL that are shared.',
    labels: { state: 'active: in use; idle' },
  },
  max: {
    name: 'docket_database_connections_max',
    kind: 'gauge',
    help: 'How many connections may be open at once.',
  },
  waiting: {
    name: 'docket_database_waiting',
    kind: 'gauge',
    help: 'Callers that wait for a connection.',
  },
  seconds: {
    name: 'docket_database_query_duration_seconds',
    kind: 'histogram',
    help: 'From when a statement was sent until it was answered.',
  },
  errors: {
    name: 'docket_database_errors_total',
    kind: 'counter',
    help: 'Statements and connections that failed.',
    labels: { class: 'first two characters of the SQLSTATE; connection: lost, or not had in time' },
  },
} as const satisfies Record<string, MetricDefinition>;

/** A set of connections at present. */
export interface PoolReadings {
  readonly active: number;
  readonly idle: number;
  readonly max: number;
  readonly waiting: number;
}

export class DatabaseMetrics {
  readonly #seconds = new Buckets(secondsBounds);
  readonly #errors = new LabelledCounts(['class']);

  answered(ms: number): void {
    this.#seconds.observe(ms / 1_000);
  }

  failed(errorClass: string): void {
    this.#errors.add([errorClass]);
  }

  /** `pools` is called whenever somebody asks: all pools of the process, which are told as one. */
  register(registry: MetricsRegistry, pools: () => readonly PoolReadings[]): void {
    const of = databaseMetrics;
    const sum = (figure: keyof PoolReadings) => pools().reduce((total, pool) => total + pool[figure], 0);
    registry.value(of.connections, () => [
      [{ state: 'active' }, sum('active')],
      [{ state: 'idle' }, sum('idle')],
    ]);
    registry.value(of.max, () => sum('max'));
    registry.value(of.waiting, () => sum('waiting'));
    registry.histogram(of.seconds, () => this.#seconds);
    registry.value(of.errors, () => this.#errors.samples());
  }
}
