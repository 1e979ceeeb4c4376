/**
 * What came in, what went out, and what lay there in between: per day, and the age of what lies there now.
 */
import { ageBuckets } from '../../domain/metrics/ageing.ts';
import type { Queries } from '../sql.ts';
import type { AgeBucketFigure, Count, DayFigures } from './analysis.ts';
import { chosen, daysOf, inPeriod, type Scope } from './scope.ts';

const dayOf = (column: string) => `(${column} AT TIME ZONE 'UTC')::date`;
const unresolved = "('new', 'open', 'pending', 'hold')";

/**
 * Reopening is found between two statuses that follow each other, as domain/metrics/resolution.ts does; only
 * tickets that were ever reopened have to be looked at.
 */
const flowQuery = `WITH reopening AS (
  SELECT begun_at, status_category IN ${unresolved} AS works,
    lag(status_category) OVER (PARTITION BY ticket_id ORDER BY revision) NOT IN ${unresolved} AS rested
  FROM docket.ticket_interval
  WHERE dimension = 'status' AND ticket_id IN (
    SELECT ticket_id FROM docket.ticket_metrics WHERE reopen_count > 0 AND ${chosen})
)
SELECT 'opened' AS what, ${dayOf('opened_at')}::text AS day, count(*) AS tickets
FROM docket.ticket_metrics WHERE ${inPeriod('opened_at')} AND ${chosen} GROUP BY 2
UNION ALL
SELECT 'resolved', ${dayOf('first_resolved_at')}::text, count(*)
FROM docket.ticket_metrics WHERE ${inPeriod('first_resolved_at')} AND ${chosen} GROUP BY 2
UNION ALL
SELECT 'closed', ${dayOf('closed_at')}::text, count(*)
FROM docket.ticket_metrics WHERE ${inPeriod('closed_at')} AND ${chosen} GROUP BY 2
UNION ALL
SELECT 'reopened', ${dayOf('begun_at')}::text, count(*)
FROM reopening WHERE works AND rested AND ${inPeriod('begun_at')} GROUP BY 2`;

interface FlowRow {
  readonly what: 'opened' | 'resolved' | 'closed' | 'reopened';
  readonly day: string;
  readonly tickets: number;
}

/** The day before the period is there too: its end is the period's beginning. */
const backlogQuery = `SELECT day::text, sum(tickets)::bigint AS tickets
FROM docket.ticket_day('UTC', ${dayOf('$5::timestamptz')} - 1, ${dayOf('$6::timestamptz')} - 1)
WHERE ($1::text IS NULL OR assigned_group = $1) AND ($2::text IS NULL OR priority = $2)
  AND $3::text IS NULL AND ($4::text IS NULL OR workflow = $4)
GROUP BY day`;

/**
 * The changes of the backlog of the tickets that have the category now: the counted backlog does not know
 * categories. Everything before the period is told of the day before it.
 */
const categoryBacklogQuery = `WITH stay AS (
  SELECT begun_at, ended_at FROM docket.ticket_interval
  WHERE dimension = 'status' AND status_category IN ${unresolved} AND begun_at < $6::timestamptz
    AND ticket_id IN (SELECT ticket_id FROM docket.ticket_metrics WHERE ${chosen})
)
SELECT greatest(${dayOf('at')}, ${dayOf('$5::timestamptz')} - 1)::text AS day, sum(change)::bigint AS tickets
FROM (SELECT begun_at AS at, 1 AS change FROM stay UNION ALL
  SELECT ended_at, -1 FROM stay WHERE ended_at < $6::timestamptz) AS changes
GROUP BY 1`;

interface BacklogRow {
  readonly day: string;
  readonly tickets: number;
}

/** What each figure of a day means, for whoever shows them. */
export const flowMeanings = {
  opened: 'Tickets opened in the period.',
  resolved:
    'Tickets resolved for the first time in the period: from unresolved to resolved, or straight to closed.',
  closed: 'Tickets closed in the period, for good.',
  reopened:
    'Moves from resolved, closed or cancelled back to unresolved; a ticket may be reopened several times.',
  backlogBefore: 'Unresolved tickets (new, open, pending, hold) when the period began.',
  backlogAfter: "Unresolved tickets when the period's last day ended, or now where it has not ended.",
} as const;

/** Every day of the period, and the sums. */
export async function flowFigures(
  sql: Queries,
  scope: Scope,
): Promise<{ readonly flow: readonly Count[]; readonly days: readonly DayFigures[] }> {
  const flowRows = await sql.query<FlowRow>(flowQuery, scope.all);
  const counts = new Map(flowRows.map(({ what, day, tickets }) => [`${what} ${day}`, tickets]));
  const { before, ends } = await backlogEnds(sql, scope);
  const days = daysOf(scope.period).map((day, index) => ({
    day,
    opened: counts.get(`opened ${day}`) ?? 0,
    resolved: counts.get(`resolved ${day}`) ?? 0,
    closed: counts.get(`closed ${day}`) ?? 0,
    reopened: counts.get(`reopened ${day}`) ?? 0,
    backlog: ends[index] ?? 0,
  }));
  const sum = (name: FlowRow['what']) => days.reduce((total, day) => total + day[name], 0);
  const held =
    scope.filter.category === undefined ? ' By what the tickets were then.' : ' By what the tickets are now.';
  const flow = [
    { name: 'opened', label: 'opened', meaning: flowMeanings.opened, value: sum('opened') },
    { name: 'resolved', label: 'first resolved', meaning: flowMeanings.resolved, value: sum('resolved') },
    { name: 'closed', label: 'closed', meaning: flowMeanings.closed, value: sum('closed') },
    { name: 'reopened', label: 'reopened', meaning: flowMeanings.reopened, value: sum('reopened') },
    {
      name: 'backlog_before',
      label: 'backlog at the beginning',
      meaning: flowMeanings.backlogBefore + held,
      value: before,
    },
    {
      name: 'backlog_after',
      label: 'backlog at the end',
      meaning: flowMeanings.backlogAfter + held,
      value: ends.at(-1) ?? before,
    },
  ];
  return { flow, days };
}

/** Backlogs at the end of the day before the period, and of each of its days. */
async function backlogEnds(
  sql: Queries,
  scope: Scope,
): Promise<{ readonly before: number; readonly ends: readonly number[] }> {
  const byCategory = scope.filter.category !== undefined;
  const rows = await sql.query<BacklogRow>(byCategory ? categoryBacklogQuery : backlogQuery, scope.all);
  const told = new Map(rows.map(({ day, tickets }) => [day, tickets]));
  const days = daysOf(scope.period);
  const inside = new Set(days);
  const before = rows.reduce((sum, { day, tickets }) => (inside.has(day) ? sum : sum + tickets), 0);
  if (!byCategory) return { before, ends: days.map((day) => told.get(day) ?? 0) };
  let backlog = before;
  return {
    before,
    ends: days.map((day) => {
      backlog += told.get(day) ?? 0;
      return backlog;
    }),
  };
}

/** Unresolved tickets now, by age; every bucket is there, also where it is empty. */
export async function ageingFigures(sql: Queries, scope: Scope): Promise<readonly AgeBucketFigure[]> {
  const rows = await sql.query<AgeBucketFigure>(
    `SELECT age_bucket AS bucket, count(*) AS tickets, count(*) FILTER (WHERE assignee IS NULL) AS unassigned
FROM docket.ticket_age WHERE ${chosen} GROUP BY 1`,
    scope.labels,
  );
  return ageBuckets.map(
    ({ name }) => rows.find(({ bucket }) => bucket === name) ?? { bucket: name, tickets: 0, unassigned: 0 },
  );
}
