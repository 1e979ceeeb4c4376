/** From rows of docket_log.event to events. The only place where what the database gives is taken for one. */
import { Fault } from '../../../domain/errors.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { Role } from '../../../domain/ticket/values.ts';
import { fromStorable } from './storable-text.ts';

/** Without `write_id`, which is no business of a reader's. */
export const eventColumns = [
  'position',
  'recorded_at',
  'occurred_at',
  'revision',
  'schema_version',
  'ticket_id',
  'type',
  'workflow',
  'state',
  'actor_id',
  'actor_role',
  'on_behalf_of_id',
  'on_behalf_of_role',
  'command_id',
  'command_digest',
  'correlation_id',
  'causation_id',
  'source',
  'data',
]
  .map((name) => `e.${name}`)
  .join(', ');

export interface EventRow {
  readonly position: number;
  readonly recorded_at: number;
  readonly occurred_at: number;
  readonly revision: number;
  readonly schema_version: number;
  readonly ticket_id: string;
  readonly type: string;
  readonly workflow: string;
  readonly state: string;
  readonly actor_id: string;
  readonly actor_role: Role;
  readonly on_behalf_of_id: string | null;
  readonly on_behalf_of_role: Role | null;
  readonly command_id: string | null;
  readonly command_digest: string | null;
  readonly correlation_id: string | null;
  readonly causation_id: string | null;
  readonly source: string | null;
  readonly data: unknown;
}

export function eventOf(row: EventRow): RecordedEvent {
  const event: Record<string, unknown> = {
    ticketId: fromStorable(row.ticket_id),
    partition: 0,
    position: row.position,
    revision: row.revision,
    recordedAt: row.recorded_at,
    occurredAt: row.occurred_at,
    schemaVersion: row.schema_version,
    workflow: fromStorable(row.workflow),
    state: fromStorable(row.state),
    actor: { id: fromStorable(row.actor_id), role: row.actor_role },
    type: row.type,
    data: row.data,
  };
  // Parts that were absent stay absent.
  if (row.on_behalf_of_id !== null) {
    event.onBehalfOf = { id: fromStorable(row.on_behalf_of_id), role: row.on_behalf_of_role };
  }
  if (row.command_id !== null) event.commandId = fromStorable(row.command_id);
  if (row.command_digest !== null) event.commandDigest = fromStorable(row.command_digest);
  if (row.correlation_id !== null) event.correlationId = fromStorable(row.correlation_id);
  if (row.causation_id !== null) event.causationId = fromStorable(row.causation_id);
  if (row.source !== null) event.source = fromStorable(row.source);
  return event as unknown as RecordedEvent;
}

/** Positions have no gaps and are committed in order, so a row that is missing was taken away. */
export function assertContiguous(rows: readonly EventRow[], from: number): void {
  for (const [index, { position }] of rows.entries()) {
    if (position === from + index) continue;
    const message = `docket_log.event has position ${position} where ${from + index} must be: rows are missing`;
    throw new Fault('log_damaged', message);
  }
}
