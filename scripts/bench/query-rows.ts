/**
 * Rows of the read models as so many events would have made them, worked out by PostgreSQL itself: four kinds
 * of tickets of eight events each, over one year that ends now, for 50 groups and 300 agents. The same size
 * gives the same rows but for the year's end. A projector would need minutes more for the same; what it
 * writes is not measured here, only what reading it takes. Rows are put in in the order in which they would
 * have come into being, since how they lie on the disk decides what a month costs.
 */
import { literal } from '../../projections/table.ts';

export const eventsPerTicket = 8;
const groups = 50;
const agents = 300;
const requesters = 20_000;
const topics = 25;
const year = "interval '365 days'";

/** Holds what the rows are made from, while they are made. */
export const workSchema = 'query_bench';
const work = workSchema;

/** A number from 0 to 1 that belongs to a ticket and a purpose. */
const chance = (ticket: string, purpose: string | number) =>
  `((hashint8extended(${ticket}, ${purpose}) & 16777215) / 16777216.0)`;
const oneOf = (ticket: string, purpose: number, name: string, many: number) =>
  `'${name}' || 1 + floor(${chance(ticket, purpose)} * ${many})::integer`;

/** An interval in whole milliseconds, as an expression. */
export function milliseconds(interval: string): string {
  return `(extract(epoch FROM ${interval}) * 1000)::bigint`;
}
const ms = milliseconds;

/**
 * What happens to a ticket of each kind: type, status, category, and which of its two agents and groups has
 * it then; and the mean hours since the event before.
 */
const story = `(VALUES
  ('plain', 1, 'TicketOpened', 'new', 'new', 0, 0, 0.0), ('plain', 2, 'TicketQueued', 'new', 'new', 0, 1, 0.2),
  ('plain', 3, 'TicketAssigned', 'open', 'open', 1, 1, 4.0),
  ('plain', 4, 'RequesterAwaited', 'pending', 'pending', 1, 1, 5.0),
  ('plain', 5, 'RequesterReplied', 'open', 'open', 1, 1, 18.0),
  ('plain', 6, 'CommentAdded', 'open', 'open', 1, 1, 8.0),
  ('plain', 7, 'TicketResolved', 'resolved', 'resolved', 1, 1, 24.0),
  ('plain', 8, 'TicketClosed', 'closed', 'closed', 1, 1, 96.0),
  ('handed', 1, 'TicketOpened', 'new', 'new', 0, 0, 0.0), ('handed', 2, 'TicketQueued', 'new', 'new', 0, 1, 0.2),
  ('handed', 3, 'TicketAssigned', 'open', 'open', 1, 1, 4.0),
  ('handed', 4, 'CommentAdded', 'open', 'open', 1, 1, 5.0),
  ('handed', 5, 'TicketAssigned', 'open', 'open', 2, 2, 10.0),
  ('handed', 6, 'RequesterAwaited', 'pending', 'pending', 2, 2, 12.0),
  ('handed', 7, 'TicketResolved', 'resolved', 'resolved', 2, 2, 48.0),
  ('handed', 8, 'TicketClosed', 'closed', 'closed', 2, 2, 96.0),
  ('back', 1, 'TicketOpened', 'new', 'new', 0, 0, 0.0), ('back', 2, 'TicketQueued', 'new', 'new', 0, 1, 0.2),
  ('back', 3, 'TicketAssigned', 'open', 'open', 1, 1, 4.0),
  ('back', 4, 'TicketAssigned', 'open', 'open', 2, 2, 5.0),
  ('back', 5, 'TicketAssigned', 'open', 'open', 1, 1, 9.0),
  ('back', 6, 'TicketResolved', 'resolved', 'resolved', 1, 1, 20.0),
  ('back', 7, 'TicketReopened', 'open', 'open', 1, 1, 30.0),
  ('back', 8, 'TicketResolved', 'resolved', 'resolved', 1, 1, 20.0),
  ('vendor', 1, 'TicketOpened', 'new', 'new', 0, 0, 0.0), ('vendor', 2, 'TicketQueued', 'new', 'new', 0, 1, 0.2),
  ('vendor', 3, 'TicketAssigned', 'open', 'open', 1, 1, 4.0),
  ('vendor', 4, 'TicketHeld', 'on_hold', 'hold', 1, 1, 6.0),
  ('vendor', 5, 'TicketResumed', 'open', 'open', 1, 1, 72.0),
  ('vendor', 6, 'CommentAdded', 'open', 'open', 1, 1, 8.0),
  ('vendor', 7, 'TicketResolved', 'resolved', 'resolved', 1, 1, 12.0),
  ('vendor', 8, 'TicketClosed', 'closed', 'closed', 1, 1, 96.0)
) AS story (kind, revision, type, status, category, agent, grp, hours)`;

