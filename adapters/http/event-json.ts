/**
 * The one JSON form of a recorded event. All of it is there, under the names of the storage format; times
 * are ISO 8601 in UTC with milliseconds instead of epoch milliseconds, inside `data` as well, because that
 * is what people and other systems read and what commands accept.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { Actor, EpochMs } from '../../domain/ticket/values.ts';

export interface EventJson {
  readonly ticketId: string;
  readonly revision: number;
  readonly partition: number;
  readonly position: number;
  readonly type: RecordedEvent['type'];
  readonly schemaVersion: number;
  readonly workflow: string;
  readonly state: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly onBehalfOf?: Actor | undefined;
  readonly commandId?: string | undefined;
  readonly commandDigest?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly source?: string | undefined;
  readonly data: object;
}

export function eventJson(event: RecordedEvent): EventJson {
  return {
    ticketId: event.ticketId,
    revision: event.revision,
    partition: event.partition,
    position: event.position,
    type: event.type,
    schemaVersion: event.schemaVersion,
    workflow: event.workflow,
    state: event.state,
    occurredAt: isoTime(event.occurredAt),
    recordedAt: isoTime(event.recordedAt),
    actor: event.actor,
    onBehalfOf: event.onBehalfOf,
    commandId: event.commandId,
    commandDigest: event.commandDigest,
    correlationId: event.correlationId,
    causationId: event.causationId,
    source: event.source,
    data: dataJson(event),
  };
}

/** A time as every answer writes it. */
export function isoTime(at: EpochMs): string {
  return new Date(at).toISOString();
}

function dataJson(event: RecordedEvent): object {
  switch (event.type) {
    case 'TicketOffered':
      return { ...event.data, expiresAt: isoTime(event.data.expiresAt) };
    case 'SlaStarted':
    case 'SlaResumed':
    case 'SlaBreached':
      return { ...event.data, dueAt: isoTime(event.data.dueAt) };
    case 'TicketHeld':
    case 'RequesterAwaited': {
      const { until, ...data } = event.data;
      return until === undefined ? data : { ...data, until: isoTime(until) };
    }
    default:
      return event.data;
  }
}
