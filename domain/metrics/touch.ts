/**
 * Tickets that took little: one touch, of which there are three definitions that give different figures, and
 * first-contact resolution.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';

export const touchVersion = 1;

const dayMs = 86_400_000;

/** How long no follow-up may come for a resolution to have been the last word. Docket's own choice. */
export const followUpWindowMs = 7 * dayMs;

/** What the definitions look at. */
export interface TouchFacts {
  readonly category: Category;
  readonly agentReplies: number;
  readonly reopenCount: number;
  /** Whether it was ever pending or on hold. */
  readonly waited: boolean;
  readonly lastResolvedAt: EpochMs | undefined;
  readonly firstFollowUpAt: EpochMs | undefined;
}

/** Zendesk Explore: resolved with fewer than two replies, none included (Zendesk Help 4408820618266). */
export function oneTouchExplore(ticket: TouchFacts): boolean {
  return ticket.agentReplies < 2 && isDone(ticket);
}

/** dbt_zendesk: resolved with exactly one reply (`is_one_touch_resolution`). */
export function oneTouchExact(ticket: TouchFacts): boolean {
  return ticket.agentReplies === 1 && isDone(ticket);
}

/**
 * Zendesk messaging: resolved with replies, never pending or on hold, never reopened (Zendesk Help
 * 4724624097818).
 */
export function oneTouchMessaging(ticket: TouchFacts): boolean {
  return ticket.agentReplies > 0 && !ticket.waited && ticket.reopenCount === 0 && isDone(ticket);
}

/**
 * First-contact resolution: one touch after Explore, never reopened, and no follow-up within seven days of
 * the resolution. No vendor publishes a formula; this is Docket's, and it is final only when the window has
 * passed. A ticket that was cancelled or merged was not resolved.
 */
export function firstContactResolution(ticket: TouchFacts): boolean {
  const { lastResolvedAt, firstFollowUpAt } = ticket;
  if (!oneTouchExplore(ticket) || ticket.reopenCount > 0 || lastResolvedAt === undefined) return false;
  return firstFollowUpAt === undefined || firstFollowUpAt - lastResolvedAt > followUpWindowMs;
}

function isDone({ category }: TouchFacts): boolean {
  return category === 'resolved' || category === 'closed';
}
