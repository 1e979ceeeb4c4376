/**
 * The way back from events to the command that made them, for histories that are to be made again elsewhere:
 * the same commands, in the same order, make the same events. Most events have a command of their own; some
 * come with another's, such as the opening of a follow-up, and are made again when that command is.
 *
 * It must never make a command for an event that another command makes.
 */
import { eventOfTransition } from '../workflow/transition.ts';
import { type Command, commandSchema, commandTypes } from './commands.ts';
import type { EventOf, EventType, RecordedEvent } from './events.ts';

/** By event; absent for what is always another command's doing, such as being merged into. */
const commandOf: ReadonlyMap<EventType, string> = new Map<EventType, string>([
  ['TicketOpened', 'OpenTicket'],
  ...Object.entries(eventOfTransition).flatMap(([command, event]): [EventType, string][] =>
    commandTypes.some((type) => type === command) ? [[event, command]] : [],
  ),
]);

/**
 * Whether an event was made by the command that made `events`, the ones just before it in the log. A ticket
 * that was opened with a group or an agent has events for them; without a command id they can not be told
 * from commands of their own, which make the very same events.
 */
export function comesWith(event: RecordedEvent, events: readonly RecordedEvent[]): boolean {
  const [first] = events;
  if (first === undefined) return false;
  switch (event.type) {
    case 'TicketAbsorbed':
      return first.type === 'TicketMerged' && first.data.into === event.ticketId;
    case 'TicketOpened':
      return openedBy(first) === event.ticketId && isFromOther(event.data);
    case 'TicketQueued':
    case 'TicketAssigned':
      return (
        first.type === 'TicketOpened' &&
        !isFromOther(first.data) &&
        first.ticketId === event.ticketId &&
        first.commandId !== undefined &&
        first.commandId === event.commandId
      );
    case 'SlaStarted':
    case 'SlaPaused':
    case 'SlaResumed':
    case 'SlaBreached':
    case 'SlaFulfilled':
    case 'SlaCancelled':
      // A clock changes together with its cause, on whichever ticket of the command that is.
      return (
        first.commandId === event.commandId && events.some(({ ticketId }) => ticketId === event.ticketId)
      );
    default:
      return false;
  }
}

/**
 * The command that makes `events` again: the first one, and those that come with it. It expects the ticket's
 * revision before the first, so that it is refused where the ticket has another history. A sentence that says
 * why, where there is none.
 */
export function commandOfEvents(events: readonly RecordedEvent[]): Command | string {
  const [first, ...others] = events;
  if (first === undefined) throw new Error('bug: a command is asked for without an event');
  const type = commandOf.get(first.type);
  const made = first.type === 'TicketOpened' && isFromOther(first.data);
  if (type === undefined || made) {
    return `${first.type} is made by a command of another ticket, whose event is not there`;
  }
  if (lacksOtherHalf(first, others)) {
    return `${first.type} is half of what its command made: the other ticket's event is not there`;
  }
  const { ticketId, commandId, occurredAt, actor, onBehalfOf, correlationId, causationId, source } = first;
  const parsed = commandSchema.safeParse({
    type,
    ticketId,
    commandId,
    expectedRevision: first.revision - 1,
    occurredAt,
    actor,
    onBehalfOf,
    correlationId,
    causationId,
    source,
    workflow: first.type === 'TicketOpened' ? first.workflow : undefined,
    data: dataOf(first, others),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return `${first.type} does not go back to a command: ${issue?.path.join('.')}: ${issue?.message}`;
}

function dataOf(first: RecordedEvent, others: readonly RecordedEvent[]): object {
  switch (first.type) {
    case 'TicketOpened':
      return Object.assign({}, first.data, ...others.map(placing));
    case 'FollowUpOpened':
    case 'TicketSplit': {
      const opening = others.find((each) => each.type === 'TicketOpened');
      const fields = opening?.type === 'TicketOpened' ? opening.data.fields : undefined;
      return { ...first.data, fields };
    }
    case 'SlaBreached':
      return { clock: first.data.clock };
    default:
      return first.data;
  }
}

/** Alone, it would do to the other ticket what nobody has seen there. */
function lacksOtherHalf(first: RecordedEvent, others: readonly RecordedEvent[]): boolean {
  const touchesTwo = first.type === 'TicketMerged' || openedBy(first) !== undefined;
  return touchesTwo && !others.some(({ ticketId }) => ticketId !== first.ticketId);
}

function placing(event: RecordedEvent): object {
  if (event.type === 'TicketQueued') return { group: event.data.group };
  return event.type === 'TicketAssigned' ? { agent: event.data.agent } : {};
}

function openedBy(event: RecordedEvent): string | undefined {
  if (event.type === 'FollowUpOpened') return event.data.followUp;
  return event.type === 'TicketSplit' ? event.data.splitOff : undefined;
}

function isFromOther({ followUpOf, splitFrom }: EventOf<'TicketOpened'>['data']): boolean {
  return followUpOf !== undefined || splitFrom !== undefined;
}
