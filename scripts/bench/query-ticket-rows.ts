/** The rows that the query benchmark reads of which there is one per ticket or clock; see query-rows.ts. */
import { milliseconds as ms, workSchema as work } from './query-rows.ts';

const categories = ['new', 'open', 'pending', 'hold', 'resolved', 'closed', 'cancelled'];

/** What a ticket is after its last step, beside what adds up over its steps. */
const sums = `CREATE UNLOGGED TABLE ${work}.sum AS
SELECT ticket, (array_agg(status ORDER BY revision DESC))[1] AS status,
  (array_agg(category ORDER BY revision DESC))[1] AS status_category,
  (array_agg(assignee ORDER BY revision DESC))[1] AS assignee,
  (array_agg(assigned_group ORDER BY revision DESC))[1] AS assigned_group,
  max(at) FILTER (WHERE new_status) AS status_since, max(revision) AS revision, max(position) AS position, max(at) AS at,
  min(at) FILTER (WHERE new_assignee AND assignee IS NOT NULL) AS first_assigned_at,
  min(at) FILTER (WHERE type = 'TicketResolved') AS first_resolved_at,
  max(at) FILTER (WHERE type = 'TicketResolved') AS last_resolved_at,
  min(at) FILTER (WHERE type = 'TicketClosed') AS closed_at,
  min(at) FILTER (WHERE type IN ('RequesterAwaited', 'CommentAdded')) AS first_reply_at,
  count(*) FILTER (WHERE type IN ('RequesterAwaited', 'CommentAdded')) AS agent_replies,
  count(*) FILTER (WHERE type = 'RequesterReplied') AS requester_replies,
  count(*) FILTER (WHERE type = 'TicketReopened') AS reopen_count,
  count(*) FILTER (WHERE new_assignee AND assignee IS NOT NULL) AS assignee_stations,
  count(*) FILTER (WHERE new_group AND assigned_group IS NOT NULL) AS group_stations,
  bool_or(category IN ('pending', 'hold')) AS waited,
  string_agg(status, '>' ORDER BY revision) FILTER (WHERE new_status) AS status_path,
  ${categories.map((each) => `sum(stay) FILTER (WHERE category = '${each}') AS in_${each}`).join(',\n  ')}
FROM ${work}.step GROUP BY ticket`;

const stay = (category: string) => `coalesce(${ms(`in_${category}`)}, 0)`;
const business = ['new', 'open', 'pending', 'hold'];
const resolvedNow = "status_category IN ('resolved', 'closed')";

