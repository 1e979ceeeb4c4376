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

const dayMs = 86_400_000;
const timeOfDayCharacters = 'hh:mm:ss.sssZ'.length;
let lastDay = Number.NaN;
let lastDayText = '';

/**
 * A time as every answer writes it: what `toISOString` makes of it, which takes long to say what day it is.
 * Most times of an answer, and of answers after it, are of one day.
 */
export function isoTime(at: EpochMs): string {
  const time = Math.trunc(at);
  const day = Math.floor(time / dayMs);
  if (day !== lastDay) {
    lastDayText = new Date(day * dayMs).toISOString().slice(0, -timeOfDayCharacters);
    lastDay = day;
  }
  const ms = time - day * dayMs;
  const hours = two(Math.floor(ms / 3_600_000));
  const minutes = two(Math.floor(ms / 60_000) % 60);
  const seconds = two(Math.floor(ms / 1_000) % 60);
  return `${lastDayText}${hours}:${minutes}:${seconds}.${three(ms % 1_000)}Z`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}

function three(number: number): string {
  return number < 100 ? `0${two(number)}` : `${number}`;
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
