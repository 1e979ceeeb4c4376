/** Deliveries of webhooks and what came of them, as the office that looks after them counts. */
import type { MetricDefinition, MetricsRegistry } from './registry.ts';

export const webhookMetrics = {
  deliveries: {
    name: 'docket_webhook_deliveries_total',
    kind: 'counter',
    help: 'Deliveries of webhooks.',
    labels: { source: 'as it is defined', result: 'applied, unchanged, duplicate, ignored, kept, refused' },
  },
  deadLetters: {
    name: 'docket_webhook_dead_letters',
    kind: 'gauge',
    help: 'Deliveries that could not be carried out and wait for somebody.',
    labels: { source: 'as it is defined' },
  },
} as const satisfies Record<string, MetricDefinition>;

type DeliveryResult = 'applied' | 'unchanged' | 'duplicate' | 'ignored' | 'kept' | 'refused';

export interface WebhookReadings {
  readonly name: string;
  readonly enabled: boolean;
  readonly deadLetters: number;
  readonly deliveries: Readonly<Record<DeliveryResult, number>>;
}

/** `sources` is called whenever somebody asks. Those that are off are not told. */
export function registerWebhooks(registry: MetricsRegistry, sources: () => readonly WebhookReadings[]): void {
  const enabled = () => sources().filter((source) => source.enabled);
  registry.value(webhookMetrics.deliveries, () =>
    enabled().flatMap(({ name: source, deliveries }) =>
      Object.entries(deliveries).map(([result, count]) => [{ source, result }, count] as const),
    ),
  );
  registry.value(webhookMetrics.deadLetters, () =>
    enabled().map(({ name: source, deadLetters }) => [{ source }, deadLetters]),
  );
}
