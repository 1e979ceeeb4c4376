/**
 * What a change of a ticket does to its SLA clocks: a pure function from the ticket before and after to clock
 * events, which are written together with their cause. The order is: breaches first, stamped with their
 * deadline and not with when they were noticed, then metric by metric what ends, pauses, goes on or starts.
 *
 * A clock keeps the terms it was started with. Only where the ticket itself changes (its priority, group,
 * fields or workflow) are the policies asked again; where another policy or priority applies, the clock is
 * cancelled and a new one goes on with the time that has passed, as Zendesk applies policies again. Whatever
 * was breached before stays breached.
 */
import type { NewEvent, TicketEvent } from '../ticket/events.ts';
import type { TicketState } from '../ticket/state.ts';
import type { EpochMs } from '../ticket/values.ts';
import { type Category, isUnresolved } from '../workflow/transition.ts';
import {
  clockOf,
  instanceOf,
  isActive,
  isBreachDue,
  type SlaCancelReason,
  type SlaClock,
  type SlaMetric,
  slaMetrics,
  slaPhase,
} from './clock.ts';
import { calendarFor, policyFor, priorityOf, promiseOf, type SlaPromise, type SlaRules } from './policies.ts';
import { isAgentReply, isRequesterComment } from './replies.ts';

/** The latest time that a JavaScript date can be. */
const latestMs = 8.64e15;

/** What one command did to one ticket. */
export interface TicketChange {
  /** Undefined for a ticket that it opened. */
  readonly before: TicketState | undefined;
  readonly after: TicketState;
  readonly categoryBefore: Category | undefined;
  readonly category: Category;
  /** At least one. */
  readonly events: readonly NewEvent[];
  readonly at: EpochMs;
}

/** A clock event and its business time. */
export interface SlaConsequence {
  readonly event: TicketEvent;
  readonly at: EpochMs;
}

export function slaEvents(rules: SlaRules, change: TicketChange): readonly SlaConsequence[] {
  const { after, at } = change;
  const found: SlaConsequence[] = [];
  for (const clock of after.clocks ?? []) {
    if (clock.dueAt !== undefined && isBreachDue(clock, at)) found.push(breach(clock.clock, clock.dueAt));
  }
  const changed = isChangedInTerms(change);
  const asked = changed || change.categoryBefore !== change.category;
  const commented = change.events.some(isRequesterComment);
  if (after.clocks === undefined && !asked && !commented) return found;
  const replied = change.events.some(isAgentReply);
  const policy = asked || commented ? policyFor(rules, after, at) : undefined;
  const priority = priorityOf(after);
  for (const metric of slaMetrics) {
    const clock = clockOf(after.clocks, metric);
    if (clock === undefined || !isActive(clock)) {
      const triggered = metric === 'next_reply' ? commented : asked;
      const promise = triggered ? promiseOf(policy, metric, priority) : undefined;
      if (promise !== undefined && mayStart(metric, change)) {
        found.push(...start(rules, change, metric, promise, elapsedBefore(rules, change, metric, promise)));
      }
      continue;
    }
    const end = endOf(rules, change, clock, replied);
    if (end !== undefined) {
      found.push({ event: end, at });
      continue;
    }
    const promise = promiseOf(policy, metric, priority);
    if (changed && !isKept(clock, promise, priority)) found.push(...replace(rules, change, clock, promise));
    else found.push(...turn(rules, change, clock));
  }
  return found;
}

/** Whether the ticket changed in what policies look at. */
function isChangedInTerms({ before, after }: TicketChange): boolean {
  return (
    before === undefined ||
    before.fields !== after.fields ||
    before.group !== after.group ||
    before.workflow !== after.workflow
  );
}

function mayStart(metric: SlaMetric, { after, category }: TicketChange): boolean {
  if (slaPhase(metric, category) !== 'runs') return false;
  if (metric === 'first_reply') return after.replied === undefined;
  return metric !== 'next_reply' || after.replied === true;
}

/** A policy keeps its promise to a ticket, in whatever version it was made, while the priority stays. */
function isKept(clock: SlaClock, promise: SlaPromise | undefined, priority: string | undefined): boolean {
  return promise?.policy.name === clock.policy && priority === clock.priority;
}

/** The event that ends an active clock, if the change does. */
function endOf(
  rules: SlaRules,
  change: TicketChange,
  clock: SlaClock,
  replied: boolean,
): TicketEvent | undefined {
  const awaitsReply = clock.metric === 'first_reply' || clock.metric === 'next_reply';
  const phase = slaPhase(clock.metric, change.category);
  if (awaitsReply ? replied : phase === 'ends') {
    const data = { clock: clock.clock, elapsedMs: elapsedAt(rules, change, clock) };
    return { type: 'SlaFulfilled', data };
  }
  if (phase === 'ends') return cancel(clock, 'resolved');
  if (phase !== 'is cancelled') return undefined;
  return cancel(clock, change.after.mergedInto === undefined ? 'cancelled' : 'merged');
}

