/**
 * Percentiles of any duration of a ticket, by any property of it. They are always taken from the raw
 * durations of the tickets asked for: percentiles and averages of parts can not be put together again, so no
 * table ever holds one.
 */
import { metricsColumns } from '../ticket-metrics-table.ts';
import type { SqlFunction } from '../view.ts';

/**
 * Durations that are no plain column: sums of categories, which have a name of their own as in the view
 * ticket_metrics_now, and sums that are 0 where there was nothing to measure.
 */
const derived: Readonly<Record<string, string>> = {
  next_reply_ms: 'CASE WHEN next_reply_count > 0 THEN next_reply_ms END',
  next_reply_business_ms: 'CASE WHEN next_reply_count > 0 THEN next_reply_business_ms END',
  requester_wait_ms: 'new_ms + open_ms + hold_ms',
  agent_work_ms: 'new_ms + open_ms',
  agent_wait_ms: 'pending_ms',
  on_hold_ms: 'hold_ms',
  unresolved_ms: 'new_ms + open_ms + pending_ms + hold_ms',
  requester_wait_business_ms: 'new_business_ms + open_business_ms + hold_business_ms',
  agent_work_business_ms: 'new_business_ms + open_business_ms',
  agent_wait_business_ms: 'pending_business_ms',
  on_hold_business_ms: 'hold_business_ms',
};

const durations = metricsColumns
  .filter(({ name, type }) => type === 'bigint' && name.endsWith('_ms'))
  .map(({ name }) => name);

/** Every duration of a ticket: the columns, and what is derived from them. */
export const percentileMetrics: readonly string[] = [...new Set([...durations, ...Object.keys(derived)])];

/** Beside what says the same of every ticket, or something else of each. */
const notDimensions: ReadonlySet<string> = new Set(['ticket_id', 'revision']);

/** What tickets can be told apart by: texts, yes or no, and small counts. */
export const percentileDimensions: readonly string[] = metricsColumns
  .filter(({ name, type }) => ['text', 'boolean', 'integer'].includes(type) && !notDimensions.has(name))
  .map(({ name }) => name);

/**
 * Metrics of tickets by their opening. What is known soon after the opening is asked of the tickets that came
 * in; what is complete only with the resolution, of those that were resolved.
 */
const ofOpened = percentileMetrics.filter(
  (name) => name.startsWith('first_reply') || name.startsWith('next_reply') || name === 'cancelled_ms',
);

const list = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');
const plain = (names: readonly string[]) => names.join(', ');

/** What a metric is in a row of ticket_metrics, and by which of its times the row belongs to a period. */
export function percentileSource(metric: string): {
  readonly expression: string;
  readonly at: 'opened_at' | 'first_resolved_at';
} {
  return {
    expression: derived[metric] ?? metric,
    at: ofOpened.includes(metric) ? 'opened_at' : 'first_resolved_at',
  };
}

const whens = Object.entries(derived).map(([name, expression]) => `WHEN '${name}' THEN '${expression}'`);

/**
 * A SELECT of `percentiles`: p50, p90, p95 and p99 of an array of durations. Durations are gathered into an
 * array for each group first, which hashes them and may go on in parallel; the percentiles as an aggregate of
 * the same GROUP BY would have all rows sorted by the group before each group is sorted by its durations.
 */
export function percentilesOf(durations: string): string {
  return `SELECT percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration) AS percentiles
FROM unnest(${durations}) AS duration`;
}

export const metricPercentiles: SqlFunction = {
  kind: 'function',
  name: 'metric_percentiles',
  meaning:
    'Percentiles of a duration over tickets, from the raw durations. Metrics of replies, and cancelled_ms, are of the' +
    ' tickets opened in the period; all others of the tickets first resolved in it. The period holds its beginning and' +
    ' not its end. Tickets that have no such duration are left out. Without a dimension there is one row, of all' +
    ` tickets. Metrics: ${plain(percentileMetrics)}. Dimensions: ${plain(percentileDimensions)}.`,
  parameters: 'metric text, dimension text, from_at timestamptz, to_at timestamptz',
  signature: 'text, text, timestamptz, timestamptz',
  columns: {
    value: { type: 'text', meaning: 'the value of the dimension, NULL for none' },
    tickets: { type: 'bigint', meaning: 'how many tickets have the duration' },
    p50: {
      type: 'double precision',
      meaning: 'the median, in milliseconds, interpolated as all percentiles',
    },
    p90: { type: 'double precision', meaning: 'milliseconds that 90 % of the tickets do not exceed' },
    p95: { type: 'double precision', meaning: 'milliseconds that 95 % do not exceed' },
    p99: { type: 'double precision', meaning: 'milliseconds that 99 % do not exceed' },
    mean: { type: 'double precision', meaning: 'the mean, in milliseconds' },
  },
  body: `LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF metric IS NULL OR metric NOT IN (${list(percentileMetrics)}) THEN
    RAISE EXCEPTION 'there is no metric %', coalesce(metric, 'NULL') USING ERRCODE = '22023',
      HINT = 'Metrics are ${plain(percentileMetrics)}.';
  END IF;
  IF dimension NOT IN (${list(percentileDimensions)}) THEN
    RAISE EXCEPTION 'there is no dimension %', dimension USING ERRCODE = '22023',
      HINT = 'Dimensions are ${plain(percentileDimensions)}, or NULL for all tickets together.';
  END IF;
  RETURN QUERY EXECUTE format(
    'SELECT value, tickets, percentiles[1], percentiles[2], percentiles[3], percentiles[4], mean
FROM (SELECT value, count(*) AS tickets, avg(ms)::double precision AS mean, array_agg(ms) AS durations
  FROM (SELECT %1$s AS value, %2$s AS ms FROM docket.ticket_metrics WHERE %3$I >= $1 AND %3$I < $2) AS chosen
  WHERE ms IS NOT NULL GROUP BY value
) AS measured CROSS JOIN LATERAL (${percentilesOf('durations')}) AS ranked ORDER BY tickets DESC, value',
    coalesce(quote_ident(dimension) || '::text', 'NULL::text'),
    CASE metric ${whens.join(' ')} ELSE metric END,
    CASE WHEN metric IN (${list(ofOpened)}) THEN 'opened_at' ELSE 'first_resolved_at' END)
  USING from_at, to_at;
END $$`,
};
