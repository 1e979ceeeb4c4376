/**
 * The desk right now: what a dashboard shows and asks for every second, so it stands on counts that are kept,
 * on the last rows of keys in order of time, and on small partial indexes, never on all tickets.
 */
import { categories } from '../../domain/workflow/transition.ts';
import type { View } from '../view.ts';

const unresolved = "('new', 'open', 'pending', 'hold')";

const workloadColumns = categories.map(
  (category) =>
    `coalesce(sum(tickets) FILTER (WHERE status_category = '${category}'), 0)::bigint AS ${category}`,
);
const workloadMeanings = Object.fromEntries(
  categories.map((category) => [category, `Tickets in the category ${category}.`]),
);

export const agentWorkloadNow: View = {
  kind: 'view',
  name: 'agent_workload_now',
  meaning:
    'How many tickets each agent has now, by category of their status: one row per agent and workflow.',
  columns: {
    agent: 'The agent.',
    workflow: 'The rules that the tickets live under, as name@version.',
    unresolved: 'Tickets that are new, open, pending or on hold.',
    ...workloadMeanings,
  },
  query: workloadQuery('agent'),
};

export const groupWorkloadNow: View = {
  kind: 'view',
  name: 'group_workload_now',
  meaning:
    'How many tickets each group has now, by category of their status: one row per group and workflow.',
  columns: {
    assigned_group: 'The group.',
    workflow: 'The rules that the tickets live under, as name@version.',
    unresolved: 'Tickets that are new, open, pending or on hold.',
    ...workloadMeanings,
  },
  query: workloadQuery('assigned_group'),
};

function workloadQuery(holder: string): string {
  return `SELECT ${holder}, workflow,
  coalesce(sum(tickets) FILTER (WHERE status_category IN ${unresolved}), 0)::bigint AS unresolved,
  ${workloadColumns.join(',\n  ')}
FROM docket.${holder === 'agent' ? 'agent' : 'group'}_workload
GROUP BY ${holder}, workflow HAVING sum(tickets) <> 0`;
}

export const transitionsNow: View = {
  kind: 'view',
  name: 'transitions_now',
  meaning:
    'Transitions committed in the last hour, by workflow, type and the status they led to: what flows through the desk' +
    ' at the moment. Minutes are whole ones: the running one and the 59 before it.',
  columns: {
    workflow: 'The rules they were decided by, as name@version.',
    type: 'The type of event, such as TicketResolved.',
    state: 'The lifecycle state that they led to.',
    last_hour: 'How many in the last hour.',
    last_minute: 'How many of them in the last 60 seconds.',
  },
  query: `SELECT workflow, type, state, last_hour, coalesce(last_minute, 0)::bigint AS last_minute
FROM (
  SELECT workflow, type, state, sum(transitions)::bigint AS last_hour
  FROM docket.throughput_minute WHERE window_start > now() - interval '1 hour' GROUP BY workflow, type, state
) AS hour LEFT JOIN (
  SELECT workflow, type, state, sum(transitions) AS last_minute
  FROM docket.throughput_second WHERE window_start > now() - interval '1 minute' GROUP BY workflow, type, state
) AS minute USING (workflow, type, state)`,
};

/** One row, whatever there is. The backlog is read once, by its own index; windows at the end of a key. */
export const deskNow: View = {
  kind: 'view',
  name: 'desk_now',
  meaning: 'The desk at a glance: one row, for dashboards that ask every second.',
  columns: {
    unresolved: 'Tickets that are new, open, pending or on hold.',
    new: 'Tickets in the category new.',
    open: 'Tickets in the category open.',
    pending: 'Tickets in the category pending: the requester is asked.',
    hold: 'Tickets in the category hold: somebody else is waited for.',
    unassigned: 'Unresolved tickets without an assignee.',
    oldest_unassigned: 'The one of them that was opened first; NULL where there is none.',
    oldest_unassigned_ms: 'How long ago that was, in milliseconds.',
    transitions_last_minute: 'Transitions committed in the last 60 seconds.',
    transitions_last_hour: 'Transitions committed in the running minute and the 59 before it.',
    opened_last_hour: 'How many of them opened a ticket.',
    resolved_last_hour: 'How many of them resolved one.',
    sla_at_risk: 'SLA clocks that run, are not breached yet, and are due within the next hour or overdue.',
    newest_transition_at: 'The second of the newest transition in the throughput tables.',
  },
  query: `SELECT backlog.*, flow.*, sla.*, newest.*
FROM (
  SELECT count(*) AS unresolved,
    count(*) FILTER (WHERE status_category = 'new') AS new,
    count(*) FILTER (WHERE status_category = 'open') AS open,
    count(*) FILTER (WHERE status_category = 'pending') AS pending,
    count(*) FILTER (WHERE status_category = 'hold') AS hold,
    count(*) FILTER (WHERE assignee IS NULL) AS unassigned,
    (array_agg(ticket_id ORDER BY opened_at, ticket_id) FILTER (WHERE assignee IS NULL))[1] AS oldest_unassigned,
    floor(extract(epoch FROM now() - min(opened_at) FILTER (WHERE assignee IS NULL)) * 1000)::bigint
      AS oldest_unassigned_ms
  FROM docket.ticket_metrics WHERE unresolved
) AS backlog CROSS JOIN (
  SELECT coalesce(sum(last_minute), 0)::bigint AS transitions_last_minute,
    coalesce(sum(last_hour), 0)::bigint AS transitions_last_hour,
    coalesce(sum(last_hour) FILTER (WHERE type = 'TicketOpened'), 0)::bigint AS opened_last_hour,
    coalesce(sum(last_hour) FILTER (WHERE type = 'TicketResolved'), 0)::bigint AS resolved_last_hour
  FROM docket.transitions_now
) AS flow CROSS JOIN (
  SELECT count(*) AS sla_at_risk FROM docket.sla_due_soon
) AS sla CROSS JOIN (
  SELECT max(window_start) AS newest_transition_at FROM docket.throughput_second
) AS newest`,
};
