/**
 * Random events for log tests: every type with every part of its payload, in the shapes that
 * `domain/ticket/events.ts` allows, and strings chosen to be hard to store. Numbers are those that JSON can
 * hold: no negative zero.
 */
import fc from 'fast-check';
import { slaCancelReasons, slaHours, slaMetrics } from '../../domain/sla/clock.ts';
import { holdReasons, linkRelations, ratings } from '../../domain/ticket/commands.ts';
import type { EventType, NewEvent } from '../../domain/ticket/events.ts';
import { roles } from '../../domain/ticket/values.ts';

/** Characters that encodings trip over: NUL, ends of ranges, halves of pairs, marks that combine, quotes. */
export const hardCharacters = [
  '\0',
  '\x01',
  '\x7f',
  '\x80',
  'ÿ',
  'Ā',
  'é',
  'e\u0301',
  '\u2028',
  '\ufeff',
  '\uffff',
  '🚀',
  '\ud83d',
  '\ude80',
  '👩‍👩‍👧',
  '"',
  '\\',
  '\n',
  '%',
  "'",
] as const;

const unit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'Z', '0', ' ', '-') },
  { weight: 2, arbitrary: fc.constantFrom(...hardCharacters) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
);
const upTo = (charactersMax: number, minLength: number) =>
  fc.string({ unit, minLength, maxLength: 24 }).map((text) => text.slice(0, charactersMax));
