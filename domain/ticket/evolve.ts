/**
 * What a ticket is after one more event. It decides nothing, refuses nothing and never fails on a history
 * that the log has accepted.
 */
import type { NewEvent } from './events.ts';
import type { Link, TicketState } from './state.ts';
import type { FieldChanges, Fields, FieldValue, TicketId } from './values.ts';

type Changes = Partial<Omit<TicketState, 'ticketId' | 'workflow' | 'revision' | 'state'>>;

/** The first event of a ticket must be `TicketOpened`; the log's revisions see to that. */
export function evolve(ticket: TicketState | undefined, event: NewEvent, ticketId: TicketId): TicketState {
  if (ticket === undefined) return opened(event, ticketId);
  const leftState = lifecycleOf(ticket.state) !== lifecycleOf(event.state);
  return {
    ...ticket,
    // A hold ends with the state it was for, whichever event ends it.
    hold: leftState ? undefined : ticket.hold,
    ...changesOf(ticket, event),
    workflow: event.workflow,
    revision: ticket.revision + 1,
    state: event.state,
  };
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
  const { followUpOf, splitFrom } = event.data;
  const links: Link[] = [];
  if (followUpOf !== undefined) links.push({ ticket: followUpOf, relation: 'follow_up_of' });
  if (splitFrom !== undefined) links.push({ ticket: splitFrom, relation: 'split_from' });
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
    links,
    fields: event.data.fields ?? {},
  };
}

function changesOf(ticket: TicketState, event: NewEvent): Changes {
  switch (event.type) {
    case 'TicketAssigned': {
      const group = event.data.group === undefined ? ticket.group : (event.data.group ?? undefined);
      return { assignee: event.data.agent, group, offer: undefined };
    }
    case 'TicketQueued':
      return { group: event.data.group, assignee: undefined, offer: undefined };
    case 'TicketOffered':
      return { offer: { agent: event.data.agent, expiresAt: event.data.expiresAt } };
    case 'OfferAccepted':
      return { assignee: event.data.agent, offer: undefined };
    case 'OfferDeclined':
    case 'OfferExpired':
      return { offer: undefined };
    case 'TicketUnassigned':
      return { assignee: undefined, group: undefined, offer: undefined };
    case 'AgentRemoved':
    case 'AgentWentOffline':
      return { assignee: undefined, offer: undefined };
    case 'TicketHeld':
      return { hold: { reason: event.data.reason, until: event.data.until, timerId: event.data.timerId } };
    case 'RequesterAwaited':
      return { hold: { reason: 'caller', until: event.data.until, timerId: event.data.timerId } };
    case 'TicketResolved':
      return {
        resolvedAt: event.occurredAt,
        resolutionCode: event.data.code,
        fields: withFields(ticket.fields, event.data.fields),
      };
    case 'TicketReopened':
      return { resolvedAt: undefined, resolutionCode: undefined };
    case 'RequesterReplied':
      return lifecycleOf(ticket.state) === lifecycleOf(event.state)
        ? {}
        : { resolvedAt: undefined, resolutionCode: undefined };
    case 'TicketClosed':
    case 'FieldsChanged':
      return { fields: withFields(ticket.fields, event.data.fields) };
    case 'ContentRedacted':
      return {
        fields: withFields(ticket.fields, Object.fromEntries(event.data.fields.map((name) => [name, null]))),
      };
    case 'TicketMerged':
      return { mergedInto: event.data.into };
    case 'TicketAbsorbed':
      return { links: [...ticket.links, { ticket: event.data.from, relation: 'merged' }] };
    case 'FollowUpOpened':
      return { links: [...ticket.links, { ticket: event.data.followUp, relation: 'follow_up' }] };
    case 'TicketSplit':
      return { links: [...ticket.links, { ticket: event.data.splitOff, relation: 'split_off' }] };
    case 'TicketLinked':
      return { links: [...ticket.links, event.data] };
    case 'TicketOpened':
    case 'WorkStarted':
    case 'HoldExpired':
    case 'TicketResumed':
    case 'ResolutionConfirmed':
    case 'TicketCancelled':
    case 'CommentAdded':
    case 'TicketEscalated':
      return {};
    default:
      return unknownEvent(event);
  }
}

function unknownEvent(event: never): never {
  throw new Error(`bug: no evolution for ${JSON.stringify(event)}`);
}