/** Lets a clock pause or go on, as the ticket's category asks. */
function turn(rules: SlaRules, change: TicketChange, clock: SlaClock): readonly SlaConsequence[] {
  const runs = slaPhase(clock.metric, change.category) === 'runs';
  if (runs === (clock.state === 'running')) return [];
  const remainingMs = clock.targetMs - elapsedAt(rules, change, clock);
  const data = { clock: clock.clock };
  if (!runs) return [{ event: { type: 'SlaPaused', data: { ...data, remainingMs } }, at: change.at }];
  const calendar = calendarFor(rules, clock.hours, clock.calendar, change.after.group);
  const from = Math.max(clock.since, change.at);
  const dueAt = remainingMs > 0 ? limited(calendar.addBusinessMs(from, remainingMs)) : from;
  return [{ event: { type: 'SlaResumed', data: { ...data, dueAt } }, at: change.at }];
}

function replace(
  rules: SlaRules,
  change: TicketChange,
  clock: SlaClock,
  promise: SlaPromise | undefined,
): readonly SlaConsequence[] {
  const { at } = change;
  if (promise === undefined) return [{ event: cancel(clock, 'no_target'), at }];
  const reason = promise.policy.name === clock.policy ? 'priority_changed' : 'policy_changed';
  const elapsedMs = elapsedAt(rules, change, clock);
  const started = start(rules, change, clock.metric, promise, elapsedMs);
  return [{ event: cancel(clock, reason), at }, ...started];
}

/** A new clock. One that has run out before it starts is breached at once; one that may not run is paused. */
function start(
  rules: SlaRules,
  { after, category, at }: TicketChange,
  metric: SlaMetric,
  { policy, target, targetMs }: SlaPromise,
  elapsedMs: number,
): readonly SlaConsequence[] {
  const last = clockOf(after.clocks, metric);
  const clock = `${metric}#${last === undefined ? 1 : instanceOf(last) + 1}`;
  const calendar = calendarFor(rules, target.hours, policy.calendar, after.group);
  const from = Math.max(last?.since ?? at, at);
  const remainingMs = targetMs - elapsedMs;
  const dueAt = remainingMs > 0 ? limited(calendar.addBusinessMs(from, remainingMs)) : from;
  const priority = priorityOf(after);
  const data = {
    clock,
    metric,
    policy: policy.name,
    policyVersion: policy.version,
    ...(priority === undefined ? {} : { priority }),
    ...(after.group === undefined ? {} : { group: after.group }),
    targetMs,
    hours: target.hours,
    ...(target.hours === 'business' ? { calendar: calendar.name } : {}),
    dueAt,
    ...(elapsedMs === 0 ? {} : { elapsedMs }),
  };
  const started: SlaConsequence[] = [{ event: { type: 'SlaStarted', data }, at }];
  if (dueAt <= at) started.push(breach(clock, dueAt));
  const paused: TicketEvent = { type: 'SlaPaused', data: { clock, remainingMs } };
  if (slaPhase(metric, category) === 'pauses') started.push({ event: paused, at });
  return started;
}

/**
 * What has passed of a promise that is made while its ticket is under way. First reply and resolution are
 * measured from the opening, whenever the policy was attached; so is everything while the ticket is still
 * new, because nothing can have paused by then. Else the clock starts with the promise: what a ticket waited
 * before is not remembered. A reopened ticket starts at zero.
 */
function elapsedBefore(
  rules: SlaRules,
  { before, after, categoryBefore, at }: TicketChange,
  metric: SlaMetric,
  { policy, target }: SlaPromise,
): number {
  if (before === undefined || metric === 'next_reply') return 0;
  if (categoryBefore === undefined || !isUnresolved(categoryBefore)) return 0;
  if (clockOf(after.clocks, metric)?.state === 'fulfilled') return 0;
  const fromOpening = metric === 'first_reply' || metric === 'resolution' || categoryBefore === 'new';
  const calendar = calendarFor(rules, target.hours, policy.calendar, after.group);
  return fromOpening ? calendar.businessMs(after.openedAt, at) : 0;
}

/** What has passed of a clock's target by the time of the change. */
function elapsedAt(rules: SlaRules, { after, at }: TicketChange, clock: SlaClock): number {
  if (clock.state !== 'running') return clock.elapsedMs;
  const calendar = calendarFor(rules, clock.hours, clock.calendar, after.group);
  return clock.elapsedMs + calendar.businessMs(clock.since, at);
}

function cancel(clock: SlaClock, reason: SlaCancelReason): TicketEvent {
  return { type: 'SlaCancelled', data: { clock: clock.clock, reason } };
}

function breach(clock: string, dueAt: EpochMs): SlaConsequence {
  return { event: { type: 'SlaBreached', data: { clock, dueAt } }, at: dueAt };
}

function limited(time: number): EpochMs {
  return Math.min(time, latestMs);
}
