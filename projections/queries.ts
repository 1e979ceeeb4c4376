/**
 * The reads that the command line and the HTTP server need. Each answers from one snapshot and says the
 * position that it is true at.
 */
import type { ThroughputWindow } from '../domain/metrics/throughput.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import { instantText } from './instants.ts';
import type { Projection } from './projection.ts';
import type { Database, Queries } from './sql.ts';
import { qualifiedName } from './table.ts';
import { throughputProjection, throughputTables } from './throughput.ts';
import { type TicketRow, ticketProjection, ticketTable } from './ticket.ts';

/** Rows of one answer, whatever the caller asks for. */
export const answerRowsMax = 10_000;

export interface AsOf {
  /** How many events the answer holds. Positions have no gaps: with one partition, this is the last one's. */
  readonly position: number;
  /** Everything that was committed up to this time is in the answer; absent while a partition has none. */
  readonly recordedAt: EpochMs | undefined;
}

export interface Answer<Row> {
  readonly asOf: AsOf;
  readonly rows: readonly Row[];
}

export const throughputBreakdowns = ['workflow', 'type', 'state'] as const;
export type ThroughputBreakdown = (typeof throughputBreakdowns)[number];

export interface ThroughputOptions {
  /** The first window that may be answered, and the end, which may not; by their beginnings. */
  readonly from?: EpochMs | undefined;
  readonly to?: EpochMs | undefined;
  /** Most rows; at most `answerRowsMax`. */
  readonly limit: number;
  /** What to count apart; nothing by default. */
  readonly by?: readonly ThroughputBreakdown[] | undefined;
}

/** Workflow, type and state are there as far as they were asked for. */
export interface ThroughputRow {
  readonly windowStart: EpochMs;
  readonly transitions: number;
  readonly workflow?: string;
  readonly type?: string;
  readonly state?: string;
}

/** All columns of `docket.ticket`. */
export interface FullTicketRow extends TicketRow {
  readonly status: string;
  readonly status_category: string;
  readonly closed: boolean;
  readonly assignment: string | null;
  readonly escalation: string | null;
  readonly subject: string | null;
  readonly priority: string | null;
  readonly category: string | null;
}

/** Committed transitions per window, newest window first. Windows in which nothing happened have no row. */
export async function throughput(
  database: Database,
  window: ThroughputWindow,
  options: ThroughputOptions,
): Promise<Answer<ThroughputRow>> {
  const by = throughputBreakdowns.filter((each) => options.by?.includes(each));
  const group = ['window_start', ...by].join(', ');
  const order = ['window_start DESC', ...by].join(', ');
  const text = `SELECT window_start AS "windowStart", ${by.map((each) => `${each}, `).join('')}
  sum(transitions)::bigint AS transitions
FROM ${qualifiedName(throughputTables[window])}
WHERE ($1::timestamptz IS NULL OR window_start >= $1) AND ($2::timestamptz IS NULL OR window_start < $2)
GROUP BY ${group} ORDER BY ${order} LIMIT $3`;
  const limit = Math.max(0, Math.min(options.limit, answerRowsMax));
  const values = [orNull(options.from), orNull(options.to), limit];
  return answer(database, throughputProjection, (sql) => sql.query<ThroughputRow>(text, values));
}

/** One ticket as it is now; no row for an unknown one. */
export async function ticketRow(database: Database, ticketId: TicketId): Promise<Answer<FullTicketRow>> {
  const text = `SELECT * FROM ${qualifiedName(ticketTable)} WHERE ticket_id = $1`;
  return answer(database, ticketProjection, (sql) => sql.query<FullTicketRow>(text, [ticketId]));
}

async function answer<Row>(
  database: Database,
  projection: Projection,
  ask: (sql: Queries) => Promise<readonly Row[]>,
): Promise<Answer<Row>> {
  return database.transaction(
    async (sql) => ({ asOf: await positionOf(sql, projection), rows: await ask(sql) }),
    { mode: 'snapshot' },
  );
}

async function positionOf(sql: Queries, { name }: Projection): Promise<AsOf> {
  const [found] = await sql.query<{ position: number; recordedAt: EpochMs | null }>(
    `SELECT coalesce(sum(position), 0)::bigint AS position, 
  CASE WHEN bool_and(recorded_at IS NOT NULL) THEN min(recorded_at) END AS "recordedAt"
FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
WHERE projection = $1 AND state = 'live'`,
    [name],
  );
  return { position: found?.position ?? 0, recordedAt: found?.recordedAt ?? undefined };
}

function orNull(time: EpochMs | undefined): string | null {
  return time === undefined ? null : instantText(time);
}
