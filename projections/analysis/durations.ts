/**
 * How long things took: percentiles of every duration of the report, by the calendar and in business time,
 * always from the raw durations of the tickets asked for. Definitions and populations are those of
 * `docket.metric_percentiles`, which knows no such filter; all of them come from one look at the tickets.
 */
import type { Queries } from '../sql.ts';
import { literal } from '../table.ts';
import { ticketMetricsNow } from '../ticket-metrics-now.ts';
import { percentileSource } from '../views/percentiles.ts';
import type { Distribution, DurationFigure, HistogramBin } from './analysis.ts';
import { chosen, inPeriod, type Scope } from './scope.ts';

/** Each has a column `<name>_ms` and one `<name>_business_ms`. */
const figures = [
  { name: 'first_reply', label: 'first reply' },
  { name: 'next_reply', label: 'next replies (sum per ticket)' },
  { name: 'first_resolution', label: 'first resolution' },
  { name: 'full_resolution', label: 'full resolution' },
  { name: 'requester_wait', label: 'requester wait' },
  { name: 'agent_work', label: 'agent work' },
  { name: 'agent_wait', label: 'agent wait' },
  { name: 'on_hold', label: 'on hold' },
] as const;

const columns = figures.flatMap(({ name }) => [`${name}_ms`, `${name}_business_ms`]);

const durationsQuery = `SELECT metric, count, percentiles[1] AS p50, percentiles[2] AS p90, percentiles[3] AS p95,
  percentiles[4] AS p99, mean
FROM (
  SELECT metric, count(*) AS count, avg(ms)::double precision AS mean,
    percentile_cont(ARRAY[0.5, 0.9, 0.95, 0.99]) WITHIN GROUP (ORDER BY ms) AS percentiles
  FROM docket.ticket_metrics CROSS JOIN LATERAL (VALUES ${columns
    .map((column) => {
      const { expression, at } = percentileSource(column);
      return `(${literal(column)}, ${expression}, ${at})`;
    })
    .join(',\n    ')}) AS duration (metric, ms, at)
  WHERE (${inPeriod('opened_at')} OR ${inPeriod('first_resolved_at')}) AND ${chosen}
    AND ms IS NOT NULL AND ${inPeriod('at')}
  GROUP BY metric
) AS measured`;

type DurationRow = Distribution & { readonly metric: string };

/** All durations of the report; one that no ticket has is null. */
export async function durationFigures(sql: Queries, scope: Scope): Promise<readonly DurationFigure[]> {
  const rows = await sql.query<DurationRow>(durationsQuery, scope.all);
  const distributions = new Map(rows.map(({ metric, ...distribution }) => [metric, distribution]));
  return figures.map(({ name, label }) => ({
    name,
    label,
    meaning: meaningOf(name),
    population: percentileSource(`${name}_ms`).at === 'opened_at' ? 'opened' : 'resolved',
    calendar: distributions.get(`${name}_ms`) ?? null,
    business: distributions.get(`${name}_business_ms`) ?? null,
  }));
}

/** What the column says, in words that hold for whatever unit it is shown in. */
function meaningOf(name: (typeof figures)[number]['name']): string {
  if (name === 'next_reply')
    return 'From the oldest unanswered public comment of the requester to the next public one of the desk; all of a ticket together.';
  const ofColumn = ticketMetricsNow.columns[`${name}_ms`] ?? name;
  return ofColumn.replace(/^Milliseconds/, 'Time').replaceAll('NULL', 'none');
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Bounds of the histogram: powers would need explaining, hours, days and weeks do not. */
const bins = [
  { label: 'under 1 h', belowMs: hourMs },
  { label: '1 to 4 h', belowMs: 4 * hourMs },
  { label: '4 to 8 h', belowMs: 8 * hourMs },
  { label: '8 to 24 h', belowMs: dayMs },
  { label: '1 to 3 d', belowMs: 3 * dayMs },
  { label: '3 to 7 d', belowMs: 7 * dayMs },
  { label: '7 to 14 d', belowMs: 14 * dayMs },
  { label: '14 to 30 d', belowMs: 30 * dayMs },
  { label: '30 to 90 d', belowMs: 90 * dayMs },
] as const;

/** Full resolution of the tickets first resolved in the period; every bin is there, also an empty one. */
export async function resolutionHistogram(sql: Queries, scope: Scope): Promise<readonly HistogramBin[]> {
  const bounds = [0, ...bins.map(({ belowMs }) => belowMs)];
  const rows = await sql.query<{ bin: number; tickets: number }>(
    `SELECT width_bucket(full_resolution_ms, ARRAY[${bounds.join(', ')}]::bigint[]) AS bin, count(*) AS tickets
FROM docket.ticket_metrics
WHERE full_resolution_ms IS NOT NULL AND ${inPeriod('first_resolved_at')} AND ${chosen} GROUP BY 1`,
    scope.all,
  );
  const tickets = new Map(rows.map((row) => [row.bin, row.tickets]));
  return [...bins, { label: '90 d and more', belowMs: null }].map(({ label, belowMs }, index) => ({
    label,
    fromMs: bounds[index] ?? 0,
    belowMs,
    tickets: tickets.get(index + 1) ?? 0,
  }));
}
