/**
 * The read model `docket.ticket_field_history`. Beside the values that hold, the fold keeps of each earlier
 * row of a field only what a redaction needs to find it again; a value that is over is kept by nobody but
 * PostgreSQL.
 *
 * The fields of a ticket share its clock, which never runs backwards: a change that is told late holds from
 * the change before it.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import { type EpochMs, type FieldValue, sameFieldValue, type TicketId } from '../domain/ticket/values.ts';
import {
  appended,
  changedRows,
  type Fold,
  type FoldContext,
  type Projection,
  type TableWrite,
} from './projection.ts';
import type { Queries } from './sql.ts';
import { storedText } from './table.ts';
import { type FieldPeriod, ticketFieldHistoryTable } from './ticket-field-history-table.ts';
import { TicketStates } from './ticket-states.ts';
import { fieldChangesOf } from './values-after.ts';

/** One row of a field, as far as it is needed to change it. */
interface Period {
  readonly revision: number;
  validTo: EpochMs | undefined;
  /** What the present batch writes of it, if anything: one row, however often it is changed. */
  written: FieldPeriod | undefined;
}

/** A field's present row and value, and those earlier rows that still have a value. */
interface FieldLine {
  readonly field: string;
  period: Period;
  value: FieldValue | undefined;
  earlier: Period[] | undefined;
}

interface TicketFields {
  readonly ticketId: TicketId;
  /** The last event that is known to have changed a field. */
  revision: number;
  /** When the latest of the present values began to hold. */
  clock: EpochMs;
  /** Few enough to be searched one by one. */
  readonly lines: FieldLine[];
}

/** A row as it is read back; of a value that is over, only whether it is there. */
interface FieldRow {
  readonly ticket_id: TicketId;
  readonly field: string;
  readonly revision: number;
  readonly value: FieldValue | null;
  readonly has_value: boolean;
  readonly valid_from: EpochMs;
  readonly valid_to: EpochMs | null;
}

/** In place of the fixed columns of a row that was written before: they are not sent again. */
const notSent = { validFrom: Number.NaN, changedBy: '', position: 0 };

export const ticketFieldHistoryProjection: Projection = {
  name: 'ticket_field_history',
  version: 1,
  tables: [ticketFieldHistoryTable],
  start: (context) => new TicketFieldHistoryFold(context),
};

class TicketFieldHistoryFold implements Fold {
  readonly #table: string;
  readonly #tickets: TicketStates<TicketFields>;
  #created: FieldPeriod[] = [];
  #changed: FieldPeriod[] = [];
  /** Periods with something `written`. */
  #touched: Period[] = [];

  constructor({ nameOf, ticketsMax }: FoldContext) {
    this.#tickets = new TicketStates(ticketsMax);
    this.#table = nameOf(ticketFieldHistoryTable);
  }

