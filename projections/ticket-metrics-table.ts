/**
 * The table `docket.ticket_metrics`: every figure of each ticket in a row of its own. What the figures mean
 * is defined in domain/metrics; a row holds all that the fold keeps, so that a projector which starts anew
 * goes on from its rows. It must hold no figure that depends on the time of the query: the view
 * `ticket_metrics_now` adds those.
 */
import { isUnresolved } from '../domain/metrics/backlog.ts';
import type { TicketMetrics } from '../domain/metrics/ticket-metrics.ts';
import { type Column, column, optionalColumn, type Table } from './table.ts';
import { durations, moments, replyTimes } from './ticket-metrics-times.ts';

type Metrics = TicketMetrics;
const required = column<Metrics>;
const optional = optionalColumn<Metrics>;

const identity: readonly Column<Metrics>[] = [
  required('ticket_id', 'text', 'The ticket.', (m) => m.ticketId),
  required('workflow', 'text', 'The rules it lives under, as name@version.', (m) => m.labels.workflow),
  required('status', 'text', 'Its lifecycle state.', (m) => m.statusTime.status),
  required(
    'status_category',
    'text',
    'The category of the status: new, open, pending, hold, resolved, closed or cancelled.',
    (m) => m.statusTime.category,
  ),
  required('unresolved', 'boolean', 'Whether it is in the backlog: new, open, pending or on hold.', (m) =>
    isUnresolved(m.statusTime.category),
  ),
  optional('priority', 'text', 'The field priority, as text.', (m) => m.labels.priority),
  optional('category', 'text', 'The field category, as text.', (m) => m.labels.category),
  optional('assigned_group', 'text', 'The group that has it now.', (m) => m.groups.current),
  optional('assignee', 'text', 'The agent who has it now.', (m) => m.assignees.current),
  optional('requester', 'text', 'Who asked for it.', (m) => m.opening.requester),
  required(
    'opened_by_desk',
    'boolean',
    'Whether an agent or a lead opened it, or somebody on behalf of one.',
    (m) => m.opening.byDesk,
  ),
];

const wayAndStations: readonly Column<Metrics>[] = [
  required('assignee_stations', 'integer', 'How often an agent got it.', (m) => m.assignees.count),
  required('group_stations', 'integer', 'How often a group got it.', (m) => m.groups.count),
  required('assignees', 'jsonb', distinct('agent'), (m) => m.assignees.distinct),
  required('groups', 'jsonb', distinct('group'), (m) => m.groups.distinct),
  required(
    'assignee_handoffs',
    'integer',
    'Moves from one agent to another, also with nobody in between.',
    (m) => m.assignees.handoffs,
  ),
  required(
    'group_handoffs',
    'integer',
    'Moves from one group to another, also with none in between.',
    (m) => m.groups.handoffs,
  ),
  required(
    'assignee_returns',
    'integer',
    'Handoffs back to the agent it came from (ping-pong).',
    (m) => m.assignees.returns,
  ),
  required(
    'group_returns',
    'integer',
    'Handoffs back to the group it came from (ping-pong).',
    (m) => m.groups.returns,
  ),
  required('waited', 'boolean', 'Whether it was ever pending or on hold.', (m) => m.statusTime.waited),
  optional(
    'first_follow_up_at',
    'timestamptz',
    'When a follow-up ticket was first opened on it.',
    (m) => m.firstFollowUpAt,
  ),
  required(
    'status_path',
    'text',
    'Every status in order, as new>open>resolved; a very long way ends in an ellipsis.',
    (m) => m.statusTime.path,
  ),
];

const satisfaction: readonly Column<Metrics>[] = [
  optional('first_rating', 'text', 'The first rating: good or bad.', (m) => m.satisfaction.first),
  optional('last_rating', 'text', 'The latest rating.', (m) => m.satisfaction.last),
  optional('first_rated_at', 'timestamptz', 'When it was first rated.', (m) => m.satisfaction.firstRatedAt),
  optional('last_rated_at', 'timestamptz', 'When it was last rated.', (m) => m.satisfaction.lastRatedAt),
  required(
    'rating_changes',
    'integer',
    'How often the rating turned from good to bad or back.',
    (m) => m.satisfaction.changes,
  ),
  required('revision', 'integer', 'The last event that changed a figure of the row.', (m) => m.revision),
];

/** What a fold needs to go on, and nobody else. */
const carried: readonly Column<Metrics>[] = [
  required(
    'visited_statuses',
    'text',
    'For the projector: each status once, in order of the first visit.',
    (m) => m.statusTime.visited,
  ),
  optional('last_assignee', 'text', 'For the projector: the last agent to get it.', (m) => m.assignees.last),
  optional(
    'assignee_before_last',
    'text',
    'For the projector: whom the last agent got it from.',
    (m) => m.assignees.beforeLast,
  ),
  optional('last_group', 'text', 'For the projector: the last group to get it.', (m) => m.groups.last),
  optional(
    'group_before_last',
    'text',
    'For the projector: which group the last one got it from.',
    (m) => m.groups.beforeLast,
  ),
  required(
    'changed_at',
    'timestamptz',
    'For the projector: when its status, agent, group or priority last changed; never runs backwards.',
    (m) => m.clock,
  ),
  required(
    'calendar_since',
    'timestamptz',
    'For the projector: since when its business time follows the present calendar.',
    (m) => m.carried.calendarSince,
  ),
  required(
    'carried_business_ms',
    'bigint',
    'For the projector: business time since the opening, as earlier calendars counted it.',
    (m) => m.carried.sinceOpening,
  ),
  required(
    'carried_status_business_ms',
    'bigint',
    'For the projector: the same of the running status interval.',
    (m) => m.carried.inStatus,
  ),
  required(
    'carried_unanswered_business_ms',
    'bigint',
    'For the projector: the same since the requester waits for an answer.',
    (m) => m.carried.unanswered,
  ),
];

/** The columns for analysts, in order. */
export const metricsColumns: readonly Column<Metrics>[] = [
  ...identity,
  ...moments,
  ...replyTimes,
  ...durations,
  ...wayAndStations,
  ...satisfaction,
];

export const ticketMetricsTable: Table<Metrics> = {
  name: 'ticket_metrics',
  meaning:
    'Every figure of each ticket, by business time (when things happened): one row per ticket. Sums hold closed' +
    ' intervals only; the view ticket_metrics_now adds the running one. Business time is cumulative over the' +
    ' calendars that were in force.',
  key: ['ticket_id'],
  fixed: ['requester', 'opened_by_desk', 'opened_at'],
  // As in docket.ticket: with room on the page, a new version of a row touches no index, but for the few that
  // change what is indexed: those with which a ticket is resolved or reopened.
  fillPercent: 60,
  indexes: {
    // For periods. The opening never changes, and new tickets are written at the index's end.
    ticket_metrics_opened: '(opened_at)',
    // For periods, too: most figures are of the tickets that were resolved in one. Set once per ticket.
    ticket_metrics_resolved: '(first_resolved_at)',
    // The backlog, which is small beside all tickets. Its condition is a column of its own since one on
    // status_category would be touched whenever that changes.
    ticket_metrics_unresolved: '(opened_at) WHERE unresolved',
  },
  columns: [...metricsColumns, ...carried],
};

function distinct(holder: string): string {
  return `Each ${holder} it went through once, in order; at most 20.`;
}
