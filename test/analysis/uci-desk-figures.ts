/** The figures of the desk as a whole: what a read model answers, beside the same told by the rows. */
import type { Comparison } from './same-rows.ts';

/** Every day of the log, and some more at both ends. */
const days = `'2016-02-27', '2017-02-20'`;
const everything = `'2016-01-01', '2018-01-01'`;

function backlog(zone: string): Comparison {
  return {
    what: `backlog at the end of each day in ${zone}, by group, priority and category`,
    readModel: `SELECT day, assigned_group, priority, status_category, tickets
FROM docket.ticket_day('${zone}', ${days})`,
    recomputed: `SELECT day::date, coalesce(grp, ''), coalesce(priority, ''), status_category, count(*)
FROM source.piece CROSS JOIN generate_series((at AT TIME ZONE '${zone}')::date,
  coalesce((ended_at AT TIME ZONE '${zone}')::date - 1, date '2017-02-20'), interval '1 day') AS day
WHERE status_category IN ('new', 'open', 'hold') GROUP BY 1, 2, 3, 4`,
    rowsAtLeast: 0.1,
  };
}

function ageing(instant: string): Comparison {
  const bucket = `CASE WHEN age < interval '1 day' THEN 'under 1 day' WHEN age < interval '3 days' THEN '1 to 3 days'
  WHEN age < interval '7 days' THEN '3 to 7 days' WHEN age < interval '30 days' THEN '7 to 30 days'
  WHEN age < interval '90 days' THEN '30 to 90 days' ELSE '90 days and more' END`;
  const at = `timestamptz '${instant}'`;
  return {
    what: `the backlog's age at ${instant}`,
    readModel: `SELECT ${bucket}, status_category, count(*)
FROM (
  SELECT ${at} - opened_at AS age, spell.status_category
  FROM docket.ticket_interval AS spell JOIN docket.ticket_metrics USING (ticket_id)
  WHERE dimension = 'status' AND begun_at <= ${at} AND coalesce(ended_at > ${at}, true)
    AND spell.status_category IN ('new', 'open', 'pending', 'hold')
) AS aged GROUP BY 1, 2`,
    recomputed: `SELECT ${bucket}, status_category, count(*)
FROM (
  SELECT ${at} - opened_at AS age, piece.status_category
  FROM source.piece JOIN source.ticket USING (number)
  WHERE at <= ${at} AND coalesce(ended_at > ${at}, true) AND piece.status_category IN ('new', 'open', 'hold')
) AS aged GROUP BY 1, 2`,
    rowsAtLeast: 0.0003,
  };
}

function workload(table: string, holder: string, column: string): Comparison {
  return {
    what: `who has what: ${table}`,
    readModel: `SELECT ${holder}, status_category, tickets FROM docket.${table} WHERE tickets <> 0`,
    recomputed: `SELECT ${column}, status_category, count(*) FROM source.ticket WHERE ${column} IS NOT NULL GROUP BY 1, 2`,
    rowsAtLeast: 0.002,
  };
}

/** By the group that had the ticket after the move: a row tells its status first, unless it closes. */
const movesByDay: Comparison = {
  what: 'which status follows which, by day and group, and the time before it',
  readModel: `SELECT day_start, assigned_group, from_status, to_status, moves, ms, business_ms
FROM docket.status_move_day`,
  recomputed: `SELECT date_trunc('day', ended_at, 'UTC'), coalesce(next_grp, ''), value, next_value, count(*),
  sum(ms), sum(business_ms)
FROM source.spell WHERE dimension = 'status' AND ended_at IS NOT NULL GROUP BY 1, 2, 3, 4`,
  rowsAtLeast: 0.1,
};

const directlyFollows: Comparison = {
  what: 'which status follows which, with the mean time before it',
  readModel: `SELECT from_status, to_status, sum(moves), sum(ms), sum(business_ms), round(sum(ms) / sum(moves), 3)
FROM docket.directly_follows(${days}) GROUP BY 1, 2`,
  recomputed: `SELECT value, next_value, count(*), sum(ms), sum(business_ms), round(avg(ms), 3)
FROM source.spell WHERE dimension = 'status' AND ended_at IS NOT NULL GROUP BY 1, 2`,
  rowsAtLeast: 0.0003,
};

const handovers: Comparison = {
  what: 'who handed over to whom, by day, how many came back, and the time before it',
  readModel: `SELECT day_start, dimension, from_value, to_value, handovers, returns, ms, business_ms
FROM docket.handover_day`,
  recomputed: `WITH held AS (
  SELECT *, lag(value) OVER life AS from_value, lag(ms) OVER life AS from_ms,
    lag(business_ms) OVER life AS from_business_ms
  FROM source.spell WHERE dimension IN ('assignee', 'group') AND value IS NOT NULL
  WINDOW life AS (PARTITION BY number, dimension ORDER BY step)
), way AS (
  SELECT *, lag(value, 2) OVER (PARTITION BY number, dimension ORDER BY step) AS before_from
  FROM held WHERE from_value IS DISTINCT FROM value
)
SELECT date_trunc('day', begun_at, 'UTC'), dimension, from_value, value, count(*),
  count(*) FILTER (WHERE before_from = value), sum(from_ms), sum(from_business_ms)
FROM way WHERE from_value IS NOT NULL GROUP BY 1, 2, 3, 4`,
  rowsAtLeast: 0.1,
};