/** Tickets and steps, which everything else is made from. */
function workTables(events: number, end: string): readonly string[] {
  const tickets = Math.ceil(events / eventsPerTicket);
  return [
    `DROP SCHEMA IF EXISTS ${work} CASCADE`,
    `CREATE SCHEMA ${work}`,
    `CREATE UNLOGGED TABLE ${work}.ticket AS
SELECT ticket, 'T-' || ticket AS ticket_id,
  CASE WHEN ${chance('ticket', 1)} < 0.6 THEN 'plain' WHEN ${chance('ticket', 1)} < 0.85 THEN 'handed'
    WHEN ${chance('ticket', 1)} < 0.9 THEN 'back' ELSE 'vendor' END AS kind,
  CASE WHEN ${chance('ticket', 2)} < 0.7 THEN 'support@1' ELSE 'incident@1' END AS workflow,
  (ARRAY['low', 'normal', 'high', 'urgent'])[1 + floor(4 * ${chance('ticket', 3)} ^ 2)::integer] AS priority,
  ${oneOf('ticket', 4, 'topic-', topics)} AS category, ${oneOf('ticket', 5, 'requester-', requesters)} AS requester,
  ARRAY[${oneOf('ticket', 6, 'agent-', agents)}, ${oneOf('ticket', 7, 'agent-', agents)}] AS agents,
  ARRAY[${oneOf('ticket', 8, 'group-', groups)}, ${oneOf('ticket', 9, 'group-', groups)}] AS groups,
  ${end} - ${year} + ${year} * ((ticket - 1) / ${tickets}.0) AS opened_at
FROM generate_series(1, ${tickets}::bigint) AS ticket`,
    `CREATE UNLOGGED TABLE ${work}.step AS
SELECT *, coalesce(next_at - at, interval '0') AS stay, row_number() OVER (ORDER BY at, ticket, revision) AS position
FROM (
  SELECT *, lead(at) OVER next AS next_at, status IS DISTINCT FROM lag(status) OVER next AS new_status,
    assignee IS DISTINCT FROM lag(assignee) OVER next AS new_assignee,
    assigned_group IS DISTINCT FROM lag(assigned_group) OVER next AS new_group,
    lag(category) OVER next AS category_before, lag(assigned_group) OVER next AS group_before
  FROM (
    SELECT ticket, revision, type, status, story.category, agents[agent] AS assignee, groups[grp] AS assigned_group,
      date_trunc('milliseconds', opened_at + sum(interval '1 hour' * -hours
        * ln(1 - ${chance('ticket', '100 + revision')})) OVER (PARTITION BY ticket ORDER BY revision)) AS at
    FROM ${work}.ticket JOIN ${story} USING (kind)
  ) AS told
  WHERE at <= ${end} WINDOW next AS (PARTITION BY ticket ORDER BY revision)
) AS kept`,
    `CREATE INDEX ON ${work}.step (ticket, revision)`,
    `CREATE INDEX ON ${work}.ticket (ticket)`,
    `ANALYZE ${work}.ticket`,
    `ANALYZE ${work}.step`,
  ];
}

const interval = (dimension: string, value: string, category: string, chosen: string) =>
  `SELECT ticket, '${dimension}' AS dimension, revision, ${value} AS value, ${category} AS status_category,
  lead(${value}) OVER next AS next_value, at AS begun_at, lead(at) OVER next AS ended_at, assigned_group, position
FROM ${work}.step WHERE ${chosen} WINDOW next AS (PARTITION BY ticket ORDER BY revision)`;

const intervals = `INSERT INTO docket.ticket_interval (ticket_id, dimension, revision, value, status_category,
  next_value, begun_at, ended_at, ms, business_ms, workflow, assigned_group, priority, position)
SELECT ticket_id, dimension, revision, value, status_category, next_value, begun_at, ended_at,
  ${ms('ended_at - begun_at')}, ${ms('ended_at - begun_at')} / 4, workflow, assigned_group, priority, position
FROM (
${interval('status', 'status', 'category', 'new_status')}
UNION ALL ${interval('assignee', 'assignee', 'NULL', 'new_assignee AND assignee IS NOT NULL')}
UNION ALL ${interval('group', 'assigned_group', 'NULL', 'new_group AND assigned_group IS NOT NULL')}
) AS told JOIN ${work}.ticket USING (ticket) ORDER BY begun_at, position`;

