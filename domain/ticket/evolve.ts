/**
 * What a ticket is after one more event. It decides nothing, refuses nothing and never fails on a history
 * that the log has accepted.
 */
import type { EventOf, NewEvent } from './events.ts';
import type { Link, TicketState } from './state.ts';
import type { FieldChanges, Fields, FieldValue, TicketId } from './values.ts';

type Changeable = { -readonly [K in keyof TicketState]: TicketState[K] };

/** The first event of a ticket must be `TicketOpened`; the log's revisions see to that. */
export function evolve(ticket: TicketState | undefined, event: NewEvent, ticketId: TicketId): TicketState {
  if (ticket === undefined) return opened(event, ticketId);
  const next = { ...ticket };
  evolveInPlace(next, event);
  return next;
}

/**
 * Like `evolve`, but changes the ticket it is given: for a caller who alone holds it, such as the engine with
 * a hundred thousand live tickets, for which a new object per event is mostly work for the garbage collector.
 */
export function evolveInPlace(ticket: Changeable, event: NewEvent): void {
  const before = ticket.state;
  ticket.workflow = event.workflow;
  ticket.revision += 1;
  ticket.state = event.state;
  // A hold ends with the state it was for, whichever event ends it.
  if (ticket.hold !== undefined && lifecycleOf(before) !== lifecycleOf(event.state)) ticket.hold = undefined;
  change(ticket, event, before);
}

/** Folds a ticket's whole history; `undefined` for none. */
export function replay(ticketId: TicketId, events: Iterable<NewEvent>): TicketState | undefined {
  let ticket: TicketState | undefined;
  for (const event of events) ticket = evolve(ticket, event, ticketId);
  return ticket;
}

/** The lifecycle part of a state such as `open/assigned/L0`. */
export function lifecycleOf(state: string): string {
  const end = state.indexOf('/');
  return end === -1 ? state : state.slice(0, end);
}

/** Fields after changes: a value sets, `null` clears. */
export function withFields(fields: Fields, changes: FieldChanges | undefined): Fields {
  if (changes === undefined) return fields;
  const next: Record<string, FieldValue> = { ...fields };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next;
}

function opened(event: NewEvent, ticketId: TicketId): TicketState {
  if (event.type !== 'TicketOpened') throw new Error(`bug: ticket ${ticketId} begins with ${event.type}`);
  return {
    ticketId,
    workflow: event.workflow,
    revision: 1,
    state: event.state,
    openedAt: event.occurredAt,
    openedBy: event.actor,
    requester: event.data.requester,
    assignee: undefined,
    group: undefined,
    offer: undefined,
    hold: undefined,
    resolvedAt: undefined,
    resolutionCode: undefined,
    mergedInto: undefined,
    links: linksOf(event.data),
    fields: event.data.fields ?? noFields,
  };
}

/** Shared by all tickets that have none: nobody writes to them, and most tickets have none. */
const noLinks: readonly Link[] = Object.freeze([]);
const noFields: Fields = Object.freeze({});

function linksOf({ followUpOf, splitFrom }: EventOf<'TicketOpened'>['data']): readonly Link[] {
  if (followUpOf !== undefined) return [{ ticket: followUpOf, relation: 'follow_up_of' }];
  return splitFrom === undefined ? noLinks : [{ ticket: splitFrom, relation: 'split_from' }];
}

function change(ticket: Changeable, event: NewEvent, before: string): void {
  switch (event.type) {
    case 'TicketAssigned':
      ticket.assignee = event.data.agent;
      if (event.data.group !== undefined) ticket.group = event.data.group ?? undefined;
      ticket.offer = undefined;
      return;
    case 'TicketQueued':
      ticket.group = event.data.group;
      ticket.assignee = undefined;
      ticket.offer = undefined;
      return;
    case 'TicketOffered':
      ticket.offer = { agent: event.data.agent, expiresAt: event.data.expiresAt };
      return;
    case 'OfferAccepted':
      ticket.assignee = event.data.agent;
      ticket.offer = undefined;
      return;
    case 'OfferDeclined':
    case 'OfferExpired':
      ticket.offer = undefined;
      return;
    case 'TicketUnassigned':
      ticket.group = undefined;
      ticket.assignee = undefined;
      ticket.offer = undefined;
      return;
    case 'AgentRemoved':
    case 'AgentWentOffline':
      ticket.assignee = undefined;
      ticket.offer = undefined;
      return;
    case 'TicketHeld':
      ticket.hold = { reason: event.data.reason, until: event.data.until, timerId: event.data.timerId };
      return;
    case 'RequesterAwaited':
      ticket.hold = { reason: 'caller', until: event.data.until, timerId: event.data.timerId };
      return;
    case 'TicketResolved':
      ticket.resolvedAt = event.occurredAt;
      ticket.resolutionCode = event.data.code;
      ticket.fields = withFields(ticket.fields, event.data.fields);
      return;
    case 'TicketReopened':
      unresolve(ticket);
      return;
    case 'RequesterReplied':
      if (lifecycleOf(before) !== lifecycleOf(event.state)) unresolve(ticket);
      return;
    default:
      changeContent(ticket, event);
  }
}

type WorkEvent =
  | 'TicketAssigned'
  | 'TicketQueued'
  | 'TicketOffered'
  | 'OfferAccepted'
  | 'OfferDeclined'
  | 'OfferExpired'
  | 'TicketUnassigned'
  | 'AgentRemoved'
  | 'AgentWentOffline'
  | 'TicketHeld'
  | 'RequesterAwaited'
  | 'TicketResolved'
  | 'TicketReopened'
  | 'RequesterReplied';

/** Events that touch fields and links, and those that change nothing beyond the state. */
function changeContent(ticket: Changeable, event: Exclude<NewEvent, { type: WorkEvent }>): void {
  switch (event.type) {
    case 'TicketClosed':
    case 'FieldsChanged':
      ticket.fields = withFields(ticket.fields, event.data.fields);
      return;
    case 'ContentRedacted': {
      const cleared = Object.fromEntries(event.data.fields.map((name) => [name, null]));
      ticket.fields = withFields(ticket.fields, cleared);
      return;
    }
    case 'TicketMerged':
      ticket.mergedInto = event.data.into;
      return;
    case 'TicketAbsorbed':
      ticket.links = [...ticket.links, { ticket: event.data.from, relation: 'merged' }];
      return;
    case 'FollowUpOpened':
      ticket.links = [...ticket.links, { ticket: event.data.followUp, relation: 'follow_up' }];
      return;
    case 'TicketSplit':
      ticket.links = [...ticket.links, { ticket: event.data.splitOff, relation: 'split_off' }];
      return;
    case 'TicketLinked':
      ticket.links = [...ticket.links, event.data];
      return;
    case 'TicketOpened':
    case 'WorkStarted':
    case 'HoldExpired':
    case 'TicketResumed':
    case 'ResolutionConfirmed':
    case 'TicketCancelled':
    case 'CommentAdded':
    case 'TicketEscalated':
      return;
    default:
      unknownEvent(event);
  }
}

function unresolve(ticket: Changeable): void {
  ticket.resolvedAt = undefined;
  ticket.resolutionCode = undefined;
}

function unknownEvent(event: never): never {
  throw new Error(`bug: no evolution for ${JSON.stringify(event)}`);
}
