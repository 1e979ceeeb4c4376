/**
 * The named guards that workflow transitions may ask for. Each is pure: from the ticket, the request and the
 * other tickets it touches to `undefined` where the condition holds, or a sentence that says what is missing.
 * The XState machines and the compiled tables both call these, so that there is one truth.
 */
import { isBreachDue } from '../sla/clock.ts';
import type { TicketState } from '../ticket/state.ts';
import type { Role, TicketId } from '../ticket/values.ts';
import type { TransitionRequest } from './transition.ts';

/**
 * Default policy of the support workflow, after Zendesk: closed 4 days after it was solved, never past 28.
 */
export const autoCloseAfterMs = 4 * 24 * 3_600_000;
export const reopenWindowMs = 28 * 24 * 3_600_000;

/** Fields that a final ticket still lets change, after Zendesk's closed tickets. */
export const fieldsEditableWhenFinal: readonly string[] = ['tags', 'subject', 'priority'];

export interface GuardInput {
  readonly ticket: TicketState;
  readonly request: TransitionRequest;
  /** The other tickets that the request names or that the ticket is linked to, as far as they exist. */
  readonly others: ReadonlyMap<TicketId, RelatedTicket>;
}

/** What a guard may know of another ticket. */
export interface RelatedTicket {
  readonly final: boolean;
  readonly resolved: boolean;
}

/** Undefined where the condition holds, else a sentence that says what is missing. */
export type Guard = (input: GuardInput) => string | undefined;

export const guards = {
  assigneeSet: ({ ticket }) =>
    ticket.assignee === undefined ? 'the ticket needs an assignee first' : undefined,

  agentEligible: ({ request }) => {
    if (request.type !== 'AssignTicket' && request.type !== 'OfferTicket') return undefined;
    const { available, hasCapacity, hasSkills, inGroup } = request.data.eligibility ?? {};
    if (available === false) return `agent ${request.data.agent} is not available`;
    if (hasCapacity === false) return `agent ${request.data.agent} has no spare capacity`;
    if (hasSkills === false) return `agent ${request.data.agent} lacks a required skill`;
    if (inGroup === false) return `agent ${request.data.agent} is not a member of the group`;
    return undefined;
  },

  groupKnown: ({ ticket }) => (ticket.group === undefined ? 'the ticket belongs to no group' : undefined),

  offeredToAgent: ({ ticket, request }) => {
    if (request.type !== 'AcceptOffer' && request.type !== 'DeclineOffer') return undefined;
    if (ticket.offer?.agent !== request.data.agent) {
      return `the ticket is offered to ${ticket.offer?.agent ?? 'nobody'}, not to ${request.data.agent}`;
    }
    return undefined;
  },

  offerOpen: ({ ticket, request }) =>
    ticket.offer !== undefined && request.occurredAt > ticket.offer.expiresAt
      ? 'the offer has expired'
      : undefined,

  offerExpired: ({ ticket, request }) =>
    ticket.offer !== undefined && request.occurredAt < ticket.offer.expiresAt
      ? 'the offer has not expired yet'
      : undefined,

  publicCommentGiven: ({ request }) => {
    if (request.type !== 'AwaitRequester') return undefined;
    return request.data.comment?.public === true
      ? undefined
      : 'a public comment must come with it, so that the requester knows what is awaited';
  },

  callerToldWhy: ({ request }) => {
    if (request.type !== 'HoldTicket' || request.data.reason !== 'caller') return undefined;
    return request.data.comment?.public === true
      ? undefined
      : 'holding for the caller needs a public comment that says what is awaited';
  },

  heldForCaller: ({ ticket }) =>
    ticket.hold?.reason === 'caller' ? undefined : 'the ticket is not on hold for its caller',

  holdTimerCurrent: ({ ticket, request }) => {
    if (request.type !== 'ExpireHold') return undefined;
    return ticket.hold?.timerId === request.data.timerId
      ? undefined
      : `timer ${request.data.timerId} does not belong to the present hold`;
  },

  resolutionGiven: ({ request }) => {
    if (request.type !== 'ResolveTicket') return undefined;
    if (request.data.code === undefined) return 'data.code must name the resolution';
    if (request.data.notes === undefined) return 'data.notes must say how it was resolved';
    return undefined;
  },

  childrenResolved: ({ ticket, others }) => {
    if (ticket.links.length === 0) return undefined;
    const open = ticket.links
      .filter((link) => link.relation === 'child')
      .find((link) => others.get(link.ticket)?.resolved === false);
    return open === undefined ? undefined : `child ticket ${open.ticket} is still open`;
  },

  insideReopenWindow: ({ ticket, request }) =>
    ticket.resolvedAt !== undefined && request.occurredAt - ticket.resolvedAt > reopenWindowMs
      ? 'the reopen window of 28 days has passed; a new ticket is needed'
      : undefined,

  autoCloseDue: ({ ticket, request }) =>
    ticket.resolvedAt !== undefined && request.occurredAt - ticket.resolvedAt < autoCloseAfterMs
      ? 'a resolved ticket closes by itself only after 4 days'
      : undefined,

  mergeTargetOpen: ({ ticket, request, others }) => {
    if (request.type !== 'MergeTicket') return undefined;
    if (request.data.into === ticket.ticketId) return 'a ticket can not be merged into itself';
    const target = others.get(request.data.into);
    if (target === undefined) return `ticket ${request.data.into} does not exist`;
    return target.final ? `ticket ${request.data.into} is already final` : undefined;
  },

  slaClockDue: ({ ticket, request }) => {
    if (request.type !== 'BreachSla') return undefined;
    const { clock: id } = request.data;
    const clock = ticket.clocks?.find((each) => each.clock === id);
    if (clock === undefined) return `the ticket has no SLA clock ${id}`;
    if (clock.breached) return `SLA clock ${id} has been breached already`;
    if (clock.dueAt === undefined) return `SLA clock ${id} is ${clock.state}, it does not run`;
    return isBreachDue(clock, request.occurredAt)
      ? undefined
      : `SLA clock ${id} is not due before ${new Date(clock.dueAt).toISOString()}`;
  },

  onlyFinalFields: ({ request }) => {
    if (request.type !== 'ChangeFields') return undefined;
    const refused = Object.keys(request.data.fields).filter(
      (name) => !fieldsEditableWhenFinal.includes(name),
    );
    return refused.length === 0
      ? undefined
      : `only ${fieldsEditableWhenFinal.join(', ')} may change now, not ${refused.join(', ')}`;
  },
} as const satisfies Record<string, Guard>;

