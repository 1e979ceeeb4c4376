/**
 * The columns of `docket.ticket_metrics` that tell when something happened and how long it took. They belong
 * to that table alone and must be listed there, in this order.
 */
import type { TicketMetrics } from '../domain/metrics/ticket-metrics.ts';
import { type Column, column, optionalColumn } from './table.ts';

type Metrics = TicketMetrics;
const required = column<Metrics>;
const optional = optionalColumn<Metrics>;

export const moments: readonly Column<Metrics>[] = [
  required('opened_at', 'timestamptz', 'When it was opened.', (m) => m.opening.at),
  optional(
    'first_assigned_at',
    'timestamptz',
    'When it first got an assignee.',
    (m) => m.resolution.firstAssignedAt,
  ),
  optional(
    'first_resolved_at',
    'timestamptz',
    'When it first went from unresolved to resolved, or straight to closed.',
    (m) => m.resolution.firstResolvedAt,
  ),
  optional(
    'last_resolved_at',
    'timestamptz',
    'When it last did so, even if it was reopened since.',
    (m) => m.resolution.lastResolvedAt,
  ),
  optional('closed_at', 'timestamptz', 'When it was closed.', (m) => m.resolution.closedAt),
  required(
    'status_since',
    'timestamptz',
    'When it came into its present status: the beginning of the running interval.',
    (m) => m.statusTime.since,
  ),
  required(
    'reopen_count',
    'integer',
    'How often it went back to unresolved; one that is reopened right now counts.',
    (m) => m.resolution.reopenCount,
  ),
  required(
    'rework_count',
    'integer',
    'Visits to a status beyond the first visit of each.',
    (m) => m.statusTime.reworkCount,
  ),
];

export const replyTimes: readonly Column<Metrics>[] = [
  optional(
    'first_reply_at',
    'timestamptz',
    "The desk's first public comment after the opening.",
    (m) => m.replies.firstReplyAt,
  ),
  optional(
    'first_reply_ms',
    'bigint',
    'Milliseconds from opening to first reply.',
    (m) => m.replies.firstReplyMs,
  ),
  optional(
    'first_reply_business_ms',
    'bigint',
    'The same in business time.',
    (m) => m.replies.firstReplyBusinessMs,
  ),
  optional('last_reply_at', 'timestamptz', "The desk's last public comment.", (m) => m.replies.lastReplyAt),
  required(
    'agent_replies',
    'integer',
    'Public comments by agents and leads, or on their behalf.',
    (m) => m.replies.agentReplies,
  ),
  required(
    'requester_replies',
    'integer',
    'Public comments of the requester; the opening is none.',
    (m) => m.replies.requesterReplies,
  ),
  optional(
    'unanswered_since',
    'timestamptz',
    "The oldest public comment of the requester since the desk's last reply; NULL before the first reply.",
    (m) => m.replies.unansweredSince,
  ),
  required(
    'next_reply_count',
    'integer',
    'How many waits for a reply after the first one were ended.',
    (m) => m.replies.nextReplyCount,
  ),
  required(
    'next_reply_ms',
    'bigint',
    'Milliseconds of these waits together; divide by next_reply_count for the mean.',
    (m) => m.replies.nextReplyMs,
  ),
  required(
    'next_reply_business_ms',
    'bigint',
    'The same in business time.',
    (m) => m.replies.nextReplyBusinessMs,
  ),
  optional(
    'next_reply_max_ms',
    'bigint',
    'Milliseconds of the longest of them.',
    (m) => m.replies.nextReplyMaxMs,
  ),
];

export const durations: readonly Column<Metrics>[] = [
  optional(
    'first_resolution_ms',
    'bigint',
    'Milliseconds from opening to first resolution.',
    (m) => m.resolution.firstMs,
  ),
  optional(
    'first_resolution_business_ms',
    'bigint',
    'The same in business time.',
    (m) => m.resolution.firstBusinessMs,
  ),
  optional(
    'full_resolution_ms',
    'bigint',
    'Milliseconds from opening to last resolution; NULL while it is unresolved, and once it is cancelled.',
    (m) => m.resolution.fullMs,
  ),
  optional(
    'full_resolution_business_ms',
    'bigint',
    'The same in business time.',
    (m) => m.resolution.fullBusinessMs,
  ),
  required('new_ms', 'bigint', closedIntervals('new'), (m) => m.statusTime.newMs),
  required('open_ms', 'bigint', closedIntervals('open'), (m) => m.statusTime.openMs),
  required('pending_ms', 'bigint', closedIntervals('pending'), (m) => m.statusTime.pendingMs),
  required('hold_ms', 'bigint', closedIntervals('hold'), (m) => m.statusTime.holdMs),
  required('resolved_ms', 'bigint', closedIntervals('resolved'), (m) => m.statusTime.resolvedMs),
  required('closed_ms', 'bigint', closedIntervals('closed'), (m) => m.statusTime.closedMs),
  required('cancelled_ms', 'bigint', closedIntervals('cancelled'), (m) => m.statusTime.cancelledMs),
  required('new_business_ms', 'bigint', businessOf('new'), (m) => m.statusTime.newBusinessMs),
  required('open_business_ms', 'bigint', businessOf('open'), (m) => m.statusTime.openBusinessMs),
  required('pending_business_ms', 'bigint', businessOf('pending'), (m) => m.statusTime.pendingBusinessMs),
  required('hold_business_ms', 'bigint', businessOf('hold'), (m) => m.statusTime.holdBusinessMs),
];

function closedIntervals(category: string): string {
  return `Milliseconds in the category ${category}, over its closed intervals.`;
}

function businessOf(category: string): string {
  return `Business milliseconds in the category ${category}, over its closed intervals.`;
}