const timeline = `INSERT INTO docket.ticket_event (ticket_id, revision, partition, position, type, workflow, status,
  status_category, occurred_at, recorded_at, actor_id, actor_role, data)
SELECT ticket_id, revision, 0, position, type, workflow, status, step.category, at, at, coalesce(assignee, requester),
  CASE WHEN assignee IS NULL THEN 'requester' ELSE 'agent' END,
  jsonb_build_object('agent', assignee, 'group', assigned_group, 'subject', 'It does not work any more')
FROM ${work}.step JOIN ${work}.ticket USING (ticket) ORDER BY position`;

const throughput = [
  `INSERT INTO docket.throughput_second SELECT date_trunc('second', at), workflow, type, status, count(*)
FROM ${work}.step JOIN ${work}.ticket USING (ticket) GROUP BY 1, 2, 3, 4 ORDER BY 1`,
  ...['minute', 'hour', 'day'].map(
    (window) => `INSERT INTO docket.throughput_${window}
SELECT date_trunc('${window}', window_start, 'UTC'), workflow, type, state, sum(transitions)
FROM docket.throughput_second GROUP BY 1, 2, 3, 4 ORDER BY 1`,
  ),
];

const unresolved = "('new', 'open', 'pending', 'hold')";
const slot = 'to_timestamp(floor(extract(epoch FROM at) / 900) * 900)';

const counts = [
  `INSERT INTO docket.backlog_change (slot_start, workflow, assigned_group, priority, status_category, change)
SELECT slot_start, workflow, coalesce(assigned_group, ''), priority, category, sum(change)
FROM (
  SELECT ticket, ${slot} AS slot_start, assigned_group, category, 1 AS change FROM ${work}.step
  WHERE new_status OR new_group
  UNION ALL SELECT ticket, ${slot}, group_before, category_before, -1 FROM ${work}.step
  WHERE revision > 1 AND (new_status OR new_group)
) AS moves JOIN (SELECT ticket, workflow, priority FROM ${work}.ticket) AS ticket USING (ticket)
WHERE category IN ${unresolved} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1`,
  ...['day', 'month'].map(
    (window) => `INSERT INTO docket.backlog_change_${window}
SELECT date_trunc('${window}', slot_start, 'UTC'), workflow, assigned_group, priority, status_category, sum(change)
FROM docket.backlog_change GROUP BY 1, 2, 3, 4, 5 ORDER BY 1`,
  ),
  ...['assignee', 'assigned_group'].map((holder) => {
    const table = holder === 'assignee' ? 'agent_workload' : 'group_workload';
    return `INSERT INTO docket.${table} SELECT ${holder}, workflow, step.category, count(*)
FROM ${work}.step JOIN ${work}.ticket USING (ticket) WHERE next_at IS NULL AND ${holder} IS NOT NULL GROUP BY 1, 2, 3`;
  }),
  `INSERT INTO docket.status_move_day
SELECT date_trunc('day', ended_at, 'UTC'), workflow, coalesce(assigned_group, ''), value, next_value, count(*), sum(ms),
  sum(business_ms)
FROM docket.ticket_interval WHERE dimension = 'status' AND next_value IS NOT NULL GROUP BY 1, 2, 3, 4, 5 ORDER BY 1`,
  `INSERT INTO docket.handover_day
SELECT date_trunc('day', ended_at, 'UTC'), dimension, workflow, value, next_value, count(*),
  count(*) FILTER (WHERE next_value = value_before), sum(ms), sum(business_ms)
FROM (
  SELECT *, lag(value) OVER (PARTITION BY ticket_id, dimension ORDER BY revision) AS value_before
  FROM docket.ticket_interval WHERE dimension IN ('assignee', 'group')
) AS told WHERE next_value <> value GROUP BY 1, 2, 3, 4, 5 ORDER BY 1`,
];

/** Statements that fill all tables but those of one row per ticket; the tables must be there and empty. */
export function historyStatements(events: number, endsAt: string): readonly string[] {
  const end = `${literal(endsAt)}::timestamptz`;
  return [...workTables(events, end), timeline, ...throughput, intervals, ...counts];
}
