/**
 * Every figure of one ticket, folded from its events by business time (`occurredAt`). What a figure means is
 * said in the file of its family; this file only tells each family what happened, and when. Figures bind to
 * categories and to roles, so they hold for every workflow.
 *
 * The fold is pure, and hands back the same object where an event changes no figure. A family that an event
 * leaves alone is shared with the object before, so that an event costs no more than what it changes.
 */
import type { RecordedEvent } from '../ticket/events.ts';
import type { EpochMs, TicketId } from '../ticket/values.ts';
import type { WorkflowState } from '../workflow/table.ts';
import { ageingVersion } from './ageing.ts';
import { businessMsSince, type CarriedTime, carryOver } from './business-time.ts';
import type { Calendar, Calendars } from './calendars.ts';
import { firstLabels, type Labels, labelsAfter } from './labels.ts';
import {
  firstReply,
  nextReply,
  noReplies,
  publicWordsOf,
  type Replies,
  repliesVersion,
  requesterSpoke,
  sideOf,
} from './replies.ts';
import {
  assigned,
  movedOn,
  type Resolution,
  resolutionVersion,
  resolves,
  type SinceOpening,
  unresolved,
} from './resolution.ts';
import { neverRated, rated, type Satisfaction, satisfactionVersion } from './satisfaction.ts';
import { goesTo, noStations, type Stations, stationsVersion } from './stations.ts';
import { firstStatus, nextStatus, type StatusTime, statusTimeVersion } from './status-time.ts';
import { touchVersion } from './touch.ts';

/** Raised with each of its families: their versions only grow. */
export const ticketMetricsVersion =
  statusTimeVersion +
  resolutionVersion +
  repliesVersion +
  stationsVersion +
  touchVersion +
  satisfactionVersion +
  ageingVersion;

export interface TicketMetrics {
  readonly ticketId: TicketId;
  /** Of the last event that changed a figure. */
  readonly revision: number;
  readonly opening: Opening;
  /** When its status, assignee, group, priority or rules last changed. It never runs backwards. */
  readonly clock: EpochMs;
  readonly labels: Labels;
  readonly statusTime: StatusTime;
  readonly resolution: Resolution;
  readonly replies: Replies;
  readonly assignees: Stations;
  readonly groups: Stations;
  readonly satisfaction: Satisfaction;
  readonly firstFollowUpAt: EpochMs | undefined;
  readonly carried: CarriedTime;
}

/** How the ticket began; never changes. */
export interface Opening {
  readonly at: EpochMs;
  /** Whether the desk opened it, so that its first words are no reply. */
  readonly byDesk: boolean;
  readonly requester: string | undefined;
}

/**
 * One more event of the ticket; `state` is the ticket's after the event. The first event must be its opening,
 * and each that follows must be later in the ticket's history than those before; who keeps the figures sees
 * to that.
 */
export function foldTicketMetrics(
  metrics: TicketMetrics | undefined,
  event: RecordedEvent,
  state: Pick<WorkflowState, 'lifecycle' | 'category'>,
  calendars: Calendars,
): TicketMetrics {
  if (metrics === undefined) return opened(event, state);
  const calendar = calendars.of(metrics.groups.current);
  const at = Math.max(metrics.clock, event.occurredAt);
  const statusTime = statusTimeAfter(metrics, at, state, calendar);
  const replies = repliesAfter(metrics, event, calendar);
  const assignees = assigneesAfter(metrics.assignees, event);
  const groups = groupsAfter(metrics.groups, event);
  const resolution = resolutionAfter(metrics, at, state, assignees, calendar);
  const labels = labelsAfter(metrics.labels, event);
  const satisfaction =
    event.type === 'TicketRated'
      ? rated(metrics.satisfaction, event.data.rating, event.occurredAt)
      : metrics.satisfaction;
  const firstFollowUpAt =
    event.type === 'FollowUpOpened' ? (metrics.firstFollowUpAt ?? event.occurredAt) : metrics.firstFollowUpAt;
  const same =
    statusTime === metrics.statusTime &&
    replies === metrics.replies &&
    assignees === metrics.assignees &&
    groups === metrics.groups &&
    resolution === metrics.resolution &&
    labels === metrics.labels &&
    satisfaction === metrics.satisfaction &&
    firstFollowUpAt === metrics.firstFollowUpAt;
  if (same) return metrics;
  return {
    ticketId: metrics.ticketId,
    revision: event.revision,
    opening: metrics.opening,
    clock: clockAfter(metrics, at, { statusTime, assignees, groups, labels }),
    labels,
    statusTime,
    resolution,
    replies,
    assignees,
    groups,
    satisfaction,
    firstFollowUpAt,
    carried: carriedAfter(metrics, at, { statusTime, replies, groups }, calendars),
  };
}

