/**
 * Events as newline-delimited JSON, one CloudEvents 1.0 event in structured JSON form per line. Everything
 * the log knows of an event is there: what CloudEvents has no attribute for is an extension attribute, whose
 * names may only be lower-case letters and digits. `data` is what the log holds, unchanged.
 */
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { Output } from './output.ts';
import type { SelectedEvents } from './selected-events.ts';
import { timeText } from './text.ts';

/** Before the name of the event in `type`. */
export const eventTypePrefix = 'org.docket.';
/** What `source` says where the caller names nothing better; with `id` it tells an event from all others. */
export const eventSourceDefault = 'urn:docket';
/** `sequence` must sort as text: a revision has as many digits as an int32 can have. */
export const sequenceDigits = 10;

/** A line, in the order of its members; optional members are absent where the log has nothing. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** When the log committed it: the extension of that name. */
  readonly recordedtime: string;
  /** The revision within the ticket: the extension of that name. */
  readonly sequence: string;
  /** The ticket: the extension of that name. */
  readonly partitionkey: string;
  readonly logpartition: number;
  /** As text: an integer of CloudEvents ends at 2^31. */
  readonly logposition: string;
  readonly schemaversion: number;
  readonly workflow: string;
  readonly state: string;
  readonly actorid: string;
  readonly actorrole: string;
  readonly onbehalfofid?: string | undefined;
  readonly onbehalfofrole?: string | undefined;
  readonly commandid?: string | undefined;
  readonly commanddigest?: string | undefined;
  readonly correlationid?: string | undefined;
  readonly causationid?: string | undefined;
  /** Where the command came from; `source` means another thing here. */
  readonly origin?: string | undefined;
  readonly data: object;
}

export async function writeCloudEvents(
  events: SelectedEvents,
  output: Output,
  source: string = eventSourceDefault,
): Promise<void> {
  for await (const batch of events.batches()) {
    let lines = '';
    for (const { event } of batch) lines += `${JSON.stringify(cloudEvent(event, source))}\n`;
    await output.write(lines);
  }
}

/** The id of an event in every format: no ticket id has a `#`. */
export function eventId({ ticketId, revision }: Pick<RecordedEvent, 'ticketId' | 'revision'>): string {
  return `${ticketId}#${revision}`;
}

export function cloudEvent(event: RecordedEvent, source: string): CloudEvent {
  return {
    specversion: '1.0',
    id: eventId(event),
    source,
    type: `${eventTypePrefix}${event.type}`,
    subject: event.ticketId,
    time: `${timeText(event.occurredAt)}Z`,
    datacontenttype: 'application/json',
    recordedtime: `${timeText(event.recordedAt)}Z`,
    sequence: String(event.revision).padStart(sequenceDigits, '0'),
    partitionkey: event.ticketId,
    logpartition: event.partition,
    logposition: String(event.position),
    schemaversion: event.schemaVersion,
    workflow: event.workflow,
    state: event.state,
    actorid: event.actor.id,
    actorrole: event.actor.role,
    onbehalfofid: event.onBehalfOf?.id,
    onbehalfofrole: event.onBehalfOf?.role,
    commandid: event.commandId,
    commanddigest: event.commandDigest,
    correlationid: event.correlationId,
    causationid: event.causationId,
    origin: event.source,
    data: event.data,
  };
}
