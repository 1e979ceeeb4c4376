/**
 * When a ticket was resolved, and how long that took. Definitions follow Zendesk's ticket metrics (Zendesk
 * Help 4408834848154) and dbt_zendesk's models; they bind to categories, so they hold for every workflow.
 *
 * - First assignment: the first time the ticket got an assignee.
 * - First and last resolution: the first and last time it went from unresolved (new, open, pending, hold) to
 *   resolved, or straight to closed. A cancelled or merged ticket was not resolved.
 * - First and full resolution time: from opening to the first and to the last resolution. There is no full
 *   resolution time while the ticket is unresolved, nor once it was cancelled.
 * - Reopen count: moves back to unresolved. A ticket that is reopened right now counts, which dbt_zendesk's
 *   `solved_count - 1` misses.
 *
 * All moments are by the ticket's clock, which never runs backwards.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';
import { isUnresolved } from './backlog.ts';

export const resolutionVersion = 3;

export interface Resolution {
  readonly firstAssignedAt: EpochMs | undefined;
  readonly firstResolvedAt: EpochMs | undefined;
  readonly lastResolvedAt: EpochMs | undefined;
  readonly closedAt: EpochMs | undefined;
  readonly reopenCount: number;
  readonly firstMs: number | undefined;
  readonly firstBusinessMs: number | undefined;
  readonly fullMs: number | undefined;
  readonly fullBusinessMs: number | undefined;
}

type Draft = { -readonly [K in keyof Resolution]: Resolution[K] };

export const unresolved: Resolution = Object.freeze({
  firstAssignedAt: undefined,
  firstResolvedAt: undefined,
  lastResolvedAt: undefined,
  closedAt: undefined,
  reopenCount: 0,
  firstMs: undefined,
  firstBusinessMs: undefined,
  fullMs: undefined,
  fullBusinessMs: undefined,
});

/** The ticket got an assignee. */
export function assigned(before: Resolution, at: EpochMs): Resolution {
  return before.firstAssignedAt === undefined ? { ...before, firstAssignedAt: at } : before;
}

/** Whether a move from one category to another resolves the ticket. */
export function resolves(from: Category, to: Category): boolean {
  return isUnresolved(from) && (to === 'resolved' || to === 'closed');
}

/** Whether a move from one category to another takes a resolution, or a cancellation, back. */
export function reopens(from: Category, to: Category): boolean {
  return !isUnresolved(from) && isUnresolved(to);
}

/** Milliseconds since the ticket was opened, by the calendar and in business time. */
export interface SinceOpening {
  readonly ms: number;
  readonly businessMs: number;
}

/** The ticket goes from one category to another; `took` is needed where that resolves it. */
export function movedOn(
  before: Resolution,
  from: Category,
  to: Category,
  at: EpochMs,
  took: SinceOpening | undefined,
): Resolution {
  const next: Draft = { ...before };
  if (to === 'closed') next.closedAt = at;
  if (to === 'cancelled' || reopens(from, to)) {
    next.fullMs = undefined;
    next.fullBusinessMs = undefined;
  }
  if (reopens(from, to)) next.reopenCount += 1;
  if (took !== undefined && resolves(from, to)) {
    next.lastResolvedAt = at;
    next.fullMs = took.ms;
    next.fullBusinessMs = took.businessMs;
    if (before.firstResolvedAt === undefined) {
      next.firstResolvedAt = at;
      next.firstMs = took.ms;
      next.firstBusinessMs = took.businessMs;
    }
  }
  return next;
}
