/**
 * What a ticket is after one more event. It decides nothing, refuses nothing and never fails on a history
 * that the log has accepted.
 */
import {
  withBreached,
  withCancelled,
  withFulfilled,
  withPaused,
  withResumed,
  withStarted,
} from '../sla/clock.ts';
import { isAgentReply } from '../sla/replies.ts';
import type { EventOf, EventType, NewEvent } from './events.ts';
import type { Link, TicketState } from './state.ts';
import type { FieldChanges, Fields, FieldValue, TicketId } from './values.ts';

/** A ticket whose owner lets it be changed; who opened it, when and for whom never changes. */
type Lasting = 'ticketId' | 'openedAt' | 'openedBy' | 'requester';
type Changeable = { -readonly [K in keyof Omit<TicketState, Lasting>]: Omit<TicketState, Lasting>[K] };

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
  if (ticket.workflow !== event.workflow) ticket.workflow = event.workflow;
  ticket.revision += 1;
  ticket.state = event.state;
  if (ticket.hold !== undefined || event.type === 'RequesterReplied') leaveLifecycle(ticket, event, before);
  effectOf.get(event.type)?.(ticket, event.data, event);
}

/** A hold ends with the state it was for, whichever event ends it; a reply may take a resolution back. */
function leaveLifecycle(ticket: Changeable, event: NewEvent, before: string): void {
  if (lifecycleOf(before) === lifecycleOf(event.state)) return;
  ticket.hold = undefined;
  if (event.type === 'RequesterReplied') unresolve(ticket);
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
    replied: undefined,
    clocks: undefined,
  };
}

/** Shared by all tickets that have none: nobody writes to them, and most tickets have none. */
const noLinks: readonly Link[] = Object.freeze([]);
const noFields: Fields = Object.freeze({});

function linksOf({ followUpOf, splitFrom }: EventOf<'TicketOpened'>['data']): readonly Link[] {
  if (followUpOf !== undefined) return [{ ticket: followUpOf, relation: 'follow_up_of' }];
  return splitFrom === undefined ? noLinks : [{ ticket: splitFrom, relation: 'split_from' }];
}

type Effect<T extends EventType> = (ticket: Changeable, data: EventOf<T>['data'], event: NewEvent) => void;

/** Nothing beyond the state that the event itself tells. */
const stateOnly = undefined;

/** What each type of event changes beside revision and state. A table: a long switch takes long. */
const effects: { readonly [T in EventType]: Effect<T> | typeof stateOnly } = {
  TicketOpened: stateOnly,
  WorkStarted: stateOnly,
  TicketAssigned: (ticket, { agent, group }) => {
    ticket.assignee = agent;
    if (group !== undefined) ticket.group = group ?? undefined;
    ticket.offer = undefined;
  },
  TicketQueued: (ticket, { group }) => {
    ticket.group = group;
    ticket.assignee = undefined;
    ticket.offer = undefined;
  },
  TicketOffered: (ticket, { agent, expiresAt }) => {
    ticket.offer = { agent, expiresAt };
  },
  OfferAccepted: (ticket, { agent }) => {
    ticket.assignee = agent;
    ticket.offer = undefined;
  },
  OfferDeclined: endOffer,
  OfferExpired: endOffer,
  TicketUnassigned: (ticket) => {
    ticket.group = undefined;
    ticket.assignee = undefined;
    ticket.offer = undefined;
  },
  AgentRemoved: releaseAgent,
  AgentWentOffline: releaseAgent,
  RequesterReplied: stateOnly,
  RequesterAwaited: (ticket, { until, timerId }, event) => {
    ticket.hold = { reason: 'caller', until, timerId };
    noteReply(ticket, event);
  },
  TicketHeld: (ticket, { reason, until, timerId }, event) => {
    ticket.hold = { reason, until, timerId };
    noteReply(ticket, event);
  },
  HoldExpired: stateOnly,
  TicketResumed: stateOnly,
  TicketResolved: (ticket, { code, fields }, { occurredAt }) => {
    ticket.resolvedAt = occurredAt;
    ticket.resolutionCode = code;
    ticket.fields = withFields(ticket.fields, fields);
  },
  ResolutionConfirmed: stateOnly,
  TicketClosed: (ticket, { fields }) => {
    ticket.fields = withFields(ticket.fields, fields);
  },
  TicketReopened: unresolve,
  TicketCancelled: stateOnly,
  TicketMerged: (ticket, { into }) => {
    ticket.mergedInto = into;
  },
  TicketAbsorbed: (ticket, { from }) => {
    ticket.links = [...ticket.links, { ticket: from, relation: 'merged' }];
  },
  FollowUpOpened: (ticket, { followUp }) => {
    ticket.links = [...ticket.links, { ticket: followUp, relation: 'follow_up' }];
  },
  TicketSplit: (ticket, { splitOff }) => {
    ticket.links = [...ticket.links, { ticket: splitOff, relation: 'split_off' }];
  },
  FieldsChanged: (ticket, { fields }) => {
    ticket.fields = withFields(ticket.fields, fields);
  },
  CommentAdded: (ticket, _comment, event) => noteReply(ticket, event),
  TicketLinked: (ticket, link) => {
    ticket.links = [...ticket.links, link];
  },
  ContentRedacted: (ticket, { fields }) => {
    const cleared = Object.fromEntries(fields.map((name) => [name, null]));
    ticket.fields = withFields(ticket.fields, cleared);
  },
  TicketEscalated: stateOnly,
  TicketRated: stateOnly,
  SlaStarted: (ticket, data, { occurredAt }) => {
    ticket.clocks = withStarted(ticket.clocks, data, occurredAt);
  },
  SlaPaused: (ticket, data, { occurredAt }) => {
    ticket.clocks = withPaused(ticket.clocks, data, occurredAt);
  },
  SlaResumed: (ticket, data, { occurredAt }) => {
    ticket.clocks = withResumed(ticket.clocks, data, occurredAt);
  },
  SlaBreached: (ticket, data) => {
    ticket.clocks = withBreached(ticket.clocks, data);
  },
  SlaFulfilled: (ticket, data, { occurredAt }) => {
    ticket.clocks = withFulfilled(ticket.clocks, data, occurredAt);
  },
  SlaCancelled: (ticket, data, { occurredAt }) => {
    ticket.clocks = withCancelled(ticket.clocks, data, occurredAt);
  },
  TicketMoved: (ticket, { fields }) => {
    ticket.fields = withFields(ticket.fields, fields);
  },
};

/** The effect of a type without knowing which: the table sees to it that type and data belong together. */
type AnyEffect = (ticket: Changeable, data: unknown, event: NewEvent) => void;
const effectOf = new Map(Object.entries(effects) as [EventType, AnyEffect | undefined][]);

function noteReply(ticket: Changeable, event: NewEvent): void {
  if (ticket.replied === undefined && isAgentReply(event)) ticket.replied = true;
}

function endOffer(ticket: Changeable): void {
  ticket.offer = undefined;
}

function releaseAgent(ticket: Changeable): void {
  ticket.assignee = undefined;
  ticket.offer = undefined;
}

function unresolve(ticket: Changeable): void {
  ticket.resolvedAt = undefined;
  ticket.resolutionCode = undefined;
}