/** Every command of a row, as an event with the state it leads to; only a row that closes closes last. */
const throughput: Comparison = {
  what: 'events committed, by type and the state they led to',
  readModel: `SELECT type, state, sum(transitions) FROM docket.throughput_hour GROUP BY 1, 2`,
  recomputed: `SELECT type, state, count(*)
FROM (
  SELECT *, CASE WHEN status = 'closed' AND step > 0 THEN status_before ELSE status END AS kept FROM source.told
) AS row
CROSS JOIN LATERAL (VALUES
  ('TicketOpened', status, step = 0),
  ('WorkStarted', status, status_before = 'new' AND status = 'in_progress'),
  ('TicketResumed', status, status_before = 'on_hold' AND status = 'in_progress'),
  ('TicketReopened', status, status_before = 'resolved' AND status = 'in_progress'),
  ('TicketHeld', status, status = 'on_hold' AND claimed <> claimed_before),
  ('TicketResolved', status, status = 'resolved' AND status <> status_before),
  ('TicketClosed', status, status = 'closed' AND status <> status_before),
  (CASE WHEN agent IS NOT NULL THEN 'TicketAssigned' WHEN grp IS NOT NULL THEN 'TicketQueued'
     ELSE 'TicketUnassigned' END, kept,
    grp IS DISTINCT FROM grp_before OR agent IS DISTINCT FROM agent_before),
  ('FieldsChanged', kept, fields_text <> fields_before OR caller_field IS DISTINCT FROM caller_field_before)
) AS event (type, state, happens)
WHERE happens GROUP BY 1, 2`,
  rowsAtLeast: 0.0005,
};

const variants: Comparison = {
  what: 'the ways that tickets took, with their median time to resolution',
  readModel: `SELECT status_path, tickets, round(median_ms::numeric, 3) FROM docket.process_variant(${everything})`,
  recomputed: `SELECT path, count(*), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY
  CASE WHEN status_category IN ('resolved', 'closed') THEN full_ms END))::numeric, 3)
FROM source.ticket JOIN (
  SELECT number, string_agg(value, '>' ORDER BY step) AS path FROM source.spell WHERE dimension = 'status' GROUP BY 1
) AS way USING (number) GROUP BY path`,
  rowsAtLeast: 0.002,
};

function percentiles(metric: string, column: string): Comparison {
  const parts = [0.5, 0.9, 0.95, 0.99];
  return {
    what: `percentiles of ${metric} by priority`,
    readModel: `SELECT value, tickets, ${['p50', 'p90', 'p95', 'p99', 'mean'].map((p) => `round(${p}::numeric, 3)`)}
FROM docket.metric_percentiles('${metric}', 'priority', '2016-03-05', '2016-05-01')`,
    recomputed: `SELECT priority, count(figure),
  ${parts.map((part) => `round((percentile_cont(${part}) WITHIN GROUP (ORDER BY figure))::numeric, 3)`)},
  round(avg(figure), 3)
FROM (SELECT *, ${column} AS figure FROM source.ticket) AS ticket
WHERE first_resolved_at >= '2016-03-05' AND first_resolved_at < '2016-05-01' AND figure IS NOT NULL GROUP BY 1`,
    rowsAtLeast: 0.0001,
  };
}

/** As far as this source goes: it has no comments and no follow-ups. */
const firstContact: Comparison = {
  what: 'first-contact resolution by group',
  readModel: `SELECT assigned_group, resolved, decided, first_contact
FROM docket.first_contact_resolution(7, '2016-03-05', '2016-05-01')`,
  recomputed: `WITH judged AS (
  SELECT grp, status_category IN ('resolved', 'closed') AND reopens = 0 AND NOT EXISTS (
    SELECT FROM source.ticket AS other
    WHERE other.number <> one.number AND other.requester = one.requester AND other.category = one.category
      AND other.opened_at > one.last_resolved_at AND other.opened_at <= one.last_resolved_at + interval '7 days'
  ) AS first_contact
  FROM source.ticket AS one WHERE first_resolved_at >= '2016-03-05' AND first_resolved_at < '2016-05-01'
)
SELECT grp, count(*), count(*), count(*) FILTER (WHERE first_contact) FROM judged GROUP BY 1`,
  rowsAtLeast: 0.001,
};

export const deskFigures: readonly Comparison[] = [
  backlog('UTC'),
  backlog('America/Sao_Paulo'),
  ageing('2016-03-20T15:00:00Z'),
  workload('agent_workload', 'agent', 'agent'),
  workload('group_workload', 'assigned_group', 'grp'),
  movesByDay,
  directlyFollows,
  handovers,
  throughput,
  variants,
  percentiles('full_resolution_ms', `CASE WHEN status_category IN ('resolved', 'closed') THEN full_ms END`),
  percentiles('first_resolution_business_ms', 'first_business_ms'),
  percentiles('agent_work_ms', 'new_ms + open_ms'),
  firstContact,
];
