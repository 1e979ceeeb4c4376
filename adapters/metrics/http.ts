/**
 * Requests as the HTTP server tells of them: how many, how they ended and how long they took, by route. Each
 * combination of route and method has plain counts of its own, found by two look-ups.
 */
import { Buckets, secondsBounds } from './buckets.ts';
import { LabelledCounts } from './labelled-counts.ts';
import type { Labels, MetricDefinition, MetricsRegistry } from './registry.ts';

const route = 'address as in the reference, such as `/v1/tickets/{ticketId}`; `unmatched` for all others';
const method = 'of HTTP; other where it is none that any route takes';

export const httpMetrics = {
  requests: {
    name: 'docket_http_requests_total',
    kind: 'counter',
    help: 'Requests that have ended, each once: also what was refused, is no HTTP, or was left by its caller.',
    labels: { method, route, status: 'of the answer; 499 where the caller left before there was one' },
  },
  seconds: {
    name: 'docket_http_request_duration_seconds',
    kind: 'histogram',
    help: 'From when the headers of a request had come until its answer was out; without streams.',
    labels: { method, route },
  },
  inFlight: {
    name: 'docket_http_requests_in_flight',
    kind: 'gauge',
    help: 'Requests that are being answered or wait for it; without health and streams.',
  },
  connections: {
    name: 'docket_http_connections',
    kind: 'gauge',
    help: 'Connections that are open.',
    labels: { protocol: 'http1, http2' },
  },
  connectionErrors: {
    name: 'docket_http_connection_errors_total',
    kind: 'counter',
    help: 'Connections that failed, came to none, or brought what is no HTTP.',
    labels: {
      code: 'as Node reports it: ECONNRESET, EPIPE, ETIMEDOUT, HPE_…; dropped: one too many; other',
    },
  },
  refused: {
    name: 'docket_http_refused_total',
    kind: 'counter',
    help: 'Requests that were refused because there were too many.',
    labels: {
      lane: 'read, write, bulk; none: of all kinds',
      reason: 'overload: more than can be answered; rate: more than one caller may; failed_credentials',
    },
  },
  limit: {
    name: 'docket_http_admission_limit',
    kind: 'gauge',
    help: 'How many requests are let in at once at present.',
    labels: { lane: 'read, write, bulk' },
  },
  waiting: {
    name: 'docket_http_admission_waiting',
    kind: 'gauge',
    help: 'Requests that wait to be let in.',
    labels: { lane: 'read, write, bulk' },
  },
  listeners: {
    name: 'docket_event_stream_listeners',
    kind: 'gauge',
    help: 'Streams of events that are open.',
  },
} as const satisfies Record<string, MetricDefinition>;

/** What is read of the server when somebody asks. */
export interface HttpReadings {
  readonly requests: number;
  readonly streams: number;
  readonly connections: Readonly<Record<'http1' | 'http2', number>>;
  readonly lanes: Readonly<Record<string, { readonly limit: number; readonly waiting: number }>>;
}

interface RouteCounts {
  readonly labels: Labels;
  readonly statuses: Map<number, number>;
  readonly seconds: Buckets;
}

export class HttpMetrics {
  /** By route, then by method. */
  readonly #routes = new Map<string, Map<string, RouteCounts>>();
  readonly #connectionErrors = new LabelledCounts(['code']);
  readonly #refused = new LabelledCounts(['lane', 'reason']);

  /** `ms` is undefined for what lasts as long as its caller likes, which is counted and not timed. */
  ended(
    requestMethod: string,
    template: string,
    status: number,
    ms: number | undefined,
    requestId: string | undefined,
  ): void {
    const { statuses, seconds } = this.#countsOf(requestMethod, template);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (ms === undefined) return;
    seconds.observe(ms / 1_000);
    if (requestId !== undefined) seconds.exemplify(ms / 1_000, requestId, Date.now());
  }

  refused(lane: string, reason: string): void {
    this.#refused.add([lane, reason]);
  }

  connectionFailed(code: string): void {
    this.#connectionErrors.add([code]);
  }

  /** `readings` is called whenever somebody asks; undefined until there is a server. */
  register(registry: MetricsRegistry, readings: () => HttpReadings | undefined): void {
    const of = httpMetrics;
    registry.value(of.requests, () => this.#requestSamples());
    registry.histogram(of.seconds, () => this.#all().map(({ labels, seconds }) => [labels, seconds]));
    registry.value(of.inFlight, () => readings()?.requests);
    registry.value(of.connections, () =>
      Object.entries(readings()?.connections ?? {}).map(([protocol, open]) => [{ protocol }, open]),
    );
    registry.value(of.connectionErrors, () => this.#connectionErrors.samples());
    registry.value(of.refused, () => this.#refused.samples());
    const lanes = () => Object.entries(readings()?.lanes ?? {});
    registry.value(of.limit, () => lanes().map(([lane, { limit }]) => [{ lane }, limit]));
    registry.value(of.waiting, () => lanes().map(([lane, { waiting }]) => [{ lane }, waiting]));
    registry.value(of.listeners, () => readings()?.streams);
  }

  #countsOf(requestMethod: string, template: string): RouteCounts {
    const known = this.#routes.get(template)?.get(requestMethod);
    if (known !== undefined) return known;
    const labels = { method: requestMethod, route: template };
    const made = { labels, statuses: new Map(), seconds: new Buckets(secondsBounds) };
    const methods = this.#routes.get(template) ?? new Map();
    this.#routes.set(template, methods.set(requestMethod, made));
    return made;
  }

  #all(): readonly RouteCounts[] {
    return [...this.#routes.values()].flatMap((methods) => [...methods.values()]);
  }

  #requestSamples(): readonly (readonly [Labels, number])[] {
    return this.#all().flatMap(({ labels, statuses }) =>
      [...statuses].map(([status, count]) => [{ ...labels, status: String(status) }, count] as const),
    );
  }
}