const name = fc.oneof(
  upTo(200, 1),
  fc.constantFrom('x'.repeat(200), '\u{1F680}'.repeat(100), '\ud800'.repeat(200)),
);
const text = fc.oneof(upTo(16_384, 1), fc.constantFrom('ü'.repeat(16_384), '日'.repeat(5_000)));
const uuid = fc.uuid();
const digest = fc.oneof(fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), maxLength: 64 }), name);
const ticketId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/);
const dayMs = 86_400_000;
const time = fc.oneof(
  fc.constantFrom(0, 1, -1, 8.64e15, -8.64e15, 2 ** 31, 2 ** 32, 2 ** 50, -(2 ** 50), 2 ** 52),
  fc.integer({ min: -1e8, max: 1e8 }).map((days) => Math.trunc(days * dayMs * 0.999)),
  fc.maxSafeInteger().filter((value) => Math.abs(value) <= 8.64e15),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const value = fc.oneof(
  upTo(16_384, 0),
  finite,
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_VALUE, Number.MIN_VALUE, 0.1, 1e21, -1e-7),
  fc.boolean(),
  fc.array(upTo(200, 0), { maxLength: 5 }),
);
const fieldName = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,63}$/).filter((each) => !(each in {})),
  fc.constantFrom('subject', 'length', 'prototype', 'type', `f${'_'.repeat(63)}`),
);
const fields = fc.dictionary(fieldName, value, { maxKeys: 6 });
const changes = fc.dictionary(fieldName, fc.option(value), { maxKeys: 6 });
const comment = fc.record({ body: text, public: fc.boolean() });
const flags = {
  available: fc.boolean(),
  hasCapacity: fc.boolean(),
  hasSkills: fc.boolean(),
  inGroup: fc.boolean(),
};
const eligibility = fc.record(flags, { requiredKeys: [] });
const reason = fc.constantFrom(...holdReasons);
const none = fc.constant({});
const clock = fc.stringMatching(/^[a-z_]{1,40}#[1-9][0-9]{0,9}$/);
const because = fc.record({ reason: text }, { requiredKeys: [] });

/** The data of every type of event; a type that is missing does not compile. */
const dataOf: Record<EventType, fc.Arbitrary<object>> = {
  TicketOpened: fc.record(
    { requester: name, fields, followUpOf: ticketId, splitFrom: ticketId },
    { requiredKeys: [] },
  ),
  WorkStarted: none,
  TicketAssigned: fc.record(
    { agent: name, group: fc.option(name), eligibility },
    { requiredKeys: ['agent'] },
  ),
  TicketQueued: fc.record({ group: name }),
  TicketOffered: fc.record(
    { agent: name, expiresAt: time, eligibility },
    { requiredKeys: ['agent', 'expiresAt'] },
  ),
  OfferAccepted: fc.record({ agent: name }),
  OfferDeclined: fc.record({ agent: name, reason: text }, { requiredKeys: ['agent'] }),
  OfferExpired: none,
  TicketUnassigned: because,
  AgentRemoved: because,
  AgentWentOffline: none,
  RequesterReplied: fc.record({ body: text }),
  RequesterAwaited: fc.record({ comment, until: time, timerId: name }, { requiredKeys: [] }),
  TicketHeld: fc.record({ reason, until: time, timerId: name, comment }, { requiredKeys: ['reason'] }),
  HoldExpired: fc.record({ timerId: name }),
  TicketResumed: none,
  TicketResolved: fc.record({ code: name, notes: text, fields: changes }, { requiredKeys: [] }),
  ResolutionConfirmed: none,
  TicketClosed: fc.record({ fields: changes }, { requiredKeys: [] }),
  TicketReopened: because,
  TicketCancelled: fc.record(
    { reason: fc.constantFrom('duplicate', 'spam', 'unnecessary'), notes: text },
    { requiredKeys: ['reason'] },
  ),
  TicketMerged: fc.record({ into: ticketId }),
  TicketAbsorbed: fc.record({ from: ticketId }),
  FollowUpOpened: fc.record({ followUp: ticketId }),
  TicketSplit: fc.record({ splitOff: ticketId }),
  FieldsChanged: fc.record({ fields: changes }),
  CommentAdded: comment,
  TicketLinked: fc.record({ ticket: ticketId, relation: fc.constantFrom(...linkRelations) }),
  ContentRedacted: fc.record({ fields: fc.array(name, { minLength: 1, maxLength: 3 }), reason: text }),
  TicketEscalated: because,
  SlaStarted: fc.record(
    {
      clock,
      metric: fc.constantFrom(...slaMetrics),
      policy: name,
      policyVersion: name,
      priority: name,
      group: name,
      targetMs: fc.integer({ min: 1 }),
      hours: fc.constantFrom(...slaHours),
      calendar: name,
      dueAt: time,
      elapsedMs: fc.nat(),
    },
    { requiredKeys: ['clock', 'metric', 'policy', 'policyVersion', 'targetMs', 'hours', 'dueAt'] },
  ),
  SlaPaused: fc.record({ clock, remainingMs: fc.maxSafeInteger() }),
  SlaResumed: fc.record({ clock, dueAt: time }),
  SlaBreached: fc.record({ clock, dueAt: time }),
  SlaFulfilled: fc.record({ clock, elapsedMs: fc.nat() }),
  SlaCancelled: fc.record({ clock, reason: fc.constantFrom(...slaCancelReasons) }),
  TicketRated: fc.record(
    { rating: fc.constantFrom(...ratings), comment: text },
    { requiredKeys: ['rating'] },
  ),
  TicketMoved: fc.record({ to: name, activity: name, fields: changes }, { requiredKeys: ['to'] }),
};

const actor = fc.record({ id: name, role: fc.constantFrom(...roles) });
const required = ['schemaVersion', 'workflow', 'state', 'occurredAt', 'actor'] as const;
const envelope = fc.record(
  {
    schemaVersion: fc.constantFrom(1, 1, 1, 2, 127, 128, 65_536),
    workflow: fc.oneof(fc.constantFrom('support@1', 'incident@1'), name),
    state: fc.oneof(fc.constantFrom('open/assigned/L0', 'new/unassigned'), name),
    occurredAt: time,
    actor,
    onBehalfOf: actor,
    correlationId: fc.oneof(name, uuid),
    causationId: fc.oneof(name, uuid, digest),
    source: name,
  },
  { requiredKeys: [...required] },
);

/** An event of one type; without command id, so that any number may be stored in one log. */
export function arbitraryEvent(type: EventType): fc.Arbitrary<NewEvent> {
  return fc
    .tuple(envelope, dataOf[type])
    .map(([around, data]) => JSON.parse(JSON.stringify({ ...around, type, data })) as NewEvent);
}

/** Command ids as callers may choose them: 1 to 200 characters of any kind. */
export const arbitraryCommandId: fc.Arbitrary<string> = fc.oneof(name, uuid);
export const arbitraryDigest: fc.Arbitrary<string> = digest;
