/**
 * Events without what their reader may not see. The table says of every member of every type of event which
 * field or attribute it belongs to; a type or a member that is missing does not compile, so that nothing new
 * is shown by being forgotten.
 */
import type { EventOf, EventType, RecordedEvent } from '../ticket/events.ts';
import type { TicketAttribute, TicketView } from './guard.ts';

/**
 * Whose a member is: an attribute's, or a field's by its name (`priority`); several are all needed. `fields`
 * are shown one by one, and so are `names of fields`; `comment` is public or a note by what it says itself.
 */
type Belonging =
  | TicketAttribute
  | 'priority'
  | readonly (TicketAttribute | 'priority')[]
  | { readonly each: 'fields' | 'names of fields' | 'comment' };

type Members<T extends EventType> = { readonly [M in keyof Required<EventOf<T>['data']>]: Belonging };

const fields = { each: 'fields' } as const;
const comment = { each: 'comment' } as const;
const clock = { clock: 'sla' } as const;

const belongings: { readonly [T in EventType]: Members<T> } = {
  TicketOpened: { requester: 'requester', fields, followUpOf: 'links', splitFrom: 'links' },
  WorkStarted: {},
  TicketAssigned: { agent: 'assignee', group: 'group', eligibility: 'assignee' },
  TicketQueued: { group: 'group' },
  TicketOffered: { agent: 'assignee', expiresAt: 'assignee', eligibility: 'assignee' },
  OfferAccepted: { agent: 'assignee' },
  OfferDeclined: { agent: 'assignee', reason: 'note' },
  OfferExpired: {},
  TicketUnassigned: { reason: 'note' },
  AgentRemoved: { reason: 'note' },
  AgentWentOffline: {},
  RequesterReplied: { body: 'comment' },
  RequesterAwaited: { comment, until: 'state', timerId: 'state' },
  TicketHeld: { reason: 'state', until: 'state', timerId: 'state', comment },
  HoldExpired: { timerId: 'state' },
  TicketResumed: {},
  TicketResolved: { code: 'resolution', notes: 'note', fields },
  ResolutionConfirmed: {},
  TicketClosed: { fields },
  TicketReopened: { reason: 'note' },
  TicketCancelled: { reason: 'note', notes: 'note' },
  TicketMerged: { into: 'links' },
  TicketAbsorbed: { from: 'links' },
  FollowUpOpened: { followUp: 'links' },
  TicketSplit: { splitOff: 'links' },
  FieldsChanged: { fields },
  CommentAdded: { body: comment, public: comment },
  TicketLinked: { ticket: 'links', relation: 'links' },
  ContentRedacted: { fields: { each: 'names of fields' }, reason: 'note' },
  TicketEscalated: { reason: 'note' },
  TicketRated: { rating: 'rating', comment: 'rating' },
  SlaStarted: {
    ...clock,
    metric: 'sla',
    policy: 'sla',
    policyVersion: 'sla',
    priority: ['sla', 'priority'],
    group: ['sla', 'group'],
    targetMs: 'sla',
    hours: 'sla',
    calendar: 'sla',
    dueAt: 'sla',
    elapsedMs: 'sla',
  },
  SlaPaused: { ...clock, remainingMs: 'sla' },
  SlaResumed: { ...clock, dueAt: 'sla' },
  SlaBreached: { ...clock, dueAt: 'sla' },
  SlaFulfilled: { ...clock, elapsedMs: 'sla' },
  SlaCancelled: { ...clock, reason: 'sla' },
  TicketMoved: { to: 'state', activity: 'state', fields },
};

/**
 * The event itself where the view is complete. Its type, times, actors and ids are told to everybody who may
 * read the ticket; its state is '' where that is hidden. The fingerprint of the command is left out: with it,
 * what is hidden could be guessed and the guess be proved.
 */
export function redactEvent(event: RecordedEvent, view: TicketView): RecordedEvent {
  if (view.complete) return event;
  const state = view.shows('state') ? event.state : '';
  // Cast: no event of the log lacks what its type needs, but one that was redacted does.
  return { ...event, state, commandDigest: undefined, data: shownData(event, view) } as RecordedEvent;
}

function shownData({ type, data }: RecordedEvent, view: TicketView): Readonly<Record<string, unknown>> {
  const members: Readonly<Record<string, Belonging>> = belongings[type];
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data)) {
    const belonging = Object.hasOwn(members, name) ? members[name] : undefined;
    const visible = belonging === undefined ? undefined : visiblePart(value, belonging, data, view);
    if (visible !== undefined) shown[name] = visible;
  }
  return shown;
}

function visiblePart(value: unknown, belonging: Belonging, data: object, view: TicketView): unknown {
  if (typeof belonging === 'string') return view.shows(belonging) ? value : undefined;
  if (!('each' in belonging)) return belonging.every((name) => view.shows(name)) ? value : undefined;
  switch (belonging.each) {
    case 'fields':
      return isRecord(value) ? shownFields(value, view) : undefined;
    case 'names of fields':
      return Array.isArray(value)
        ? value.filter((name) => typeof name === 'string' && view.shows(name))
        : undefined;
    case 'comment':
      return view.shows(isPublic(value) || isPublic(data) ? 'comment' : 'note') ? value : undefined;
    default:
      return undefined;
  }
}

/** Fields, or changes of fields, that may be seen. */
export function shownFields<Value>(
  fields: Readonly<Record<string, Value>>,
  view: TicketView,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => view.shows(name)));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isPublic(value: unknown): boolean {
  return isRecord(value) && value.public === true;
}
