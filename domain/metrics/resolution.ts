/**
 * A ticket's resolution times, folded from its events by business time (`occurredAt`). Definitions follow
 * Zendesk's ticket metrics and dbt_zendesk's models; they bind to categories, so they hold for every
 * workflow.
 *
 * - First assignment: the first time the ticket got an assignee.
 * - First and last resolution: the first and last time it went from unresolved (new, open, pending, hold) to
 *   resolved, or straight to closed. A cancelled or merged ticket was not resolved.
 * - Reopen count: moves from resolved back to unresolved; a ticket that is reopened right now counts.
 * - Time in category: sums of the closed intervals, in milliseconds, plus `since` for the running one.
 *   Imported histories may run backwards; such a step counts as zero and the clock waits, so that the sums
 *   never exceed the time that passed.
 */
import type { RecordedEvent } from '../ticket/events.ts';
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';

export const resolutionVersion = 1;

export interface ResolutionTimes {
  readonly openedAt: EpochMs;
  readonly firstAssignedAt: EpochMs | undefined;
  readonly firstResolvedAt: EpochMs | undefined;
  readonly lastResolvedAt: EpochMs | undefined;
  readonly closedAt: EpochMs | undefined;
  readonly reopenCount: number;
  readonly category: Category;
  /** Since when the ticket has been in `category`; never earlier than the change before it. */
  readonly since: EpochMs;
  readonly msInCategory: Readonly<Record<Category, number>>;
}

/** One more event of the ticket; `category` is the ticket's after the event. */
export function foldResolution(
  times: ResolutionTimes | undefined,
  event: Pick<RecordedEvent, 'type' | 'occurredAt'>,
  category: Category,
): ResolutionTimes {
  const at = event.occurredAt;
  if (times === undefined) return begun(at, category);
  const assigned = event.type === 'TicketAssigned' || event.type === 'OfferAccepted';
  const moved = category !== times.category;
  const resolvedNow =
    moved && isUnresolved(times.category) && (category === 'resolved' || category === 'closed');
  const reopenedNow = moved && isUnresolved(category) && !isUnresolved(times.category);
  const since = Math.max(times.since, at);
  return {
    openedAt: times.openedAt,
    firstAssignedAt: times.firstAssignedAt ?? (assigned ? at : undefined),
    firstResolvedAt: times.firstResolvedAt ?? (resolvedNow ? at : undefined),
    lastResolvedAt: resolvedNow ? at : times.lastResolvedAt,
    closedAt: moved && category === 'closed' ? at : times.closedAt,
    reopenCount: times.reopenCount + (reopenedNow ? 1 : 0),
    category,
    since: moved ? since : times.since,
    msInCategory: moved ? spent(times, since) : times.msInCategory,
  };
}

function begun(at: EpochMs, category: Category): ResolutionTimes {
  return {
    openedAt: at,
    firstAssignedAt: undefined,
    firstResolvedAt: undefined,
    lastResolvedAt: undefined,
    closedAt: undefined,
    reopenCount: 0,
    category,
    since: at,
    msInCategory: { new: 0, open: 0, pending: 0, hold: 0, resolved: 0, closed: 0, cancelled: 0 },
  };
}

function spent(times: ResolutionTimes, until: EpochMs): ResolutionTimes['msInCategory'] {
  const { category, msInCategory } = times;
  return { ...msInCategory, [category]: msInCategory[category] + (until - times.since) };
}

function isUnresolved(category: Category): boolean {
  return category === 'new' || category === 'open' || category === 'pending' || category === 'hold';
}
