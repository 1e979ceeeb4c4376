/**
 * What a projection is: a name, a version, its tables, and a fold from events to set-based writes.
 * A fold is given every event of a partition once, in order, and says what rows that makes; it never touches
 * the database but to read its own rows back, so that the projector alone decides what is committed when.
 */
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import { instantText } from './instants.ts';
import type { Queries } from './sql.ts';
import { changingColumns, type Row, rowOf, type Table } from './table.ts';

export interface Projection {
  readonly name: string;
  /** Raised whenever the same events would give other rows. */
  readonly version: number;
  readonly tables: readonly Table<never>[];
  /** Whether business time goes into the rows: with other calendars they must be built anew. */
  readonly usesCalendars?: true;
  /** A fold for one partition, with nothing in memory yet. */
  start(context: FoldContext): Fold;
}

/** What a fold may know beside the events. */
export interface FoldContext {
  readonly workflows: Workflows;
  readonly calendars: Calendars;
  /** The full name under which a table's rows are kept: every build of a projection has tables of its own. */
  readonly nameOf: (table: Table<never>) => string;
  /** How many tickets the fold may remember, where it is not the default of `TicketMemory`. */
  readonly ticketsMax?: number;
}

export interface Fold {
  /** The tickets whose rows must be loaded before these events can be folded. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[];
  /** Reads rows back, with one statement. A row that is not there is found out when its event is folded. */
  load(queries: Queries, ticketIds: readonly TicketId[]): Promise<void>;
  /** Takes in one event. Throws, and has changed nothing, where it can not follow from what was folded. */
  fold(event: RecordedEvent): void;
  /** Hands over what the events since the last call add up to, and begins the next batch. */
  takeWrites(): readonly TableWrite[];
  /** Drops everything in memory: rows that were never committed must not be built upon. */
  forget(): void;
}

/**
 * Rows for one table, told apart by `kind`:
 * - `append`: rows that are not there yet;
 * - `change`: rows that are there and are replaced by key, with the table's `changingColumns` only;
 * - `count`: rows whose columns beside the key are added to what is there, if anything;
 * - `expire`: the only row is a time, and rows whose first key column lies before it are removed.
 */
export interface TableWrite {
  readonly kind: 'append' | 'change' | 'count' | 'expire';
  readonly table: Table<never>;
  readonly rowCount: number;
  /** Made while they are sent, so that encoding and PostgreSQL work at the same time. Read once. */
  readonly rows: Iterable<Row>;
}

/** New rows, one for each source. */
export function appended<Source>(table: Table<Source>, sources: readonly Source[]): TableWrite {
  const rows = sources.values().map((source) => rowOf(table.columns, source));
  return { kind: 'append', table, rowCount: sources.length, rows };
}

/** Removes rows that begin before a time. */
export function expired(table: Table<never>, before: EpochMs): TableWrite {
  return { kind: 'expire', table, rowCount: 1, rows: [[instantText(before)]] };
}

/** New versions of rows that are there, one for each source. */
export function changedRows<Source>(table: Table<Source>, sources: readonly Source[]): TableWrite {
  const columns = changingColumns(table);
  const rows = sources.values().map((source) => rowOf(columns, source));
  return { kind: 'change', table, rowCount: sources.length, rows };
}
