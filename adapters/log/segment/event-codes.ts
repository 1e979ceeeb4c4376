/**
 * The small numbers that stand for event types and roles inside the segment log.
 *
 * They are storage: a number once used must never be given to another name, and no entry may ever be
 * removed or renumbered. A new event type takes the next free number at the end.
 */
import type { EventType } from '../../../domain/ticket/events.ts';
import type { Role } from '../../../domain/ticket/values.ts';

export const eventCodes = {
  TicketOpened: 1,
  WorkStarted: 2,
  TicketAssigned: 3,
  TicketQueued: 4,
  TicketOffered: 5,
  OfferAccepted: 6,
  OfferDeclined: 7,
  OfferExpired: 8,
  TicketUnassigned: 9,
  AgentRemoved: 10,
  AgentWentOffline: 11,
  RequesterReplied: 12,
  RequesterAwaited: 13,
  TicketHeld: 14,
  HoldExpired: 15,
  TicketResumed: 16,
  TicketResolved: 17,
  ResolutionConfirmed: 18,
  TicketClosed: 19,
  TicketReopened: 20,
  TicketCancelled: 21,
  TicketMerged: 22,
  TicketAbsorbed: 23,
  FollowUpOpened: 24,
  TicketSplit: 25,
  FieldsChanged: 26,
  CommentAdded: 27,
  TicketLinked: 28,
  ContentRedacted: 29,
  TicketEscalated: 30,
  TicketRated: 31,
  TicketMoved: 32,
  SlaStarted: 33,
  SlaPaused: 34,
  SlaResumed: 35,
  SlaBreached: 36,
  SlaFulfilled: 37,
  SlaCancelled: 38,
} as const satisfies Record<EventType, number>;

export const roleCodes = {
  requester: 0,
  agent: 1,
  lead: 2,
  system: 3,
  integration: 4,
} as const satisfies Record<Role, number>;

export const eventTypeByCode: readonly (EventType | undefined)[] = byCode(eventCodes);
export const roleByCode: readonly (Role | undefined)[] = byCode(roleCodes);

function byCode<N extends string>(codes: Readonly<Record<N, number>>): readonly (N | undefined)[] {
  const names: (N | undefined)[] = [];
  for (const name of Object.keys(codes) as N[]) names[codes[name]] = name;
  return names;
}
