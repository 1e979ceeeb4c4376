/**
 * The additive tables that come from the same intervals as `docket.ticket_interval`: what would take a scan
 * of all intervals is counted here as it happens. A row only ever has something added to it, so that any
 * number of partitions may count into the same one.
 *
 * Rows stay when they come back to 0. In key columns '' stands for none.
 */
import type { EpochMs } from '../domain/ticket/values.ts';
import type { Category } from '../domain/workflow/transition.ts';
import { type Column, column, type Table } from './table.ts';

/** How many tickets entered (+1) and left (-1) a corner of the backlog within a window of business time. */
export interface BacklogChange {
  readonly windowStart: EpochMs;
  readonly workflow: string;
  readonly group: string;
  readonly priority: string;
  readonly category: Category;
  change: number;
}

/** Tickets that an agent or a group has now. */
export interface Workload {
  readonly holder: string;
  readonly workflow: string;
  readonly category: Category;
  tickets: number;
}

export interface StatusMoves {
  readonly dayStart: EpochMs;
  readonly workflow: string;
  readonly group: string;
  readonly from: string;
  readonly to: string;
  moves: number;
  ms: number;
  businessMs: number;
}

export interface Handovers {
  readonly dayStart: EpochMs;
  readonly dimension: 'assignee' | 'group';
  readonly workflow: string;
  readonly from: string;
  readonly to: string;
  handovers: number;
  returns: number;
  ms: number;
  businessMs: number;
}

// Nearly every batch adds to rows that are there: room for the new versions keeps them on their pages.
const addedTo = { fixed: [], fillPercent: 70, indexes: {} } as const;

export const backlogChangeTable = backlogTable(
  'backlog_change',
  'slot_start',
  'Beginning of the quarter of an hour of business time, in UTC.',
);
export const backlogChangeDayTable = backlogTable(
  'backlog_change_day',
  'day_start',
  'Beginning of the day of business time, in UTC.',
);

/** Keeps it cheap to add up all that was before a day, however many years that is. */
export const backlogChangeMonthTable = backlogTable(
  'backlog_change_month',
  'month_start',
  'Beginning of the month of business time, in UTC.',
);

export const agentWorkloadTable = workloadTable('agent_workload', 'agent', 'The agent who has them.');
export const groupWorkloadTable = workloadTable(
  'group_workload',
  'assigned_group',
  'The group that has them.',
);

const ofMoves = column<StatusMoves>;

export const statusMoveDayTable: Table<StatusMoves> = {
  name: 'status_move_day',
  meaning:
    'Moves from one status to the next per day of business time: how often, and how long tickets had stayed in' +
    ' the status that they left.',
  key: ['day_start', 'workflow', 'assigned_group', 'from_status', 'to_status'],
  ...addedTo,
  columns: [
    ofMoves('day_start', 'timestamptz', 'Beginning of the day of the move, in UTC.', (e) => e.dayStart),
    ofMoves('workflow', 'text', 'The rules the tickets live under, as name@version.', (e) => e.workflow),
    ofMoves('assigned_group', 'text', "The group that had them after the move; '' for none.", (e) => e.group),
    ofMoves('from_status', 'text', 'The status that was left.', (e) => e.from),
    ofMoves('to_status', 'text', 'The status that followed.', (e) => e.to),
    ofMoves('moves', 'bigint', 'How many moves there were.', (e) => e.moves),
    ofMoves('ms', 'bigint', 'Milliseconds spent in from_status before the moves, summed.', (e) => e.ms),
    ofMoves('business_ms', 'bigint', 'How much of that was business time.', (e) => e.businessMs),
  ],
};

const ofHandovers = column<Handovers>;

export const handoverDayTable: Table<Handovers> = {
  name: 'handover_day',
  meaning:
    'Handovers from one agent or group to another per day of business time. Nobody having the ticket in between' +
    ' makes no difference; coming back to the same one is no handover.',
  key: ['day_start', 'dimension', 'workflow', 'from_value', 'to_value'],
  ...addedTo,
  columns: [
    ofHandovers(
      'day_start',
      'timestamptz',
      'Beginning of the day of the handover, in UTC.',
      (e) => e.dayStart,
    ),
    ofHandovers('dimension', 'text', 'Who handed over: assignee or group.', (e) => e.dimension),
    ofHandovers('workflow', 'text', 'The rules the tickets live under, as name@version.', (e) => e.workflow),
    ofHandovers('from_value', 'text', 'The agent or group that had them.', (e) => e.from),
    ofHandovers('to_value', 'text', 'The one that got them.', (e) => e.to),
    ofHandovers('handovers', 'bigint', 'How many handovers there were.', (e) => e.handovers),
    ofHandovers(
      'returns',
      'bigint',
      'How many of them went back to the one that from_value had it from: A to B to A, ping-pong.',
      (e) => e.returns,
    ),
    ofHandovers(
      'ms',
      'bigint',
      'Milliseconds that from_value had them last before the handovers, summed; the time with nobody is not in it.',
      (e) => e.ms,
    ),
    ofHandovers('business_ms', 'bigint', 'How much of that was business time.', (e) => e.businessMs),
  ],
};

function backlogTable(name: string, window: string, windowMeaning: string): Table<BacklogChange> {
  const required = column<BacklogChange>;
  return {
    name,
    meaning:
      'How many unresolved tickets entered (+1) and left (-1) each corner of the backlog. The sum of all changes' +
      ' before an instant is the backlog at that instant.',
    key: [window, 'workflow', 'assigned_group', 'priority', 'status_category'],
    ...addedTo,
    columns: [
      required(window, 'timestamptz', windowMeaning, (e) => e.windowStart),
      required('workflow', 'text', 'The rules the tickets live under, as name@version.', (e) => e.workflow),
      required('assigned_group', 'text', "The group that has them; '' for none.", (e) => e.group),
      required('priority', 'text', "The field priority as text; '' for none.", (e) => e.priority),
      required(
        'status_category',
        'text',
        'new, open, pending or hold: the unresolved ones.',
        (e) => e.category,
      ),
      required('change', 'bigint', 'Tickets that entered minus tickets that left.', (e) => e.change),
    ],
  };
}

function workloadTable(name: string, holder: string, holderMeaning: string): Table<Workload> {
  const required = column<Workload>;
  const columns: readonly Column<Workload>[] = [
    required(holder, 'text', holderMeaning, (e) => e.holder),
    required('workflow', 'text', 'The rules the tickets live under, as name@version.', (e) => e.workflow),
    required(
      'status_category',
      'text',
      'The category of their status, resolved and final ones too.',
      (e) => e.category,
    ),
    required('tickets', 'bigint', 'How many tickets.', (e) => e.tickets),
  ];
  return {
    name,
    meaning: `How many tickets each ${holder === 'agent' ? 'agent' : 'group'} has now, by category of status.`,
    key: [holder, 'workflow', 'status_category'],
    ...addedTo,
    columns,
  };
}
