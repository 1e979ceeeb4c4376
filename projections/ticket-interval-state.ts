/**
 * A ticket's running intervals, and what an event makes of them. Status, assignee, group and priority are all
 * on the ticket's one clock, which never runs backwards: what is counted change by change then agrees with
 * what anybody finds who asks the intervals for an instant.
 *
 * Business time is cumulative: each part of an interval counts by the calendar of the group that had the
 * ticket then (see domain/metrics/calendars.ts). Everything here can be had back from the ticket's rows; it
 * must never keep anything that can not.
 */
import { isUnresolved } from '../domain/metrics/backlog.ts';
import type { Calendar, Calendars } from '../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../domain/ticket/values.ts';
import type { WorkflowState } from '../domain/workflow/table.ts';
import type { Category } from '../domain/workflow/transition.ts';
import type { IntervalCounts } from './ticket-interval-counts.ts';
import type { Dimension, TicketInterval } from './ticket-interval-table.ts';
import { assigneeAfter, groupAfter, priorityAfter } from './values-after.ts';

/** What the events of a batch add up to. */
export interface IntervalBatch {
  readonly number: number;
  readonly begun: TicketInterval[];
  /** Intervals of earlier batches that ended in this one: new objects, the old may be on their way. */
  readonly ended: TicketInterval[];
  readonly counts: IntervalCounts;
}

/** The last holder whose interval has ended, and whom it had the ticket from. */
interface PastHolder {
  value: string;
  ms: number;
  businessMs: number;
  before: string | undefined;
}

/** Changed in place. A dimension without a row has had no value yet. */
export interface TicketIntervals {
  readonly ticketId: TicketId;
  /** The last event that is known to be folded. */
  revision: number;
  /** When the latest of the running intervals began. */
  clock: EpochMs;
  status: TicketInterval | undefined;
  assignee: TicketInterval | undefined;
  group: TicketInterval | undefined;
  priority: TicketInterval | undefined;
  pastAssignee: PastHolder | undefined;
  pastGroup: PastHolder | undefined;
  calendar: Calendar;
  calendarSince: EpochMs;
}

/** A ticket before its first event. */
export function noIntervals(ticketId: TicketId, calendars: Calendars): TicketIntervals {
  return {
    ticketId,
    revision: 0,
    clock: Number.NEGATIVE_INFINITY,
    status: undefined,
    assignee: undefined,
    group: undefined,
    priority: undefined,
    pastAssignee: undefined,
    pastGroup: undefined,
    calendar: calendars.of(undefined),
    calendarSince: Number.NEGATIVE_INFINITY,
  };
}

/**
 * Takes in one of the ticket's rows as it was read back, in order of revision; ended ones of the dimensions
 * status and priority may be left out.
 */
export function restoreInterval(ticket: TicketIntervals, row: TicketInterval, calendars: Calendars): void {
  const { dimension, begunAt } = row;
  if (dimension === 'group') followCalendar(ticket, calendars.of(row.value), begunAt);
  ticket.revision = row.revision;
  ticket.clock = begunAt;
  if (row.endedAt === undefined) ticket[dimension] = row;
  else if (dimension === 'assignee') ticket.pastAssignee = holderAfter(ticket.pastAssignee, row);
  else if (dimension === 'group') ticket.pastGroup = holderAfter(ticket.pastGroup, row);
}

/** Takes in the ticket's next event, which led to `where`. */
export function foldIntervals(
  ticket: TicketIntervals,
  event: RecordedEvent,
  where: WorkflowState,
  calendars: Calendars,
  batch: IntervalBatch,
): void {
  const { status } = ticket;
  const assignee = assigneeAfter(event, ticket.assignee?.value);
  const group = groupAfter(event, ticket.group?.value);
  const priority = priorityAfter(event, ticket.priority?.value);
  // A status belongs to its rules: under another version of them, it begins anew.
  const rulesMoved = status?.workflow !== where.workflowId;
  const statusMoved = rulesMoved || status.value !== where.lifecycle;
  const assigneeMoved = assignee !== ticket.assignee?.value;
  const groupMoved = group !== ticket.group?.value;
  const priorityMoved = priority !== ticket.priority?.value;
  ticket.revision = event.revision;
  if (!statusMoved && !assigneeMoved && !groupMoved && !priorityMoved) return;

  const at = Math.max(ticket.clock, event.occurredAt);
  const now: Present = { event, at, workflow: where.workflowId, group, priority, batch };
  const placeMoved = rulesMoved || status.category !== where.category;
  const backlogMoved = placeMoved || groupMoved || priorityMoved;
  const { counts } = batch;
  if (backlogMoved) countBacklog(ticket, at, -1, counts);
  if (placeMoved || assigneeMoved) countAgent(ticket, -1, counts);
  if (placeMoved || groupMoved) countGroup(ticket, -1, counts);
  if (statusMoved) endStatus(ticket, where.lifecycle, now);
  if (assigneeMoved) endAssignee(ticket, assignee, now);
  if (priorityMoved && ticket.priority !== undefined) end(ticket, ticket.priority, priority, now);
  if (groupMoved) endGroup(ticket, group, now);
  if (statusMoved) ticket.status = begun(ticket, 'status', where.lifecycle, where.category, now);
  if (assigneeMoved) ticket.assignee = begun(ticket, 'assignee', assignee, undefined, now);
  if (groupMoved) ticket.group = begun(ticket, 'group', group, undefined, now);
  if (priorityMoved) ticket.priority = begun(ticket, 'priority', priority, undefined, now);
  if (groupMoved) followCalendar(ticket, calendars.of(group), at);
  ticket.clock = at;
  if (backlogMoved) countBacklog(ticket, at, 1, counts);
  if (placeMoved || assigneeMoved) countAgent(ticket, 1, counts);
  if (placeMoved || groupMoved) countGroup(ticket, 1, counts);
}

