/**
 * Where a ticket's time went: how long it was in each category of status, in calendar and in business time,
 * and which way it took. The sums hold closed intervals only; `since` says when the running one began.
 *
 * Sources: the four waiting times are those of dbt_zendesk (fivetran/dbt_zendesk, models/zendesk.yml): a
 * requester waits in new, open and hold, the desk works in new and open, the desk waits in pending. Rework is
 * process mining's: visits to a status beyond the first.
 *
 * A history may run backwards; such a step counts as zero and the clock waits, so that the sums never exceed
 * the time that passed. The clock is the ticket's, which changes of assignee, group and priority set as well:
 * so the sums are those of the table ticket_interval.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';

export const statusTimeVersion = 2;

/** Longer paths end in `>…`. */
export const statusPathCharactersMax = 500;
/** Of the statuses a ticket has been in; one that comes after so many is taken for a first visit. */
export const visitedCharactersMax = 4_000;

export interface StatusTime {
  readonly status: string;
  readonly category: Category;
  /** Since when the ticket has been in `status`; never earlier than the change before it. */
  readonly since: EpochMs;
  /** Visits to a status beyond the first visit of each. */
  readonly reworkCount: number;
  /** Whether it was ever pending or on hold. */
  readonly waited: boolean;
  /** Every status in order, as `new>open>resolved`. */
  readonly path: string;
  /** Each status once, in order of the first visit, as `path` writes them. */
  readonly visited: string;
  readonly newMs: number;
  readonly openMs: number;
  readonly pendingMs: number;
  readonly holdMs: number;
  readonly resolvedMs: number;
  readonly closedMs: number;
  readonly cancelledMs: number;
  readonly newBusinessMs: number;
  readonly openBusinessMs: number;
  readonly pendingBusinessMs: number;
  readonly holdBusinessMs: number;
}

type Draft = { -readonly [K in keyof StatusTime]: StatusTime[K] };

/** The four waiting times, in milliseconds. */
export interface WaitingTimes {
  /** new + open + hold: the requester waits for the desk. */
  readonly requesterWaitMs: number;
  /** new + open: the ticket lies with the desk. */
  readonly agentWorkMs: number;
  /** pending: the desk waits for the requester. */
  readonly agentWaitMs: number;
  /** hold: the desk waits for somebody else. */
  readonly onHoldMs: number;
}

export function waitingTimes(ms: {
  readonly new: number;
  readonly open: number;
  readonly pending: number;
  readonly hold: number;
}): WaitingTimes {
  return {
    requesterWaitMs: ms.new + ms.open + ms.hold,
    agentWorkMs: ms.new + ms.open,
    agentWaitMs: ms.pending,
    onHoldMs: ms.hold,
  };
}

export function firstStatus(status: string, category: Category, at: EpochMs): StatusTime {
  return {
    status,
    category,
    since: at,
    reworkCount: 0,
    waited: isWaiting(category),
    path: status,
    visited: status,
    newMs: 0,
    openMs: 0,
    pendingMs: 0,
    holdMs: 0,
    resolvedMs: 0,
    closedMs: 0,
    cancelledMs: 0,
    newBusinessMs: 0,
    openBusinessMs: 0,
    pendingBusinessMs: 0,
    holdBusinessMs: 0,
  };
}

/** The ticket goes to another status; `businessMs` is the business time of the interval that ends. */
export function nextStatus(
  before: StatusTime,
  status: string,
  category: Category,
  at: EpochMs,
  businessMs: number,
): StatusTime {
  const since = Math.max(before.since, at);
  const next: Draft = { ...before, status, category, since };
  addInterval(next, before.category, since - before.since, businessMs);
  if (isWaiting(category)) next.waited = true;
  if (isAmong(before.visited, status)) next.reworkCount += 1;
  else if (before.visited.length < visitedCharactersMax) next.visited = `${before.visited}>${status}`;
  next.path = longer(before.path, status);
  return next;
}

function addInterval(times: Draft, category: Category, ms: number, businessMs: number): void {
  switch (category) {
    case 'new':
      times.newMs += ms;
      times.newBusinessMs += businessMs;
      return;
    case 'open':
      times.openMs += ms;
      times.openBusinessMs += businessMs;
      return;
    case 'pending':
      times.pendingMs += ms;
      times.pendingBusinessMs += businessMs;
      return;
    case 'hold':
      times.holdMs += ms;
      times.holdBusinessMs += businessMs;
      return;
    case 'resolved':
      times.resolvedMs += ms;
      return;
    case 'closed':
      times.closedMs += ms;
      return;
    case 'cancelled':
      times.cancelledMs += ms;
  }
}

function isWaiting(category: Category): boolean {
  return category === 'pending' || category === 'hold';
}

/** Looks at the text where it is: to split it, or to put separators around it, would cost more. */
function isAmong(visited: string, status: string): boolean {
  for (let at = visited.indexOf(status); at !== -1; at = visited.indexOf(status, at + 1)) {
    const end = at + status.length;
    const begins = at === 0 || visited[at - 1] === '>';
    if (begins && (end === visited.length || visited[end] === '>')) return true;
  }
  return false;
}

function longer(path: string, status: string): string {
  if (path.endsWith('…')) return path;
  return path.length + status.length < statusPathCharactersMax ? `${path}>${status}` : `${path}>…`;
}
