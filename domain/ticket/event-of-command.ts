/**
 * The event that each legal command becomes. Commands that ask for what already is become none, so that
 * repeating them is harmless; field changes are cut down to what really changes.
 */
import type { Command, CommandOf } from './commands.ts';
import type { EventOf, TicketEvent } from './events.ts';
import type { TicketState } from './state.ts';
import { type EpochMs, type FieldChanges, type FieldValue, sameFieldValue, type TicketId } from './values.ts';

type TransitionCommand = Exclude<Command, { type: 'OpenTicket' }>;
type PlainCommand = Exclude<
  TransitionCommand,
  CommandOf<
    | 'AssignTicket'
    | 'QueueTicket'
    | 'HoldTicket'
    | 'ResolveTicket'
    | 'CloseTicket'
    | 'MoveTicket'
    | 'ChangeFields'
    | 'OpenFollowUp'
    | 'SplitTicket'
    | 'LinkTicket'
    | 'BreachSla'
  >
>;

/**
 * The event, or `undefined` where nothing would change. `newTicketId` is the ticket that the command opens.
 */
export function eventOf(
  ticket: TicketState,
  command: TransitionCommand,
  newTicketId: TicketId | undefined,
): TicketEvent | undefined {
  switch (command.type) {
    case 'AssignTicket': {
      const { agent, group, eligibility } = command.data;
      const sameGroup = group === undefined || (group ?? undefined) === ticket.group;
      if (agent === ticket.assignee && sameGroup) return undefined;
      const data = {
        agent,
        ...(sameGroup ? {} : { group }),
        ...(eligibility === undefined ? {} : { eligibility }),
      };
      return { type: 'TicketAssigned', data };
    }
    case 'QueueTicket':
      if (
        command.data.group === ticket.group &&
        ticket.assignee === undefined &&
        ticket.offer === undefined
      ) {
        return undefined;
      }
      return { type: 'TicketQueued', data: command.data };
    case 'HoldTicket': {
      const { reason, until, timerId, comment } = command.data;
      const same =
        ticket.hold?.reason === reason && ticket.hold.until === until && ticket.hold.timerId === timerId;
      return same && comment === undefined ? undefined : { type: 'TicketHeld', data: command.data };
    }
    case 'ResolveTicket':
      return { type: 'TicketResolved', data: withChanged(ticket, command.data) };
    case 'CloseTicket':
      return { type: 'TicketClosed', data: withChanged(ticket, command.data) };
    case 'MoveTicket':
      // Also where the ticket stays: a workflow that has the move means that something was done again.
      return { type: 'TicketMoved', data: withChanged(ticket, command.data) };
    case 'ChangeFields': {
      const fields = changed(ticket, command.data.fields);
      return Object.keys(fields).length === 0 ? undefined : { type: 'FieldsChanged', data: { fields } };
    }
    case 'OpenFollowUp':
      return { type: 'FollowUpOpened', data: { followUp: opened(command.type, newTicketId) } };
    case 'SplitTicket':
      return { type: 'TicketSplit', data: { splitOff: opened(command.type, newTicketId) } };
    case 'LinkTicket': {
      const { ticket: other, relation } = command.data;
      const linked = ticket.links.some((link) => link.ticket === other && link.relation === relation);
      return linked ? undefined : { type: 'TicketLinked', data: command.data };
    }
    case 'BreachSla':
      return { type: 'SlaBreached', data: { clock: command.data.clock, dueAt: dueAtOf(ticket, command) } };
    default:
      return plainEventOf(command);
  }
}

function dueAtOf({ clocks }: TicketState, { data }: CommandOf<'BreachSla'>): EpochMs {
  const dueAt = clocks?.find((each) => each.clock === data.clock)?.dueAt;
  if (dueAt === undefined) throw new Error(`bug: ${data.clock} breached without running`);
  return dueAt;
}

/** Throws where the engine forgot to give the ticket that a command opens an id. */
export function opened(type: Command['type'], newTicketId: TicketId | undefined): TicketId {
  if (newTicketId === undefined) throw new Error(`bug: ${type} was not given a new ticket id`);
  return newTicketId;
}

/** Commands that become an event with the same data, whatever the ticket holds. */
function plainEventOf(command: PlainCommand): TicketEvent {
  switch (command.type) {
    case 'StartWork':
      return { type: 'WorkStarted', data: {} };
    case 'OfferTicket':
      return { type: 'TicketOffered', data: command.data };
    case 'AcceptOffer':
      return { type: 'OfferAccepted', data: command.data };
    case 'DeclineOffer':
      return { type: 'OfferDeclined', data: command.data };
    case 'ExpireOffer':
      return { type: 'OfferExpired', data: {} };
    case 'UnassignTicket':
      return { type: 'TicketUnassigned', data: command.data };
    case 'RemoveAgent':
      return { type: 'AgentRemoved', data: command.data };
    case 'MarkAgentOffline':
      return { type: 'AgentWentOffline', data: {} };
    case 'RecordRequesterReply':
      return { type: 'RequesterReplied', data: command.data };
    case 'AwaitRequester':
      return { type: 'RequesterAwaited', data: command.data };
    case 'ExpireHold':
      return { type: 'HoldExpired', data: command.data };
    case 'ResumeTicket':
      return { type: 'TicketResumed', data: {} };
    case 'ConfirmResolution':
      return { type: 'ResolutionConfirmed', data: {} };
    case 'ReopenTicket':
      return { type: 'TicketReopened', data: command.data };
    case 'CancelTicket':
      return { type: 'TicketCancelled', data: command.data };
    case 'MergeTicket':
      return { type: 'TicketMerged', data: command.data };
    case 'AddComment':
      return { type: 'CommentAdded', data: command.data };
    case 'RedactContent':
      return { type: 'ContentRedacted', data: command.data };
    case 'EscalateTicket':
      return { type: 'TicketEscalated', data: command.data };
    case 'RateTicket':
      return { type: 'TicketRated', data: command.data };
    default:
      return unknownCommand(command);
  }
}

function unknownCommand(command: never): never {
  throw new Error(`bug: no event for ${JSON.stringify(command)}`);
}

/** The changes that would change something. */
function changed(ticket: TicketState, changes: FieldChanges): Record<string, FieldValue | null> {
  const different: Record<string, FieldValue | null> = {};
  for (const [name, value] of Object.entries(changes)) {
    if (!sameFieldValue(value ?? undefined, ticket.fields[name])) different[name] = value;
  }
  return different;
}

function withChanged<D extends EventOf<'TicketResolved' | 'TicketClosed' | 'TicketMoved'>['data']>(
  ticket: TicketState,
  data: D,
): D {
  if (data.fields === undefined) return data;
  return { ...data, fields: changed(ticket, data.fields) };
}
