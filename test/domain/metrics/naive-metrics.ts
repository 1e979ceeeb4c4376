/**
 * The figures of a ticket, worked out slowly from its whole history: lists, filters and sums, nothing carried
 * from event to event. It shares with the product only the calendars, which have a naive counterpart of their
 * own. For histories that never run backwards.
 */
import { type CalendarInForce, cumulativeBusinessMs } from '../../../domain/metrics/business-readings.ts';
import type { Calendars } from '../../../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import type { Category } from '../../../domain/workflow/transition.ts';

interface Interval<Value> {
  readonly value: Value;
  readonly from: number;
  readonly to: number | undefined;
}

/** What holds from one change to the next; changes to the same value are none. */
function intervals<Value>(changes: readonly (readonly [at: number, value: Value])[]): Interval<Value>[] {
  const real = changes.filter(([, value], index) => index === 0 || value !== changes[index - 1]?.[1]);
  return real.map(([from, value], index) => ({ value, from, to: real[index + 1]?.[0] }));
}

function assigneeChange(event: RecordedEvent): readonly (readonly [number, string | undefined])[] {
  const { type, data, occurredAt } = event;
  if (type === 'TicketAssigned' || type === 'OfferAccepted') return [[occurredAt, data.agent]];
  const leaving = ['TicketQueued', 'TicketUnassigned', 'AgentRemoved', 'AgentWentOffline'];
  return leaving.includes(type) ? [[occurredAt, undefined]] : [];
}

function groupChange(event: RecordedEvent): readonly (readonly [number, string | undefined])[] {
  const { type, data, occurredAt } = event;
  if (type === 'TicketQueued') return [[occurredAt, data.group]];
  if (type === 'TicketUnassigned') return [[occurredAt, undefined]];
  if (type === 'TicketAssigned' && data.group !== undefined) return [[occurredAt, data.group ?? undefined]];
  return [];
}

function speaker(event: RecordedEvent): string | undefined {
  const { type, data } = event;
  if (type === 'RequesterReplied') return 'requester';
  if (type === 'CommentAdded') return data.public ? event.actor.role : undefined;
  const withComment = type === 'RequesterAwaited' || type === 'TicketHeld';
  return withComment && data.comment?.public === true ? event.actor.role : undefined;
}

function stationsOf(changes: readonly (readonly [number, string | undefined])[]) {
  const held = intervals([[Number.NEGATIVE_INFINITY, undefined], ...changes]).flatMap(
    ({ value }) => value ?? [],
  );
  const moves = held.filter((holder, index) => index > 0 && holder !== held[index - 1]);
  const way = held.slice(0, 1).concat(moves);
  return {
    count: held.length,
    handoffs: moves.length,
    returns: way.filter((holder, index) => index > 1 && holder === way[index - 2]).length,
    distinct: [...new Set(held)],
  };
}

/** The figures that `TicketMetrics` holds, in a shape that `toMatchObject` can compare. */
export function naiveMetrics(events: readonly RecordedEvent[], calendars: Calendars) {
  const openedAt = events[0]?.occurredAt ?? 0;
  const groupChanges = events.flatMap(groupChange);
  const inForce: CalendarInForce[] = [
    { since: openedAt, calendar: calendars.of(undefined) },
    ...groupChanges.map(([since, group]) => ({ since, calendar: calendars.of(group) })),
  ];
  const business = (from: number, to: number) => cumulativeBusinessMs(inForce, from, to);
  const states = events.map((event) => ({ at: event.occurredAt, ...builtInWorkflows.stateOf(event) }));
  const statuses = intervals(states.map(({ at, lifecycle }) => [at, lifecycle]));
  const visits = statuses.map(({ value, ...times }) => {
    const category = states.find(({ lifecycle }) => lifecycle === value)?.category;
    return { category, value, ...times };
  });
  const sum = (category: Category, of: (from: number, to: number) => number) =>
    visits
      .filter((visit) => visit.category === category)
      .reduce((total, { from, to }) => total + (to === undefined ? 0 : of(from, to)), 0);
  const calendar = (from: number, to: number) => to - from;
  const isDone = (category: Category | undefined) => category === 'resolved' || category === 'closed';
  const waits = (category: Category | undefined) => category !== 'cancelled' && !isDone(category);
  const resolutions = visits
    .filter((visit, index) => index > 0 && isDone(visit.category) && waits(visits[index - 1]?.category))
    .map(({ from }) => from);
  const [first, last] = [resolutions[0], resolutions.at(-1)];
  const solved = isDone(visits.at(-1)?.category) ? last : undefined;
  const since = (at: number | undefined) => (at === undefined ? undefined : at - openedAt);
  const businessSince = (at: number | undefined) => (at === undefined ? undefined : business(openedAt, at));
  return {
    statusTime: {
      newMs: sum('new', calendar),
      openMs: sum('open', calendar),
      pendingMs: sum('pending', calendar),
      holdMs: sum('hold', calendar),
      resolvedMs: sum('resolved', calendar),
      newBusinessMs: sum('new', business),
      openBusinessMs: sum('open', business),
      pendingBusinessMs: sum('pending', business),
      holdBusinessMs: sum('hold', business),
      path: statuses.map(({ value }) => value).join('>'),
      reworkCount: statuses.length - new Set(statuses.map(({ value }) => value)).size,
      since: statuses.at(-1)?.from,
    },
    resolution: {
      firstAssignedAt: events.flatMap(assigneeChange).find(([, agent]) => agent !== undefined)?.[0],
      firstMs: since(first),
      firstBusinessMs: businessSince(first),
      fullMs: since(solved),
      fullBusinessMs: businessSince(solved),
      lastResolvedAt: last,
      reopenCount: visits.filter(
        (visit, index) => index > 0 && waits(visit.category) && !waits(visits[index - 1]?.category),
      ).length,
    },
    replies: repliesOf(events, openedAt, business),
    assignees: stationsOf(events.flatMap(assigneeChange)),
    groups: stationsOf(groupChanges),
  };
}

function repliesOf(
  events: readonly RecordedEvent[],
  openedAt: number,
  business: (from: number, to: number) => number,
) {
  const spoken = events.map((event) => ({ at: event.occurredAt, by: speaker(event) }));
  const words = spoken.filter(({ by }) => by === 'requester' || by === 'agent' || by === 'lead');
  const isReply = ({ by }: { readonly by: string | undefined }) => by !== 'requester';
  const first = words.findIndex(isReply);
  const firstAt = words[first]?.at;
  const answered = words.flatMap((word, index) => {
    if (index <= first || first < 0 || !isReply(word)) return [];
    const before = words.slice(0, index).findLastIndex(isReply);
    const question = words.slice(before + 1, index)[0];
    return question === undefined ? [] : [{ from: question.at, to: word.at }];
  });
  const lastReply = words.findLastIndex(isReply);
  return {
    firstReplyAt: firstAt,
    firstReplyMs: firstAt === undefined ? undefined : firstAt - openedAt,
    firstReplyBusinessMs: firstAt === undefined ? undefined : business(openedAt, firstAt),
    agentReplies: words.filter(isReply).length,
    requesterReplies: words.length - words.filter(isReply).length,
    unansweredSince: lastReply < 0 ? undefined : words[lastReply + 1]?.at,
    nextReplyCount: answered.length,
    nextReplyMs: answered.reduce((total, { from, to }) => total + to - from, 0),
    nextReplyBusinessMs: answered.reduce((total, { from, to }) => total + business(from, to), 0),
  };
}