/** Columns of `ticket_metrics` and where they come from. Business time is a quarter of the time, roughly. */
const metrics: Readonly<Record<string, string>> = {
  ticket_id: 'ticket_id',
  workflow: 'workflow',
  status: 'status',
  status_category: 'status_category',
  unresolved: "status_category IN ('new', 'open', 'pending', 'hold')",
  priority: 'priority',
  category: 'category',
  assigned_group: 'assigned_group',
  assignee: 'assignee',
  requester: 'requester',
  opened_by_desk: 'false',
  opened_at: 'opened_at',
  first_assigned_at: 'first_assigned_at',
  first_resolved_at: 'first_resolved_at',
  last_resolved_at: 'last_resolved_at',
  closed_at: 'closed_at',
  status_since: 'status_since',
  reopen_count: 'reopen_count',
  rework_count: "greatest(0, length(status_path) - length(replace(status_path, '>', '')) - 4)",
  first_reply_at: 'first_reply_at',
  first_reply_ms: ms('first_reply_at - opened_at'),
  first_reply_business_ms: `${ms('first_reply_at - opened_at')} / 4`,
  last_reply_at: 'first_reply_at',
  agent_replies: 'agent_replies',
  requester_replies: 'requester_replies',
  unanswered_since: 'NULL',
  next_reply_count: 'requester_replies',
  next_reply_ms: 'requester_replies * 9000000',
  next_reply_business_ms: 'requester_replies * 3000000',
  next_reply_max_ms: 'NULL',
  first_resolution_ms: ms('first_resolved_at - opened_at'),
  first_resolution_business_ms: `${ms('first_resolved_at - opened_at')} / 4`,
  full_resolution_ms: `CASE WHEN ${resolvedNow} THEN ${ms('last_resolved_at - opened_at')} END`,
  full_resolution_business_ms: `CASE WHEN ${resolvedNow} THEN ${ms('last_resolved_at - opened_at')} / 4 END`,
  ...Object.fromEntries(categories.map((each) => [`${each}_ms`, stay(each)])),
  ...Object.fromEntries(business.map((each) => [`${each}_business_ms`, `${stay(each)} / 4`])),
  assignee_stations: 'assignee_stations',
  group_stations: 'group_stations',
  assignees: 'CASE WHEN assignee_stations > 1 THEN to_jsonb(agents) ELSE to_jsonb(agents[1:1]) END',
  groups: 'CASE WHEN group_stations > 1 THEN to_jsonb(groups) ELSE to_jsonb(groups[1:1]) END',
  assignee_handoffs: 'greatest(0, assignee_stations - 1)',
  group_handoffs: 'greatest(0, group_stations - 1)',
  assignee_returns: "CASE kind WHEN 'back' THEN 1 ELSE 0 END",
  group_returns: "CASE kind WHEN 'back' THEN 1 ELSE 0 END",
  waited: 'waited',
  first_follow_up_at: "CASE WHEN ticket % 40 = 0 THEN closed_at + interval '3 days' END",
  status_path: 'status_path',
  first_rating:
    "CASE WHEN first_resolved_at IS NULL OR ticket % 3 > 0 THEN NULL WHEN ticket % 7 = 0 THEN 'bad' ELSE 'good' END",
  last_rating:
    "CASE WHEN first_resolved_at IS NULL OR ticket % 3 > 0 THEN NULL WHEN ticket % 11 = 0 THEN 'bad' ELSE 'good' END",
  rating_changes: '0',
  revision: 'revision',
  visited_statuses: 'status_path',
  changed_at: 'status_since',
  calendar_since: 'opened_at',
  carried_business_ms: '0',
  carried_status_business_ms: '0',
  carried_unanswered_business_ms: '0',
};

const insertMetrics = `INSERT INTO docket.ticket_metrics (${Object.keys(metrics).join(', ')})
SELECT ${Object.values(metrics).join(', ')}
FROM ${work}.sum JOIN ${work}.ticket USING (ticket) ORDER BY ticket`;

const insertTickets = `INSERT INTO docket.ticket (ticket_id, workflow, state, status, status_category, closed, assignment,
  escalation, assignee, assigned_group, requester, subject, priority, category, fields, links, opened_at, opened_by_id,
  opened_by_role, updated_at, revision, partition, position)
SELECT ticket_id, workflow, status || '/assigned/L0', status, status_category, status_category = 'closed', 'assigned', 'L0',
  assignee, assigned_group, requester, 'It does not work any more', priority, category,
  jsonb_build_object('subject', 'It does not work any more', 'priority', priority, 'category', category), '[]', opened_at,
  requester, 'requester', at, revision, 0, position
FROM ${work}.sum JOIN ${work}.ticket USING (ticket) ORDER BY ticket`;

/** A first reply within four hours, a resolution within three days, whatever the priority. */
const clock = (
  name: string,
  target: string,
  stopped: string,
) => `INSERT INTO docket.sla_clock (ticket_id, clock,
  metric, policy, policy_version, priority, calendar, business, target_ms, state, started_at, due_at, paused_ms,
  breached_at, fulfilled_at, elapsed_ms, workflow, assigned_group, position)
SELECT ticket_id, '${name}#1', '${name}', 'standard', '1', priority, NULL, false, ${ms(`interval '${target}'`)},
  CASE WHEN ${stopped} IS NULL THEN 'running' ELSE 'fulfilled' END, opened_at, opened_at + interval '${target}', 0,
  CASE WHEN coalesce(${stopped}, now()) > opened_at + interval '${target}' THEN opened_at + interval '${target}' END,
  ${stopped}, ${ms(`${stopped} - opened_at`)}, workflow, NULL, position
FROM ${work}.sum JOIN ${work}.ticket USING (ticket) ORDER BY ticket`;

/** To be run after the steps of all tickets are there. */
export const ticketStatements: readonly string[] = [
  sums,
  `ANALYZE ${work}.sum`,
  insertMetrics,
  insertTickets,
  clock('first_reply', '4 hours', 'first_reply_at'),
  clock('resolution', '3 days', 'last_resolved_at'),
];
