/**
 * Who has a ticket and how urgent it is after an event, read off the event alone as `evolve` has it, for
 * folds that keep no whole ticket. Texts are in the form in which they are read back from PostgreSQL. An
 * event that does not speak of a value leaves it as it was.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { FieldChanges, FieldValue } from '../domain/ticket/values.ts';
import { storedText } from './table.ts';

export function assigneeAfter(event: RecordedEvent, before: string | undefined): string | undefined {
  switch (event.type) {
    case 'TicketAssigned':
    case 'OfferAccepted':
      return stored(event.data.agent, before);
    case 'TicketQueued':
    case 'TicketUnassigned':
    case 'AgentRemoved':
    case 'AgentWentOffline':
      return undefined;
    default:
      return before;
  }
}

export function groupAfter(event: RecordedEvent, before: string | undefined): string | undefined {
  switch (event.type) {
    case 'TicketAssigned': {
      const { group } = event.data;
      if (group === undefined) return before;
      return group === null ? undefined : stored(group, before);
    }
    case 'TicketQueued':
      return stored(event.data.group, before);
    case 'TicketUnassigned':
      return undefined;
    default:
      return before;
  }
}

/** The field priority as text, as the table `ticket` has it. */
export function priorityAfter(event: RecordedEvent, before: string | undefined): string | undefined {
  const changes = fieldChangesOf(event);
  const value = changes?.priority;
  if (value === undefined) return before;
  return value === null ? undefined : stored(fieldText(value), before);
}

/** The fields that an event sets, or clears (`null`). */
export function fieldChangesOf({ data }: RecordedEvent): FieldChanges | undefined {
  if (!('fields' in data) || data.fields === undefined) return undefined;
  const { fields } = data;
  return isNames(fields) ? Object.fromEntries(fields.map((name) => [name, null])) : fields;
}

/** A redaction only names fields. */
function isNames(fields: FieldChanges | readonly string[]): fields is readonly string[] {
  return Array.isArray(fields);
}

function fieldText(value: FieldValue): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Most often the text is the one that was there. */
function stored(text: string, before: string | undefined): string {
  return text === before ? text : storedText(text);
}
