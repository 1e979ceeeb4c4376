/** Commands that reach a second ticket: merging, follow-ups, splitting and links. */
import type { TicketAppend } from '../ports.ts';
import { isRefusal, step } from '../workflow/table.ts';
import type { TransitionRequest } from '../workflow/transition.ts';
import type { Command } from './commands.ts';
import {
  type DecisionInput,
  record,
  refuse,
  refuseStep,
  type StampedOf,
  type StampedTransition,
} from './decision.ts';
import { opened } from './event-of-command.ts';
import type { EventOf } from './events.ts';
import type { Rejection } from './rejection.ts';
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

/** Whether a command may have anything to do with other tickets; most have not. */
export function mayRelate({ type }: Command): boolean {
  return (
    type === 'ResolveTicket' ||
    type === 'MergeTicket' ||
    type === 'LinkTicket' ||
    type === 'OpenFollowUp' ||
    type === 'SplitTicket'
  );
}

/** Whether a command writes events to another ticket as well as to its own. */
export function writesToOthers({ type }: Command): boolean {
  return type === 'MergeTicket' || type === 'OpenFollowUp' || type === 'SplitTicket';
}

/** The other tickets that must be known before a command can be decided. */
export function relatedTickets(
  command: Command,
  newTicketId: TicketId | undefined,
  ticket: TicketState | undefined,
): readonly TicketId[] {
  switch (command.type) {
    case 'MergeTicket':
      return [command.data.into];
    case 'LinkTicket':
      return [command.data.ticket];
    case 'OpenFollowUp':
    case 'SplitTicket':
      return newTicketId === undefined ? [] : [newTicketId];
    case 'ResolveTicket':
      return ticket === undefined ? [] : childrenOf(ticket);
    default:
      return [];
  }
}

/** The tickets that must be resolved before this one can be. */
export function childrenOf(ticket: TicketState): readonly TicketId[] {
  if (ticket.links.length === 0) return [];
  return ticket.links.filter((link) => link.relation === 'child').map((link) => link.ticket);
}

/** What a command does to a second ticket: absorb the first, or be opened from it. */
export function decideOther(
  input: DecisionInput,
  ticket: TicketState,
  command: StampedTransition,
): TicketAppend | Rejection | undefined {
  switch (command.type) {
    case 'MergeTicket':
      return absorb(input, ticket, command);
    case 'OpenFollowUp':
      return openFrom(input, ticket, command, { followUpOf: ticket.ticketId });
    case 'SplitTicket':
      return openFrom(input, ticket, command, { splitFrom: ticket.ticketId });
    case 'LinkTicket':
      return input.others.has(command.data.ticket)
        ? undefined
        : refuse(input, 'ticket_not_found', `data.ticket: there is no ticket ${command.data.ticket}`);
    default:
      return undefined;
  }
}

function absorb(
  input: DecisionInput,
  ticket: TicketState,
  command: StampedOf<'MergeTicket'>,
): TicketAppend | Rejection {
  const target = input.others.get(command.data.into);
  if (target === undefined) {
    return refuse(input, 'ticket_not_found', `data.into: there is no ticket ${command.data.into}`);
  }
  const { actor, onBehalfOf, occurredAt } = command;
  const data = { from: ticket.ticketId };
  const request: TransitionRequest = { type: 'AbsorbTicket', data, actor, onBehalfOf, occurredAt };
  const from = input.workflows.stateOf(target);
  const to = step(from, { ticket: target, request, others: new Map() });
  if (isRefusal(to)) return refuseStep(input, to, target);
  const event = record({ ...command, commandDigest: undefined }, from.workflowId, to.key, {
    type: 'TicketAbsorbed',
    data,
  });
  return { ticketId: target.ticketId, expectedRevision: target.revision, events: [event] };
}

function openFrom(
  input: DecisionInput,
  ticket: TicketState,
  command: StampedOf<'OpenFollowUp' | 'SplitTicket'>,
  origin: Pick<EventOf<'TicketOpened'>['data'], 'followUpOf' | 'splitFrom'>,
): TicketAppend | Rejection {
  const ticketId = opened(command.type, command.newTicketId);
  if (input.others.has(ticketId)) return refuse(input, 'ticket_exists', `ticket ${ticketId} is already open`);
  const workflow = input.workflows.get(ticket.workflow);
  const { requester } = ticket;
  const { fields } = command.data;
  const data = {
    ...origin,
    ...(requester === undefined ? {} : { requester }),
    ...(fields === undefined ? {} : { fields }),
  };
  const opening = record({ ...command, commandDigest: undefined }, workflow.id, workflow.initial.key, {
    type: 'TicketOpened',
    data,
  });
  return { ticketId, expectedRevision: 0, events: [opening] };
}
