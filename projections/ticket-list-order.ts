/** The orders that lists of tickets come in, and the keys by which a page begins where another ended. */
import { instantText } from './instants.ts';
import type { SqlValue } from './sql.ts';
import type { TicketRow } from './ticket.ts';
import { priorityRank } from './ticket-priority.ts';

export const listSorts = ['opened', 'updated', 'id', 'priority'] as const;
export type ListSort = (typeof listSorts)[number];

/**
 * What tells a ticket's place in its order, in the order's own columns; times as `EpochMs`. No two tickets
 * have the same.
 */
export type ListKey = readonly (string | number)[];

/** What a ticket is made of, without the columns that only filters and analysts read. */
const rowColumns: readonly (keyof TicketRow)[] = [
  'ticket_id',
  'workflow',
  'state',
  'hold_reason',
  'hold_until',
  'hold_timer_id',
  'assignee',
  'assigned_group',
  'offered_to',
  'offer_expires_at',
  'requester',
  'fields',
  'links',
  'resolution_code',
  'resolved_at',
  'merged_into',
  'opened_at',
  'opened_by_id',
  'opened_by_role',
  'updated_at',
  'revision',
  'partition',
  'position',
];

/** A row's columns in a statement, the rank of its priority with them. */
export const listedColumns = [
  ...rowColumns.map((name) => `t.${name}`),
  `${priorityRank('t.priority')} AS priority_rank`,
].join(', ');

export interface ListRow extends TicketRow {
  readonly priority_rank: number;
}

interface KeyColumn {
  readonly expression: string;
  /** What the row that is answered calls it. */
  readonly name: keyof ListRow;
  readonly type: 'text' | 'integer' | 'bigint' | 'timestamptz';
  readonly of: (row: ListRow) => string | number;
}

const ticketId: KeyColumn = {
  expression: 't.ticket_id',
  name: 'ticket_id',
  type: 'text',
  of: (row) => row.ticket_id,
};
const openedAt: KeyColumn = {
  expression: 't.opened_at',
  name: 'opened_at',
  type: 'timestamptz',
  of: (row) => row.opened_at,
};

export const listOrders: Readonly<Record<ListSort, readonly KeyColumn[]>> = {
  opened: [openedAt, ticketId],
  // The order of the last events in the log: business times may be any.
  updated: [
    { expression: 't.partition', name: 'partition', type: 'integer', of: (row) => row.partition },
    { expression: 't.position', name: 'position', type: 'bigint', of: (row) => row.position },
  ],
  id: [ticketId],
  priority: [
    {
      expression: priorityRank('t.priority'),
      name: 'priority_rank',
      type: 'integer',
      of: (row) => row.priority_rank,
    },
    openedAt,
    ticketId,
  ],
};

export function keyOf(sort: ListSort, row: ListRow): ListKey {
  return listOrders[sort].map(({ of }) => of(row));
}

/** Whether something that came from outside can be a key of the order. */
export function isKey(sort: ListSort, key: readonly unknown[]): key is ListKey {
  const columns = listOrders[sort];
  return (
    key.length === columns.length &&
    columns.every(({ type }, index) => typeof key[index] === (type === 'text' ? 'string' : 'number'))
  );
}

/** The condition that a row comes after a key, and its values, which begin with parameter number `first`. */
export function comesAfter(
  columns: readonly KeyColumn[],
  descending: boolean,
  key: ListKey,
  first: number,
): { readonly condition: string; readonly values: readonly SqlValue[] } {
  const parameters = columns.map(({ type }, index) => `$${first + index}::${type}`);
  const left = columns.map(({ expression }) => expression).join(', ');
  const condition = `(${left}) ${descending ? '<' : '>'} (${parameters.join(', ')})`;
  const values = key.map((value, index) =>
    columns[index]?.type === 'timestamptz' && typeof value === 'number' ? instantText(value) : value,
  );
  return { condition, values };
}
