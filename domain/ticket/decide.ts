/**
 * The decider: from a ticket and a command to events, or to a rejection. It is the only place that makes
 * events, and it asks the workflow's table for every one of them. Time and ids arrive inside the command.
 */
import { keepClocks } from '../sla/keep-clocks.ts';
import type { GuardInput, RelatedTicket } from '../workflow/guards.ts';
import { isRefusal, step } from '../workflow/table.ts';
import type { TransitionRequest } from '../workflow/transition.ts';
import {
  type Decision,
  type DecisionInput,
  nothingElse,
  record,
  refuse,
  refuseStep,
  type StampedOf,
  type StampedTransition,
} from './decision.ts';
import { eventOf } from './event-of-command.ts';
import type { TicketEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { decideOther } from './other-tickets.ts';
import type { Rejection } from './rejection.ts';
import type { TicketState } from './state.ts';
import type { Actor, TicketId } from './values.ts';

export const linkCountMax = 1_000;

export function decide(input: DecisionInput): Decision {
  const decision = decideAlone(input);
  if (input.sla === undefined || decision.status === 'rejected') return decision;
  return keepClocks(input, decision, input.sla);
}

/** The decision without what follows from it for SLA clocks. */
function decideAlone(input: DecisionInput): Decision {
  const { ticket, command } = input;
  if (command.type === 'OpenTicket') return revisionConflict(input) ?? decideOpening(input, command);
  if (ticket === undefined)
    return refuse(input, 'ticket_not_found', `there is no ticket ${command.ticketId}`);
  return revisionConflict(input) ?? decideTransition(input, ticket, command);
}

function revisionConflict(input: DecisionInput): Rejection | undefined {
  const { ticketId, expectedRevision } = input.command;
  const revision = input.ticket?.revision ?? 0;
  if (expectedRevision === undefined || expectedRevision === revision) return undefined;
  const message = `ticket ${ticketId} is at revision ${revision}, not at ${expectedRevision}`;
  return refuse(input, 'revision_conflict', message);
}

const noOthers: ReadonlyMap<TicketId, RelatedTicket> = new Map();

function decideOpening(input: DecisionInput, command: StampedOf<'OpenTicket'>): Decision {
  const { ticket, workflows } = input;
  if (ticket !== undefined)
    return refuse(input, 'ticket_exists', `ticket ${ticket.ticketId} is already open`);
  const reference = command.workflow ?? input.defaultWorkflow;
  const workflow = workflows.find(reference);
  if (workflow === undefined) {
    const known = workflows.all().map((each) => each.id);
    return refuse(
      input,
      'workflow_unknown',
      `there is no workflow ${reference}; known are ${known.join(', ')}`,
    );
  }
  const { requester, fields } = command.data;
  const first = record(command, workflow.id, workflow.initial.key, {
    type: 'TicketOpened',
    data: { ...(requester === undefined ? {} : { requester }), ...(fields === undefined ? {} : { fields }) },
  });
  const events = [first];
  let state = evolve(undefined, first, command.ticketId);
  let at = workflow.initial;
  for (const placing of placements(command)) {
    const to = step(at, { ticket: state, request: placing, others: noOthers });
    if (isRefusal(to)) return refuseStep(input, to, state);
    const event = record(
      { ...command, ...placing, commandDigest: undefined },
      workflow.id,
      to.key,
      placed(placing),
    );
    events.push(event);
    state = evolve(state, event, command.ticketId);
    at = to;
  }
  return { status: 'accepted', events, also: nothingElse, at };
}

type Placing = Extract<TransitionRequest, { type: 'QueueTicket' | 'AssignTicket' }>;

/**
 * A ticket may be opened with a group and an agent; they are events of their own, under the workflow's rules.
 * A requester may not place tickets, so there the desk itself does it on the requester's behalf.
 */
function placements(command: StampedOf<'OpenTicket'>): readonly Placing[] {
  const { group, agent } = command.data;
  const { actor, onBehalfOf, occurredAt } = command;
  const by = actor.role === 'requester' ? { actor: desk, onBehalfOf: actor } : { actor, onBehalfOf };
  const placing: Placing[] = [];
  if (group !== undefined) placing.push({ type: 'QueueTicket', data: { group }, ...by, occurredAt });
  if (agent !== undefined) placing.push({ type: 'AssignTicket', data: { agent }, ...by, occurredAt });
  return placing;
}

const desk: Actor = { id: 'docket', role: 'system' };

function placed(placing: Placing): TicketEvent {
  return placing.type === 'QueueTicket'
    ? { type: 'TicketQueued', data: placing.data }
    : { type: 'TicketAssigned', data: placing.data };
}

function decideTransition(input: DecisionInput, ticket: TicketState, command: StampedTransition): Decision {
  const from = input.at ?? input.workflows.stateOf(ticket);
  const guardInput: GuardInput = { ticket, request: command, others: knownTo(input) };
  const to = step(from, guardInput);
  if (isRefusal(to)) return refuseStep(input, to, ticket);
  if (ticket.links.length >= linkCountMax && addsLink(command)) {
    return refuse(input, 'condition_unmet', `ticket ${ticket.ticketId} already has ${linkCountMax} links`);
  }
  const other = decideOther(input, ticket, command);
  if (other !== undefined && 'status' in other) return other;
  const event = eventOf(ticket, command, command.newTicketId);
  if (event === undefined) return { status: 'accepted', events: [], also: nothingElse, at: from };
  // A breach happens at the deadline, however late somebody looks.
  const stamped = event.type === 'SlaBreached' ? { ...command, occurredAt: event.data.dueAt } : command;
  const events = [record(stamped, from.workflowId, to.key, event)];
  return { status: 'accepted', events, also: other === undefined ? nothingElse : [other], at: to };
}

function knownTo(input: DecisionInput): ReadonlyMap<TicketId, RelatedTicket> {
  if (input.others.size === 0) return noOthers;
  const known = new Map<TicketId, RelatedTicket>();
  for (const [id, other] of input.others) {
    const { category, final } = input.workflows.stateOf(other);
    known.set(id, { final, resolved: final || category === 'resolved' });
  }
  return known;
}

function addsLink(command: StampedTransition): boolean {
  return command.type === 'LinkTicket' || command.type === 'OpenFollowUp' || command.type === 'SplitTicket';
}
