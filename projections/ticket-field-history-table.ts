/**
 * The table `docket.ticket_field_history`: every value that every field of a ticket ever had, and how long it
 * held (a slowly changing dimension of type 2). How rows come about is in ticket-field-history.ts.
 */
import type { EpochMs, FieldValue, TicketId } from '../domain/ticket/values.ts';
import { column, optionalColumn, type Table } from './table.ts';

export interface FieldPeriod {
  readonly ticketId: TicketId;
  readonly field: string;
  readonly revision: number;
  /** Absent: cleared, or redacted since. */
  value: FieldValue | undefined;
  readonly validFrom: EpochMs;
  validTo: EpochMs | undefined;
  readonly changedBy: string;
  readonly position: number;
}

const required = column<FieldPeriod>;
const optional = optionalColumn<FieldPeriod>;

export const ticketFieldHistoryTable: Table<FieldPeriod> = {
  name: 'ticket_field_history',
  meaning:
    'Every value that the fields of a ticket had, and from when to when. A change to the value that is there makes' +
    ' no row. A redaction takes the value out of all earlier rows of its field.',
  key: ['ticket_id', 'field', 'revision'],
  fixed: ['valid_from', 'changed_by', 'position'],
  // Most values hold for good; a row is changed once at most, but for redactions. No indexed column changes.
  fillPercent: 90,
  indexes: {
    // For the changes of a period. Rows lie in order of the changes, so a summary per block range does.
    ticket_field_history_time: 'USING brin (valid_from) WITH (pages_per_range = 32, autosummarize = on)',
  },
  columns: [
    required('ticket_id', 'text', 'The ticket.', (e) => e.ticketId),
    required('field', 'text', 'The name of the field.', (e) => e.field),
    required('revision', 'integer', 'The event of the ticket that set or cleared it.', (e) => e.revision),
    optional('value', 'jsonb', 'The value; NULL where it was cleared, or redacted since.', (e) => e.value),
    required('valid_from', 'timestamptz', 'Business time from which it held.', (e) => e.validFrom),
    optional('valid_to', 'timestamptz', 'Until when; NULL while it holds.', (e) => e.validTo),
    required('changed_by', 'text', 'Who set or cleared it.', (e) => e.changedBy),
    required('position', 'bigint', 'Position of the event in its partition of the log.', (e) => e.position),
  ],
};
