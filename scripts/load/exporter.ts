/**
 * What a server says of itself on its metrics port (docs/metrics.md has the names), as the resource rows hold
 * it. A figure that a server does not tell is undefined: an older one, or one without an exporter, is no
 * reason to stop.
 */
import { type Exposition, readExposition, sumOf } from '../measuring/exposition.ts';
import type { ResourceRow } from './result.ts';

export type ExporterFigures = Pick<
  ResourceRow,
  | 'heapAfterMajorGcBytes'
  | 'majorCollections'
  | 'eventLoopDelayP99Ms'
  | 'openFiles'
  | 'databaseConnections'
  | 'lagEvents'
  | 'lagSeconds'
  | 'position'
>;

/** Counts of a histogram up to each bound in seconds, in the order of the bounds. */
export type Buckets = readonly { readonly upTo: number; readonly count: number }[];

export interface Scraped {
  readonly figures: ExporterFigures;
  /** The database's statements since the server started. */
  readonly database: Buckets;
}

const answerBytesMax = 8 * 1024 * 1024;

/** Undefined where the exporter can not be reached, or takes longer than `msMax`. */
export async function scrape(metricsUrl: string, msMax: number): Promise<Exposition | undefined> {
  try {
    const answer = await fetch(metricsUrl, { signal: AbortSignal.timeout(msMax) });
    const text = await answer.text();
    return answer.ok && text.length <= answerBytesMax ? readExposition(text) : undefined;
  } catch {
    return undefined;
  }
}

/** Of all servers together: sums, but of what they share the highest. */
export function figuresOf(expositions: readonly Exposition[]): Scraped {
  const server = { process: 'server' };
  const summed = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    total(expositions.map((each) => sumOf(each, name, labels)));
  const highest = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    most(expositions.flatMap((each) => valuesOf(each, name, labels)));
  const delaySeconds = highest('nodejs_eventloop_delay_seconds', { ...server, percentile: '99' });
  return {
    figures: {
      heapAfterMajorGcBytes: summed('docket_heap_after_major_gc_bytes', server),
      majorCollections: summed('docket_gc_duration_seconds_count', { ...server, kind: 'major' }),
      eventLoopDelayP99Ms: delaySeconds === undefined ? undefined : delaySeconds * 1_000,
      openFiles: summed('process_open_fds', server),
      databaseConnections: summed('docket_database_connections'),
      lagEvents: highest('docket_projection_lag_events'),
      lagSeconds: highest('docket_projection_lag_seconds'),
      position: highest('docket_log_position'),
    },
    database: bucketsOf(expositions, 'docket_database_query_duration_seconds'),
  };
}

function bucketsOf(expositions: readonly Exposition[], name: string): Buckets {
  const counts = new Map<number, number>();
  for (const exposition of expositions) {
    for (const { labels, value } of exposition.get(`${name}_bucket`) ?? []) {
      const upTo = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      counts.set(upTo, (counts.get(upTo) ?? 0) + value);
    }
  }
  return [...counts].map(([upTo, count]) => ({ upTo, count })).toSorted((a, b) => a.upTo - b.upTo);
}

/**
 * The quantile, in seconds, of what was counted between two looks, linear within its bucket as Prometheus'
 * histogram_quantile has it; beyond the last bound that bound. Undefined where nothing was counted.
 */
export function quantileBetween(before: Buckets, after: Buckets, quantile: number): number | undefined {
  const earlier = new Map(before.map(({ upTo, count }) => [upTo, count]));
  const counted = after.map(({ upTo, count }) => ({ upTo, count: count - (earlier.get(upTo) ?? 0) }));
  const all = counted.at(-1)?.count ?? 0;
  if (!(all > 0)) return undefined;
  const wanted = quantile * all;
  let [from, below] = [0, 0];
  for (const { upTo, count } of counted) {
    if (count >= wanted) {
      if (upTo === Number.POSITIVE_INFINITY) return from;
      return from + ((upTo - from) * (wanted - below)) / Math.max(1, count - below);
    }
    [from, below] = [upTo, count];
  }
  return from;
}

function valuesOf(
  exposition: Exposition,
  name: string,
  labels: Readonly<Record<string, string>>,
): readonly number[] {
  const wanted = Object.entries(labels);
  return (exposition.get(name) ?? [])
    .filter((series) => wanted.every(([key, value]) => series.labels[key] === value))
    .map(({ value }) => value)
    .filter((value) => Number.isFinite(value));
}

function total(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}

function most(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values);
}
