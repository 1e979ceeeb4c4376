/** The figures of each incident: what a read model answers, beside the same told by the rows. */

import type { Comparison } from './same-rows.ts';

const metrics = (columns: string) => `SELECT ticket_id, ${columns} FROM docket.ticket_metrics`;
const fromTickets = (columns: string) => `SELECT number, ${columns} FROM source.ticket`;

const waiting: readonly Comparison[] = [
  {
    what: 'labels and present place',
    readModel: metrics(
      'workflow, status, status_category, priority, category, assigned_group, assignee, requester',
    ),
    recomputed: fromTickets(
      `'incident@1', status, status_category, priority, category, grp, agent, requester`,
    ),
    rowsAtLeast: 1,
  },
  {
    what: 'opening, first assignment, first and last resolution, closing, reopens',
    readModel:
      metrics(`opened_at, first_assigned_at, first_resolved_at, last_resolved_at, closed_at, status_since,
  reopen_count`),
    recomputed: fromTickets(`opened_at, first_assigned_at, first_resolved_at, last_resolved_at, closed_at,
  status_since, reopens`),
    rowsAtLeast: 1,
  },
  {
    what: 'first and full resolution time, by the calendar and in business time',
    readModel: metrics(`first_resolution_ms, first_resolution_business_ms, full_resolution_ms,
  full_resolution_business_ms`),
    recomputed: fromTickets(`first_ms, first_business_ms,
  CASE WHEN status_category IN ('resolved', 'closed') THEN full_ms END,
  CASE WHEN status_category IN ('resolved', 'closed') THEN full_business_ms END`),
    rowsAtLeast: 1,
  },
  {
    what: 'time in each category, by the calendar and in business time',
    readModel:
      metrics(`new_ms, open_ms, pending_ms, hold_ms, resolved_ms, closed_ms, cancelled_ms, new_business_ms,
  open_business_ms, pending_business_ms, hold_business_ms`),
    recomputed: fromTickets(`new_ms, open_ms, 0, hold_ms, resolved_ms, closed_ms, 0, new_business_ms,
  open_business_ms, 0, hold_business_ms`),
    rowsAtLeast: 1,
  },
  {
    what: 'waiting times, ages and one-touch flags up to now',
    readModel: `SELECT ticket_id, requester_wait_ms, agent_work_ms, agent_wait_ms, on_hold_ms, unresolved_ms, age_ms,
  since_last_change_ms, age_bucket, one_touch_explore, one_touch_exact, one_touch_messaging
FROM docket.ticket_metrics_now`,
    // The source has no comments: every incident that is done was done with fewer than two of them.
    recomputed: `WITH up_to_now AS (
  SELECT *, floor(extract(epoch FROM now() - status_since) * 1000) AS running_ms,
    CASE WHEN status_category IN ('new', 'open', 'hold')
      THEN floor(extract(epoch FROM now() - opened_at) * 1000) END AS age_ms
  FROM source.ticket
), summed AS (
  SELECT *, new_ms + CASE status_category WHEN 'new' THEN running_ms ELSE 0 END AS new,
    open_ms + CASE status_category WHEN 'open' THEN running_ms ELSE 0 END AS open,
    hold_ms + CASE status_category WHEN 'hold' THEN running_ms ELSE 0 END AS hold,
    status_category IN ('resolved', 'closed') AS done
  FROM up_to_now
)
SELECT number, new + open + hold, new + open, 0, hold, new + open + hold, age_ms, running_ms,
  CASE WHEN age_ms IS NOT NULL THEN '90 days and more' END, done, false, false
FROM summed`,
    rowsAtLeast: 1,
  },
  {
    what: 'the way through the statuses, rework, and whether it waited',
    readModel: metrics('status_path, rework_count, waited'),
    recomputed: `SELECT number, string_agg(value, '>' ORDER BY step), count(*) - count(DISTINCT value),
  bool_or(status_category = 'hold')
FROM source.spell WHERE dimension = 'status' GROUP BY number`,
    rowsAtLeast: 1,
  },
];

function stations(dimension: 'assignee' | 'group'): Comparison {
  const all = dimension === 'assignee' ? 'assignees' : 'groups';
  return {
    what: `${dimension}s: stations, distinct ones, handoffs and returns`,
    readModel: metrics(`${dimension}_stations, ${dimension}_handoffs, ${dimension}_returns, ${all}`),
    recomputed: `WITH held AS (
  SELECT number, step, value, lag(value) OVER (PARTITION BY number ORDER BY step) AS from_value
  FROM source.spell WHERE dimension = '${dimension}' AND value IS NOT NULL
), way AS (
  SELECT *, lag(value, 2) OVER (PARTITION BY number ORDER BY step) AS before_from
  FROM held WHERE from_value IS DISTINCT FROM value
), handed AS (
  SELECT number, count(from_value) AS handoffs, count(*) FILTER (WHERE before_from = value) AS returns
  FROM way GROUP BY number
), first_visit AS (
  SELECT number, value, min(step) AS step, row_number() OVER (PARTITION BY number ORDER BY min(step)) AS place
  FROM held GROUP BY number, value
), named AS (
  SELECT number, jsonb_agg(value ORDER BY step) AS names FROM first_visit WHERE place <= 20 GROUP BY number
), counted AS (SELECT number, count(*) AS stations FROM held GROUP BY number)
SELECT number, coalesce(stations, 0), coalesce(handoffs, 0), coalesce(returns, 0), coalesce(names, '[]')
FROM source.ticket LEFT JOIN counted USING (number) LEFT JOIN handed USING (number) LEFT JOIN named USING (number)`,
    rowsAtLeast: 1,
  };
}

function fieldHistory(field: string): Comparison {
  return {
    what: `every value of the field ${field}, from when to when`,
    readModel: `SELECT ticket_id, value #>> '{}', valid_from, valid_to FROM docket.ticket_field_history
WHERE field = '${field}'`,
    recomputed: `WITH clocked AS (
  SELECT number, step, nullif(${field}, '?') AS value, max(at) OVER life AS at
  FROM source.told
  WHERE step = 0 OR fields_text <> fields_before OR (status IN ('resolved', 'closed') AND status <> status_before)
  WINDOW life AS (PARTITION BY number ORDER BY step)
), compared AS (
  SELECT *, lag(value) OVER (PARTITION BY number ORDER BY step) AS before FROM clocked
)
SELECT number, value, at, lead(at) OVER (PARTITION BY number ORDER BY step)
FROM compared WHERE value IS DISTINCT FROM before`,
    rowsAtLeast: 0.9,
  };
}

const kept = ['priority', 'category', 'impact', 'urgency', 'made_sla', 'reassignment_count', 'reopen_count'];

export const ticketFigures: readonly Comparison[] = [
  ...waiting,
  stations('assignee'),
  stations('group'),
  {
    what: 'intervals of status, assignee, group and priority',
    readModel: `SELECT ticket_id, dimension, value, status_category, next_value, begun_at, ended_at, ms, business_ms
FROM docket.ticket_interval`,
    recomputed: `SELECT number, dimension, value, status_category, next_value, begun_at, ended_at, ms, business_ms
FROM source.spell`,
    rowsAtLeast: 4,
  },
  ...kept.map(fieldHistory),
];