export type GuardName = keyof typeof guards;

export const guardNames = Object.keys(guards).filter(isGuardName);

export function isGuardName(name: string): name is GuardName {
  return Object.hasOwn(guards, name);
}

/**
 * Holds where the request names this state: so one of several moves from a state is chosen. No guard by name,
 * because each move has its own.
 */
export function asksFor(state: string): Guard {
  return ({ request }) =>
    request.type !== 'MoveTicket' || request.data.to === state
      ? undefined
      : `the request is for ${request.data.to}`;
}

/** What each guard asks for, as `docket workflow show` and rejections put it. */
export const guardMeanings: Readonly<Record<GuardName, string>> = {
  assigneeSet: 'the ticket has an assignee',
  agentEligible:
    'the agent is available, has capacity and skills, and is in the group, as far as that was looked up',
  groupKnown: 'the ticket belongs to a group',
  offeredToAgent: 'the offer was made to this agent',
  offerOpen: 'the offer has not expired',
  offerExpired: 'the offer has expired',
  publicCommentGiven: 'a public comment comes with the command',
  callerToldWhy: 'a public comment comes with a hold for the caller',
  heldForCaller: 'the hold is for the caller',
  holdTimerCurrent: 'the timer is the one of the present hold',
  resolutionGiven: 'a resolution code and notes come with the command',
  childrenResolved: 'no child ticket is still open',
  insideReopenWindow: 'at most 28 days since the ticket was resolved',
  autoCloseDue: 'at least 4 days since the ticket was resolved',
  mergeTargetOpen: 'the target is another ticket that is not final',
  slaClockDue: 'the SLA clock runs, is due, and was not breached before',
  onlyFinalFields: 'only tags, subject or priority change',
};

/**
 * Whether a role among `by` asked. An integration or the system may also use the rights of the person it
 * stands in for; nobody else gains rights by naming another.
 */
export function roleMayFire(
  request: Pick<TransitionRequest, 'actor' | 'onBehalfOf'>,
  by: readonly Role[],
): boolean {
  if (by.includes(request.actor.role)) return true;
  const standsIn = request.actor.role === 'integration' || request.actor.role === 'system';
  return standsIn && request.onBehalfOf !== undefined && by.includes(request.onBehalfOf.role);
}
