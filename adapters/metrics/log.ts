/** What the log did to make events durable, how far it reaches, and what it takes on the disk. */
import { Buckets, bytesBounds, secondsBounds } from './buckets.ts';
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

export const logMetrics = {
  syncSeconds: {
    name: 'docket_log_sync_duration_seconds',
    kind: 'histogram',
    help: 'What making a batch durable took: fdatasync, or on PostgreSQL the statement that commits it.',
  },
  syncBytes: {
    name: 'docket_log_sync_bytes',
    kind: 'histogram',
    help: 'Bytes that were made durable at once.',
  },
  position: {
    name: 'docket_log_position',
    kind: 'gauge',
    help: 'Position of the last durable event, whoever appended it.',
    labels: { partition: 'of the log' },
  },
  bytes: {
    name: 'docket_log_bytes',
    kind: 'gauge',
    help: 'What the files of the log take.',
    where: 'logs in files',
  },
} as const satisfies Record<string, MetricDefinition>;

/** What is read of the log when somebody asks. */
export interface LogReadings {
  readonly partitions: number;
  head(partition: number): Promise<number>;
  /** Undefined where it lies in no files. */
  bytes(): Promise<number | undefined>;
}

export class LogMetrics {
  readonly #syncSeconds = new Buckets(secondsBounds);
  readonly #syncBytes = new Buckets(bytesBounds);

  readonly synced = (ms: number, bytes: number): void => {
    this.#syncSeconds.observe(ms / 1_000);
    this.#syncBytes.observe(bytes);
  };

  /** `readings` is called whenever somebody asks; undefined until there is a log. */
  register(registry: MetricsRegistry, readings: () => LogReadings | undefined): void {
    registry.histogram(logMetrics.syncSeconds, () => this.#syncSeconds);
    registry.histogram(logMetrics.syncBytes, () => this.#syncBytes);
    registry.value(logMetrics.position, async () => {
      const log = readings();
      if (log === undefined) return undefined;
      const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
      return Promise.all(
        partitions.map(async (partition) => {
          return [{ partition: String(partition) }, await log.head(partition)] as const;
        }),
      );
    });
    registry.value(logMetrics.bytes, () => readings()?.bytes());
  }
}
