/**
 * The one JSON form of a recorded event. All of it is there, under the names of the storage format; times
 * are ISO 8601 in UTC with milliseconds instead of epoch milliseconds, inside `data` as well, because that
 * is what people and other systems read and what commands accept.
 */
import { z } from 'zod';
import { eventTypes, type RecordedEvent } from '../../domain/ticket/events.ts';
import { actorSchema, type EpochMs, ticketIdSchema } from '../../domain/ticket/values.ts';

export const eventJsonSchema = z.object({
  ticketId: ticketIdSchema,
  revision: z.int(),
  partition: z.int(),
  position: z.int(),
  type: z.enum(eventTypes),
  schemaVersion: z.int(),
  workflow: z.string(),
  /** Left out where the caller may not see the ticket's state. */
  state: z.string().optional(),
  occurredAt: z.string(),
  recordedAt: z.string(),
  actor: actorSchema,
  onBehalfOf: actorSchema.optional(),
  commandId: z.string().optional(),
  commandDigest: z.string().optional(),
  correlationId: z.string().optional(),
  causationId: z.string().optional(),
  source: z.string().optional(),
  data: z.looseObject({}),
});
export type EventJson = Readonly<z.infer<typeof eventJsonSchema>>;

/** Of an event as its reader may see it: members of its data may be missing, and an empty state is hidden. */
export function eventJson(event: RecordedEvent): EventJson {
  return {
    ticketId: event.ticketId,
    revision: event.revision,
    partition: event.partition,
    position: event.position,
    type: event.type,
    schemaVersion: event.schemaVersion,
    workflow: event.workflow,
    state: event.state === '' ? undefined : event.state,
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

function dataJson({ type, data }: RecordedEvent): Record<string, unknown> {
  switch (type) {
    case 'TicketOffered':
      return withIsoTime(data, 'expiresAt');
    case 'SlaStarted':
    case 'SlaResumed':
    case 'SlaBreached':
      return withIsoTime(data, 'dueAt');
    case 'TicketHeld':
    case 'RequesterAwaited':
      return withIsoTime(data, 'until');
    default:
      return data;
  }
}

function withIsoTime(data: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const at = data[name];
  return typeof at === 'number' ? { ...data, [name]: isoTime(at) } : data;
}
