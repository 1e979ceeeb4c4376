/**
 * The figures of one instant of a running server, taken from what its exporter answers: small enough that a
 * week of them can be kept, and all that `docket doctor` judges it by. A figure that the exporter does not
 * tell is left out, never zero.
 */
import { z } from 'zod';
import { bucketsOf, bucketsSchema } from './buckets.ts';
import { type Exposition, sumOf } from './exposition.ts';

const figure = z.number().optional();
const histogram = bucketsSchema.optional();

/** Counters count from the start of the server; times are in seconds and sizes in bytes, as they are told. */
export const sampleSchema = z.object({
  atMs: z.number().nonnegative(),
  /** When the server was started: counters of two samples can be compared only where this is the same. */
  startedAtSeconds: figure,

  transitions: figure,
  /** Commands that were decided: accepted, rejected or answered as a repetition. */
  commandsAnswered: figure,
  /** Of them, rejected because others changed the same ticket at the same time. */
  commandsContended: figure,
  commandsUnanswered: figure,
  commandSeconds: histogram,
  logSyncSeconds: histogram,

  /** Requests that were answered, refused ones included. */
  requests: figure,
  /** Of them by answer: 429, 503, other 5xx, and none because their callers had gone (499). */
  requestsThrottled: figure,
  requestsOverloaded: figure,
  requestsFailed: figure,
  requestsAbandoned: figure,
  /** Being answered now, streams of events left out. */
  requestsInFlight: figure,
  requestSeconds: histogram,
  admissionWaiting: figure,
  connections: figure,
  /** Connections that broke: by ECONNRESET and EPIPE, by ETIMEDOUT, and by whatever it was. */
  connectionResets: figure,
  connectionTimeouts: figure,
  connectionErrors: figure,

  serverCpuSeconds: figure,
  serverResidentBytes: figure,
  serverHeapBytes: figure,
  serverHeapLimitBytes: figure,
  serverHeapAfterMajorGcBytes: figure,
  serverMajorCollections: figure,
  serverOpenFiles: figure,
  serverFilesMax: figure,
  serverEventLoopDelayP99Seconds: figure,
  projectorCpuSeconds: figure,
  projectorResidentBytes: figure,
  projectorHeapBytes: figure,
  projectorHeapLimitBytes: figure,
  projectorHeapAfterMajorGcBytes: figure,
  projectorMajorCollections: figure,

  projectorRunning: figure,
  /** Of the read model that is furthest behind. */
  lagEvents: figure,
  lagSeconds: figure,
  parkedTickets: figure,
  parkedOldestSeconds: figure,
  databaseActive: figure,
  databaseWaiting: figure,
  databaseSeconds: histogram,
  diskFreeBytes: figure,
});
export type Sample = z.infer<typeof sampleSchema>;

const server = { process: 'server' };
const projector = { process: 'projector' };

export function sampleOf(exposition: Exposition, atMs: number): Sample {
  return {
    atMs,
    startedAtSeconds: maxOf(exposition, 'process_start_time_seconds', server),
    ...commandFigures(exposition),
    ...requestFigures(exposition),
    ...processFigures(exposition),
    ...readModelFigures(exposition),
    diskFreeBytes: sumOf(exposition, 'docket_data_disk_free_bytes'),
  };
}

function commandFigures(exposition: Exposition): Partial<Sample> {
  const rejected = (labels = {}) => sumOf(exposition, 'docket_commands_rejected_total', labels);
  const accepted = sumOf(exposition, 'docket_commands_accepted_total');
  const contended = ['contention', 'revision_conflict'].map((reason) => rejected({ reason }) ?? 0);
  return {
    transitions: sumOf(exposition, 'docket_transitions_committed_total'),
    commandsAnswered: total([accepted, sumOf(exposition, 'docket_commands_deduplicated_total'), rejected()]),
    commandsContended: accepted === undefined ? undefined : contended.reduce((sum, each) => sum + each, 0),
    commandsUnanswered: sumOf(exposition, 'docket_engine_unanswered_commands'),
    commandSeconds: bucketsOf(exposition, 'docket_command_duration_seconds'),
    logSyncSeconds: bucketsOf(exposition, 'docket_log_sync_duration_seconds'),
  };
}

