/**
 * The table `docket.ticket_interval`: which value each ticket had, in each dimension that analysts ask about,
 * from when to when. It only says what a row holds; how rows come about is in ticket-interval-state.ts.
 */
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { Category } from '../domain/workflow/transition.ts';
import { column, optionalColumn, type Table } from './table.ts';

/** What a ticket has one value of at a time. */
export type Dimension = 'status' | 'assignee' | 'group' | 'priority';

/** One interval. While it runs, `endedAt` and `nextValue` are absent and `ms` is 0. */
export interface TicketInterval {
  readonly ticketId: TicketId;
  readonly dimension: Dimension;
  /** The event that began it. */
  readonly revision: number;
  readonly value: string | undefined;
  readonly category: Category | undefined;
  nextValue: string | undefined;
  readonly begunAt: EpochMs;
  endedAt: EpochMs | undefined;
  ms: number;
  /** While it runs: the business time up to the last change of calendar. */
  businessMs: number;
  readonly workflow: string;
  readonly group: string | undefined;
  readonly priority: string | undefined;
  readonly position: number;
  /** The batch that the row was made in: only as long as that one is open may the row still be changed. */
  readonly batch: number;
}

const required = column<TicketInterval>;
const optional = optionalColumn<TicketInterval>;

export const ticketIntervalTable: Table<TicketInterval> = {
  name: 'ticket_interval',
  meaning:
    'Which status, assignee, group and priority each ticket had, from when to when, by business time. The' +
    ' intervals of a ticket and a dimension follow each other without a gap. The clock of a ticket never runs' +
    ' backwards: a change that is told late counts from the change before it.',
  key: ['ticket_id', 'dimension', 'revision'],
  fixed: ['value', 'status_category', 'begun_at', 'workflow', 'assigned_group', 'priority', 'position'],
  // Each row is changed once, when its interval ends. With room on the page and no index on what changes, the
  // new version stays beside the old one (a heap-only update).
  fillPercent: 75,
  indexes: {
    // For periods. Rows are appended as intervals begin: neighbours began at about the same time, so that a
    // summary per block range finds a month. A B-tree on ended_at would be written once more for each
    // interval and would end the heap-only updates.
    ticket_interval_time: 'USING brin (begun_at) WITH (pages_per_range = 32, autosummarize = on)',
  },
  columns: [
    required('ticket_id', 'text', 'The ticket.', (e) => e.ticketId),
    required(
      'dimension',
      'text',
      'What the value is: status, assignee, group or priority.',
      (e) => e.dimension,
    ),
    required('revision', 'integer', 'The event of the ticket that began it.', (e) => e.revision),
    optional(
      'value',
      'text',
      'The status, agent, group or priority; NULL for none, which is kept only after a value.',
      (e) => e.value,
    ),
    optional(
      'status_category',
      'text',
      'The category of the status; NULL in the other dimensions.',
      (e) => e.category,
    ),
    optional(
      'next_value',
      'text',
      'The value that followed; NULL for none, or while it runs.',
      (e) => e.nextValue,
    ),
    required('begun_at', 'timestamptz', 'When it began.', (e) => e.begunAt),
    optional('ended_at', 'timestamptz', 'When it ended; NULL while it runs.', (e) => e.endedAt),
    optional('ms', 'bigint', 'How long it was, in milliseconds; NULL while it runs.', (e) =>
      e.endedAt === undefined ? undefined : e.ms,
    ),
    optional(
      'business_ms',
      'bigint',
      'How much of that was business time, by the calendars of the groups that had the ticket meanwhile;' +
        ' NULL while it runs.',
      (e) => (e.endedAt === undefined ? undefined : e.businessMs),
    ),
    required('workflow', 'text', 'The rules the ticket lived under, as name@version.', (e) => e.workflow),
    optional('assigned_group', 'text', 'The group that had the ticket when it began.', (e) => e.group),
    optional('priority', 'text', 'The field priority when it began, as text.', (e) => e.priority),
    required(
      'position',
      'bigint',
      'Position of the event that began it in its partition of the log.',
      (e) => e.position,
    ),
  ],
};