/** What holds from an event on that changes something; `at` is its time by the ticket's clock. */
interface Present {
  readonly event: RecordedEvent;
  readonly at: EpochMs;
  readonly workflow: string;
  readonly group: string | undefined;
  readonly priority: string | undefined;
  readonly batch: IntervalBatch;
}

function endStatus(ticket: TicketIntervals, next: string, now: Present): void {
  if (ticket.status?.value === undefined) return;
  const { value, ms, businessMs } = end(ticket, ticket.status, next, now);
  now.batch.counts.move(now.at, now.workflow, now.group ?? '', value ?? '', next, ms, businessMs);
}

function endAssignee(ticket: TicketIntervals, next: string | undefined, now: Present): void {
  if (ticket.assignee === undefined) return;
  ticket.pastAssignee = holderAfter(ticket.pastAssignee, end(ticket, ticket.assignee, next, now));
  countHandover('assignee', ticket.pastAssignee, next, now);
}

function endGroup(ticket: TicketIntervals, next: string | undefined, now: Present): void {
  if (ticket.group === undefined) return;
  ticket.pastGroup = holderAfter(ticket.pastGroup, end(ticket, ticket.group, next, now));
  countHandover('group', ticket.pastGroup, next, now);
}

/** The interval with its end. One of an earlier batch becomes a new object. */
function end(ticket: TicketIntervals, running: TicketInterval, next: string | undefined, now: Present) {
  const { batch, at } = now;
  const row = running.batch === batch.number ? running : { ...running, batch: batch.number };
  if (row !== running) batch.ended.push(row);
  row.nextValue = next;
  row.endedAt = at;
  row.ms = at - row.begunAt;
  row.businessMs += businessMsOf(ticket, row.begunAt, at);
  return row;
}

function begun(
  { ticketId }: TicketIntervals,
  dimension: Dimension,
  value: string | undefined,
  category: Category | undefined,
  { event, at, workflow, group, priority, batch }: Present,
): TicketInterval {
  const row: TicketInterval = {
    ticketId,
    dimension,
    revision: event.revision,
    value,
    category,
    nextValue: undefined,
    begunAt: at,
    endedAt: undefined,
    ms: 0,
    businessMs: 0,
    workflow,
    group,
    priority,
    position: event.position,
    batch: batch.number,
  };
  batch.begun.push(row);
  return row;
}

/** Business time from the beginning of an interval to `at`, as far as the present calendar tells it. */
function businessMsOf({ calendar, calendarSince }: TicketIntervals, begunAt: EpochMs, at: EpochMs): number {
  return calendar.businessMs(Math.max(begunAt, calendarSince), at);
}

/** From `at` on, the ticket follows this calendar; running intervals keep what the last one told. */
function followCalendar(ticket: TicketIntervals, calendar: Calendar, at: EpochMs): void {
  if (calendar === ticket.calendar) return;
  carryOver(ticket, ticket.status, at);
  carryOver(ticket, ticket.assignee, at);
  carryOver(ticket, ticket.priority, at);
  ticket.calendar = calendar;
  ticket.calendarSince = at;
}

/** Rows that are on their way may be changed here: a running interval's business time is in no column. */
function carryOver(ticket: TicketIntervals, running: TicketInterval | undefined, at: EpochMs): void {
  if (running !== undefined) running.businessMs += businessMsOf(ticket, running.begunAt, at);
}

function holderAfter(past: PastHolder | undefined, ended: TicketInterval): PastHolder | undefined {
  const { value, ms, businessMs } = ended;
  if (value === undefined) return past;
  if (past === undefined) return { value, ms, businessMs, before: undefined };
  if (past.value !== value) past.before = past.value;
  past.value = value;
  past.ms = ms;
  past.businessMs = businessMs;
  return past;
}

function countHandover(
  dimension: 'assignee' | 'group',
  past: PastHolder | undefined,
  next: string | undefined,
  { at, workflow, batch }: Present,
): void {
  if (past === undefined || next === undefined || past.value === next) return;
  const returned = past.before === next;
  batch.counts.handover(at, dimension, workflow, past.value, next, returned, past.ms, past.businessMs);
}

function countBacklog(ticket: TicketIntervals, at: EpochMs, change: 1 | -1, counts: IntervalCounts): void {
  const { status, group, priority } = ticket;
  if (status?.category === undefined || !isUnresolved(status.category)) return;
  counts.backlog(at, status.workflow, group?.value ?? '', priority?.value ?? '', status.category, change);
}

function countAgent({ status, assignee }: TicketIntervals, change: 1 | -1, counts: IntervalCounts): void {
  if (status?.category === undefined || assignee?.value === undefined) return;
  counts.agent(assignee.value, status.workflow, status.category, change);
}

function countGroup({ status, group }: TicketIntervals, change: 1 | -1, counts: IntervalCounts): void {
  if (status?.category === undefined || group?.value === undefined) return;
  counts.group(group.value, status.workflow, status.category, change);
}