function opened(event: RecordedEvent, state: Pick<WorkflowState, 'lifecycle' | 'category'>): TicketMetrics {
  if (event.type !== 'TicketOpened') throw new Error(`its first event is ${event.type}, not TicketOpened`);
  const { occurredAt: at, data } = event;
  return {
    ticketId: event.ticketId,
    revision: event.revision,
    opening: { at, byDesk: sideOf(event) === 'desk', requester: data.requester },
    clock: at,
    labels: firstLabels(event.workflow, data.fields),
    statusTime: firstStatus(state.lifecycle, state.category, at),
    resolution: unresolved,
    replies: noReplies,
    assignees: noStations,
    groups: noStations,
    satisfaction: neverRated,
    firstFollowUpAt: undefined,
    carried: { calendarSince: at, sinceOpening: 0, inStatus: 0, unanswered: 0 },
  };
}

/** Status, holders and priority share one clock, as their intervals do: else the two would not add up. */
function clockAfter(
  before: TicketMetrics,
  at: EpochMs,
  after: Pick<TicketMetrics, 'statusTime' | 'assignees' | 'groups' | 'labels'>,
): EpochMs {
  const same =
    after.statusTime === before.statusTime &&
    after.assignees === before.assignees &&
    after.groups === before.groups &&
    after.labels.priority === before.labels.priority &&
    after.labels.workflow === before.labels.workflow;
  return same ? before.clock : at;
}

function statusTimeAfter(
  { statusTime, carried }: TicketMetrics,
  at: EpochMs,
  { lifecycle, category }: Pick<WorkflowState, 'lifecycle' | 'category'>,
  calendar: Calendar,
): StatusTime {
  if (statusTime.status === lifecycle && statusTime.category === category) return statusTime;
  const { since } = statusTime;
  const businessMs = businessMsSince(since, at, calendar, carried.calendarSince, carried.inStatus);
  return nextStatus(statusTime, lifecycle, category, at, businessMs);
}

function resolutionAfter(
  metrics: TicketMetrics,
  at: EpochMs,
  { category }: Pick<WorkflowState, 'category'>,
  assignees: Stations,
  calendar: Calendar,
): Resolution {
  const { resolution, statusTime } = metrics;
  const placed = assignees.current === undefined ? resolution : assigned(resolution, at);
  const from = statusTime.category;
  if (from === category) return placed;
  return movedOn(
    placed,
    from,
    category,
    at,
    resolves(from, category) ? took(metrics, at, calendar) : undefined,
  );
}

function repliesAfter(metrics: TicketMetrics, event: RecordedEvent, calendar: Calendar): Replies {
  const side = publicWordsOf(event);
  if (side === undefined) return metrics.replies;
  const { replies, opening, carried } = metrics;
  const at = event.occurredAt;
  if (side === 'requester') return requesterSpoke(replies, at);
  if (replies.firstReplyAt === undefined) {
    if (opening.byDesk && at === opening.at) return replies;
    const { ms, businessMs } = took(metrics, at, calendar);
    return firstReply(replies, at, ms, businessMs);
  }
  const { unansweredSince: since } = replies;
  if (since === undefined) return nextReply(replies, at, 0);
  const waited = businessMsSince(since, at, calendar, carried.calendarSince, carried.unanswered);
  return nextReply(replies, at, waited);
}

function took({ opening, carried }: TicketMetrics, at: EpochMs, calendar: Calendar): SinceOpening {
  const { calendarSince, sinceOpening } = carried;
  return {
    ms: Math.max(0, at - opening.at),
    businessMs: businessMsSince(opening.at, at, calendar, calendarSince, sinceOpening),
  };
}

function assigneesAfter(before: Stations, event: RecordedEvent): Stations {
  switch (event.type) {
    case 'TicketAssigned':
    case 'OfferAccepted':
      return goesTo(before, event.data.agent);
    case 'TicketQueued':
    case 'TicketUnassigned':
    case 'AgentRemoved':
    case 'AgentWentOffline':
      return goesTo(before, undefined);
    default:
      return before;
  }
}

function groupsAfter(before: Stations, event: RecordedEvent): Stations {
  switch (event.type) {
    case 'TicketAssigned': {
      const { group } = event.data;
      return group === undefined ? before : goesTo(before, group ?? undefined);
    }
    case 'TicketQueued':
      return goesTo(before, event.data.group);
    case 'TicketUnassigned':
      return goesTo(before, undefined);
    default:
      return before;
  }
}

/** Intervals that ended carry nothing on; the others take along what another calendar did not count. */
function carriedAfter(
  metrics: TicketMetrics,
  at: EpochMs,
  after: Pick<TicketMetrics, 'statusTime' | 'replies' | 'groups'>,
  calendars: Calendars,
): CarriedTime {
  const { carried, groups } = metrics;
  const inStatus = after.statusTime === metrics.statusTime ? carried.inStatus : 0;
  const unanswered = after.replies.unansweredSince === undefined ? 0 : carried.unanswered;
  const kept =
    inStatus === carried.inStatus && unanswered === carried.unanswered
      ? carried
      : { ...carried, inStatus, unanswered };
  if (after.groups === groups) return kept;
  const from = calendars.of(groups.current);
  if (calendars.of(after.groups.current) === from) return kept;
  const { unansweredSince } = after.replies;
  return carryOver(kept, from, at, { statusSince: after.statusTime.since, unansweredSince });
}