  /** Most events touch no field, and need no rows. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#tickets.missing(events.filter(needsFields));
  }

  async load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void> {
    const text = `SELECT ticket_id, field, revision, CASE WHEN valid_to IS NULL THEN value END AS value,
  value IS NOT NULL AS has_value, valid_from, valid_to
FROM ${this.#table} WHERE ticket_id = ANY($1::text[]) ORDER BY ticket_id, field, revision`;
    // A ticket that never had a field has no row to be found by.
    for (const ticketId of ticketIds) this.#tickets.set(ticketId, noFields(ticketId));
    for (const row of await queries.query<FieldRow>(text, [ticketIds])) {
      const ticket = this.#tickets.find(row.ticket_id);
      if (ticket !== undefined) restorePeriod(ticket, row);
    }
  }

  fold(event: RecordedEvent): void {
    if (!needsFields(event)) return;
    const { ticketId, revision } = event;
    const ticket = this.#tickets.find(ticketId) ?? (revision === 1 ? noFields(ticketId) : undefined);
    if (ticket === undefined || revision <= ticket.revision) {
      const reached = ticket?.revision ?? 0;
      throw new Error(`its revision is ${revision}, but the ticket's fields are at revision ${reached}`);
    }
    ticket.revision = revision;
    if (revision === 1) this.#tickets.set(ticketId, ticket);
    const changes = fieldChangesOf(event) ?? {};
    for (const field of Object.keys(changes)) {
      this.#change(ticket, field, changes[field] ?? undefined, event);
      if (event.type === 'ContentRedacted') this.#redact(ticket, field);
    }
  }

  takeWrites(): readonly TableWrite[] {
    const [created, changed] = [this.#created, this.#changed];
    for (const period of this.#touched) period.written = undefined;
    this.#created = [];
    this.#changed = [];
    this.#touched = [];
    this.#tickets.endBatch();
    return [appended(ticketFieldHistoryTable, created), changedRows(ticketFieldHistoryTable, changed)];
  }

  forget(): void {
    this.#tickets.forget();
    this.#created = [];
    this.#changed = [];
    this.#touched = [];
  }

  #change(ticket: TicketFields, field: string, told: FieldValue | undefined, event: RecordedEvent): void {
    const value = storedFieldValue(told);
    const line = lineOf(ticket, field);
    if (sameFieldValue(line?.value, value)) return;
    ticket.clock = Math.max(ticket.clock, event.occurredAt);
    const period = this.#begin(ticket, field, value, event);
    if (line === undefined) {
      ticket.lines.push({ field, period, value, earlier: undefined });
      return;
    }
    this.#written(ticket, line.field, line.period, line.value).validTo = ticket.clock;
    line.period.validTo = ticket.clock;
    if (line.value !== undefined) {
      line.earlier ??= [];
      line.earlier.push(line.period);
    }
    line.period = period;
    line.value = value;
  }

  /** Takes the value out of all earlier rows; the present one has none any more. */
  #redact(ticket: TicketFields, field: string): void {
    const line = lineOf(ticket, field);
    if (line?.earlier === undefined) return;
    for (const period of line.earlier) this.#written(ticket, field, period, undefined).value = undefined;
    line.earlier = undefined;
  }

  #begin(
    { ticketId, clock }: TicketFields,
    field: string,
    value: FieldValue | undefined,
    { revision, actor, position }: RecordedEvent,
  ): Period {
    const row: FieldPeriod = {
      ticketId,
      field,
      revision,
      value,
      validFrom: clock,
      validTo: undefined,
      changedBy: actor.id,
      position,
    };
    const period: Period = { revision, validTo: undefined, written: row };
    this.#created.push(row);
    this.#touched.push(period);
    return period;
  }

  /** The row that the present batch writes of a period, which has held `value` until now. */
  #written(
    { ticketId }: TicketFields,
    field: string,
    period: Period,
    value: FieldValue | undefined,
  ): FieldPeriod {
    if (period.written !== undefined) return period.written;
    const { revision, validTo } = period;
    const row: FieldPeriod = { ticketId, field, revision, value, validTo, ...notSent };
    period.written = row;
    this.#changed.push(row);
    this.#touched.push(period);
    return row;
  }
}

/** A ticket before its first field. */
function noFields(ticketId: TicketId): TicketFields {
  return { ticketId, revision: 0, clock: Number.NEGATIVE_INFINITY, lines: [] };
}

/** Takes in one of the ticket's rows; those of a field come one after the other, in order of revision. */
function restorePeriod(ticket: TicketFields, row: FieldRow): void {
  const { field, revision, has_value: hasValue, valid_from: validFrom, valid_to: validTo } = row;
  const period: Period = { revision, validTo: validTo ?? undefined, written: undefined };
  ticket.revision = Math.max(ticket.revision, revision);
  ticket.clock = Math.max(ticket.clock, validFrom);
  let line = ticket.lines.at(-1);
  if (line?.field !== field) {
    line = { field, period, value: undefined, earlier: undefined };
    ticket.lines.push(line);
  }
  line.period = period;
  line.value = row.value ?? undefined;
  if (validTo !== null && hasValue) {
    line.earlier ??= [];
    line.earlier.push(period);
  }
}

function needsFields(event: RecordedEvent): boolean {
  return event.revision === 1 || 'fields' in event.data;
}

function lineOf(ticket: TicketFields, field: string): FieldLine | undefined {
  for (const line of ticket.lines) if (line.field === field) return line;
  return undefined;
}

/** The value as it is read back, so that what is told again later is known for the same. */
function storedFieldValue(value: FieldValue | undefined): FieldValue | undefined {
  if (typeof value === 'string') return storedText(value);
  return Array.isArray(value) ? value.map(storedText) : value;
}
