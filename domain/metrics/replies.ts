/**
 * Public words between desk and requester, and how long each side's answer took.
 *
 * Sources: first reply time is Zendesk's (Zendesk Help 4408834848154), from the opening of the ticket and not
 * from when a policy came into force (fivetran/dbt_zendesk, DECISIONLOG.md); next reply time is that of
 * Zendesk's policies (Zendesk Help 4408829459866): from the oldest unanswered public comment of the requester
 * to the next public comment of an agent.
 *
 * - A public comment is the desk's when an agent or a lead wrote it, or an integration or the system on
 *   behalf of one. What an integration or a rule says by itself answers nobody.
 * - Zendesk counts the second public comment on a ticket that an agent opened, because the first one is its
 *   description. Here the description comes with the opening. Only where another system told it as a comment
 *   at the very instant of an opening by the desk is it left out.
 * - Until the first reply the requester waits for that one; comments meanwhile begin no wait of their own.
 */
import type { RecordedEvent } from '../ticket/events.ts';
import type { EpochMs, Role } from '../ticket/values.ts';

export const repliesVersion = 1;

export interface Replies {
  readonly firstReplyAt: EpochMs | undefined;
  readonly firstReplyMs: number | undefined;
  readonly firstReplyBusinessMs: number | undefined;
  readonly lastReplyAt: EpochMs | undefined;
  /** Public comments of the desk. */
  readonly agentReplies: number;
  /** Public comments of the requester; the opening is none. */
  readonly requesterReplies: number;
  /** The oldest public comment of the requester since the desk's last reply. */
  readonly unansweredSince: EpochMs | undefined;
  /** How many waits after the first reply were ended, and for how long they lasted together, and at most. */
  readonly nextReplyCount: number;
  readonly nextReplyMs: number;
  readonly nextReplyBusinessMs: number;
  readonly nextReplyMaxMs: number | undefined;
}

export const noReplies: Replies = Object.freeze({
  firstReplyAt: undefined,
  firstReplyMs: undefined,
  firstReplyBusinessMs: undefined,
  lastReplyAt: undefined,
  agentReplies: 0,
  requesterReplies: 0,
  unansweredSince: undefined,
  nextReplyCount: 0,
  nextReplyMs: 0,
  nextReplyBusinessMs: 0,
  nextReplyMaxMs: undefined,
});

export type Side = 'desk' | 'requester';
type Spoken = Pick<RecordedEvent, 'actor' | 'onBehalfOf'>;

/** Whose public words an event carries, if any. */
export function publicWordsOf(event: RecordedEvent): Side | undefined {
  switch (event.type) {
    case 'RequesterReplied':
      return 'requester';
    case 'CommentAdded':
      return event.data.public ? sideOf(event) : undefined;
    case 'RequesterAwaited':
    case 'TicketHeld':
      return event.data.comment?.public === true ? sideOf(event) : undefined;
    default:
      return undefined;
  }
}

/** Which side somebody speaks for; nobody's for integrations and the system where they stand in for none. */
export function sideOf({ actor, onBehalfOf }: Spoken): Side | undefined {
  const standsIn = actor.role === 'integration' || actor.role === 'system';
  const role: Role = standsIn && onBehalfOf !== undefined ? onBehalfOf.role : actor.role;
  if (role === 'requester') return 'requester';
  return role === 'agent' || role === 'lead' ? 'desk' : undefined;
}

/** The desk replies for the first time, so long after the opening. */
export function firstReply(before: Replies, at: EpochMs, ms: number, businessMs: number): Replies {
  return {
    ...before,
    firstReplyAt: at,
    firstReplyMs: ms,
    firstReplyBusinessMs: businessMs,
    lastReplyAt: at,
    agentReplies: 1,
  };
}

/** The desk replies again; `waitedBusinessMs` is the requester's wait, where there was one. */
export function nextReply(before: Replies, at: EpochMs, waitedBusinessMs: number): Replies {
  const { unansweredSince, lastReplyAt = at } = before;
  const replied = {
    ...before,
    lastReplyAt: Math.max(lastReplyAt, at),
    agentReplies: before.agentReplies + 1,
  };
  if (unansweredSince === undefined) return replied;
  const waitedMs = Math.max(0, at - unansweredSince);
  return {
    ...replied,
    unansweredSince: undefined,
    nextReplyCount: before.nextReplyCount + 1,
    nextReplyMs: before.nextReplyMs + waitedMs,
    nextReplyBusinessMs: before.nextReplyBusinessMs + waitedBusinessMs,
    nextReplyMaxMs: Math.max(before.nextReplyMaxMs ?? 0, waitedMs),
  };
}

/** The requester says something. A wait never begins before the reply that ended the last one. */
export function requesterSpoke(before: Replies, at: EpochMs): Replies {
  const { lastReplyAt, unansweredSince } = before;
  return {
    ...before,
    requesterReplies: before.requesterReplies + 1,
    unansweredSince: lastReplyAt === undefined ? undefined : (unansweredSince ?? Math.max(lastReplyAt, at)),
  };
}
