/**
 * The columns of an export that has rows: each once, for CSV and Parquet alike. Events bear the names that
 * pm4py and Celonis look for, and `docket:` names for what only Docket knows, which are the same in XES and
 * OCEL.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';
import type { SelectedEvent } from './selected-events.ts';

/**
 * Times are `EpochMs`; a JSON value is anything that JSON can hold. `integer` ends at 2^31, `long` at 2^53.
 */
export type ColumnKind = 'text' | 'integer' | 'long' | 'float' | 'boolean' | 'time' | 'json';
export type CellValue = string | number | boolean | object | null | undefined;

export interface ExportColumn<Row> {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly of: (row: Row) => CellValue;
}

function column(name: string, kind: ColumnKind, of: (row: SelectedEvent) => CellValue) {
  return { name, kind, of };
}

const time = (name: string, of: (row: SelectedEvent) => EpochMs) => column(name, 'time', of);
const text = (name: string, of: (row: SelectedEvent) => string | undefined) => column(name, 'text', of);

/** All that the log has of an event, and the group of its ticket after it. */
export const eventColumns: readonly ExportColumn<SelectedEvent>[] = [
  text('case:concept:name', ({ event }) => event.ticketId),
  text('concept:name', ({ event }) => event.type),
  time('time:timestamp', ({ event }) => event.occurredAt),
  text('org:resource', ({ event }) => event.actor.id),
  text('org:role', ({ event }) => event.actor.role),
  text('org:group', ({ group }) => group),
  text('lifecycle:transition', () => 'complete'),
  // Events of one instant have an order; without this column tools are free to choose another one.
  column('sorting', 'integer', ({ event }) => event.revision),
  column('docket:partition', 'integer', ({ event }) => event.partition),
  column('docket:position', 'long', ({ event }) => event.position),
  time('docket:recordedAt', ({ event }) => event.recordedAt),
  text('docket:workflow', ({ event }) => event.workflow),
  text('docket:state', ({ event }) => event.state),
  column('docket:schemaVersion', 'integer', ({ event }) => event.schemaVersion),
  text('docket:onBehalfOfId', ({ event }) => event.onBehalfOf?.id),
  text('docket:onBehalfOfRole', ({ event }) => event.onBehalfOf?.role),
  text('docket:commandId', ({ event }) => event.commandId),
  text('docket:commandDigest', ({ event }) => event.commandDigest),
  text('docket:correlationId', ({ event }) => event.correlationId),
  text('docket:causationId', ({ event }) => event.causationId),
  text('docket:source', ({ event }) => event.source),
  column('docket:data', 'json', ({ event }) => event.data),
];