function requestFigures(exposition: Exposition): Partial<Sample> {
  const inFlight = sumOf(exposition, 'docket_http_requests_in_flight');
  // A counter with labels has no series before it first counts; beside a gauge that is told that means zero.
  const counted = (name: string, labels = {}) =>
    sumOf(exposition, name, labels) ?? (inFlight === undefined ? undefined : 0);
  const answered = (status: string) => counted('docket_http_requests_total', { status });
  const errors = (code: string) => counted('docket_http_connection_errors_total', { code });
  const requests = exposition.get('docket_http_requests_total') ?? [];
  const failed = requests.filter(({ labels }) => /^5/.test(labels.status ?? '') && labels.status !== '503');
  return {
    requests: counted('docket_http_requests_total'),
    requestsThrottled: answered('429'),
    requestsOverloaded: answered('503'),
    requestsFailed: inFlight === undefined ? undefined : failed.reduce((sum, { value }) => sum + value, 0),
    requestsAbandoned: answered('499'),
    requestsInFlight: inFlight,
    requestSeconds: bucketsOf(exposition, 'docket_http_request_duration_seconds'),
    admissionWaiting: sumOf(exposition, 'docket_http_admission_waiting'),
    connections: sumOf(exposition, 'docket_http_connections'),
    connectionResets: total([errors('ECONNRESET'), errors('EPIPE')]),
    connectionTimeouts: errors('ETIMEDOUT'),
    connectionErrors: counted('docket_http_connection_errors_total'),
  };
}

function processFigures(exposition: Exposition): Partial<Sample> {
  const of = (name: string, labels: Readonly<Record<string, string>>) => sumOf(exposition, name, labels);
  const collections = (process: string) =>
    sumOf(exposition, 'docket_gc_duration_seconds_count', { process, kind: 'major' });
  return {
    serverCpuSeconds: of('process_cpu_seconds_total', server),
    serverResidentBytes: of('process_resident_memory_bytes', server),
    serverHeapBytes: of('docket_heap_bytes', server),
    serverHeapLimitBytes: of('docket_heap_limit_bytes', server),
    serverHeapAfterMajorGcBytes: of('docket_heap_after_major_gc_bytes', server),
    serverMajorCollections: collections('server'),
    serverOpenFiles: of('process_open_fds', server),
    serverFilesMax: of('process_max_fds', server),
    serverEventLoopDelayP99Seconds: of('nodejs_eventloop_delay_seconds', { ...server, percentile: '99' }),
    projectorCpuSeconds: of('process_cpu_seconds_total', projector),
    projectorResidentBytes: of('process_resident_memory_bytes', projector),
    projectorHeapBytes: of('docket_heap_bytes', projector),
    projectorHeapLimitBytes: of('docket_heap_limit_bytes', projector),
    projectorHeapAfterMajorGcBytes: of('docket_heap_after_major_gc_bytes', projector),
    projectorMajorCollections: collections('projector'),
  };
}

function readModelFigures(exposition: Exposition): Partial<Sample> {
  return {
    projectorRunning: sumOf(exposition, 'docket_projector_running'),
    lagEvents: maxOf(exposition, 'docket_projection_lag_events'),
    lagSeconds: maxOf(exposition, 'docket_projection_lag_seconds'),
    parkedTickets: sumOf(exposition, 'docket_projection_parked_tickets'),
    parkedOldestSeconds: maxOf(exposition, 'docket_projection_parked_oldest_seconds'),
    databaseActive: sumOf(exposition, 'docket_database_connections', { state: 'active' }),
    databaseWaiting: sumOf(exposition, 'docket_database_waiting'),
    databaseSeconds: bucketsOf(exposition, 'docket_database_query_duration_seconds'),
  };
}

/** The largest of all series of a name that have these labels, or do not have that label at all. */
function maxOf(
  exposition: Exposition,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const fitting = (exposition.get(name) ?? []).filter((series) =>
    wanted.every(([key, value]) => series.labels[key] === undefined || series.labels[key] === value),
  );
  return fitting.length === 0 ? undefined : Math.max(...fitting.map(({ value }) => value));
}

/** Of what is told; undefined where nothing is. */
function total(values: readonly (number | undefined)[]): number | undefined {
  const told = values.filter((value) => value !== undefined);
  return told.length === 0 ? undefined : told.reduce((sum, value) => sum + value, 0);
}
