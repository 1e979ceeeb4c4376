/**
 * An SLA clock of a ticket: how much of a promised time has passed, and when it runs out. Clocks are part of
 * a ticket's state and change by events alone (`SlaStarted` to `SlaCancelled`), so that a replay needs
 * neither the policies nor the calendars of the day. A clock must never run backwards, even where an imported
 * history does: `since` only grows.
 */
import { z } from 'zod';
import type { EventOf } from '../ticket/events.ts';
import type { EpochMs } from '../ticket/values.ts';
import { type Category, isUnresolved } from '../workflow/transition.ts';

/**
 * What can be promised, after the SLA metrics of Zendesk (support.zendesk.com 4408829459866) and their rules
 * of pausing (developer.zendesk.com, ticket metric event types reference):
 *
 * - `first_reply`: from the opening of the ticket, not from when the policy was attached, to the first public
 *   comment by an agent. Runs while the ticket is unresolved.
 * - `next_reply`: from the oldest comment of the requester that is not answered yet to the next public
 *   comment by an agent. Until the first reply the requester waits for that one, and no clock of this kind
 *   starts.
 * - `requester_wait`: the time in new, open and hold; pauses in pending.
 * - `agent_work`: the time in new and open; pauses in pending and hold.
 * - `resolution`: the time in new, open, pending and hold.
 *
 * The last three are fulfilled when the ticket is resolved or closed, and begin anew when it is reopened.
 */
export const slaMetrics = [
  'first_reply',
  'next_reply',
  'requester_wait',
  'agent_work',
  'resolution',
] as const;
export type SlaMetric = (typeof slaMetrics)[number];

/** How a promise is counted: every hour of the calendar, or business hours only. */
export const slaHours = ['calendar', 'business'] as const;
export type SlaHours = (typeof slaHours)[number];

/** Why a clock ended without being fulfilled. */
export const slaCancelReasons = [
  /** Another priority promises another time; a new clock goes on from this one. */
  'priority_changed',
  /** Another policy applies now; a new clock goes on from this one. */
  'policy_changed',
  /** No policy promises anything any more. */
  'no_target',
  /** A reply was promised, but the ticket was resolved without one. */
  'resolved',
  'cancelled',
  'merged',
] as const;
export type SlaCancelReason = (typeof slaCancelReasons)[number];

/** `metric#instance`, such as `next_reply#3`. */
export const slaClockIdSchema = z
  .string()
  .max(64)
  .regex(/^[a-z_]+#[1-9][0-9]*$/, 'a clock: its metric, # and its number, such as first_reply#1');

export interface SlaClock {
  /** `metric#instance`. */
  readonly clock: string;
  readonly metric: SlaMetric;
  readonly targetMs: number;
  readonly policy: string;
  /** The field priority when the policy was applied; undefined for none. */
  readonly priority: string | undefined;
  readonly hours: SlaHours;
  /** The calendar of business hours; undefined where every hour counts. */
  readonly calendar: string | undefined;
  readonly state: 'running' | 'paused' | 'fulfilled' | 'cancelled';
  /** What had passed of the target at `since`, in its hours. */
  readonly elapsedMs: number;
  /** When the clock last started, paused, went on or ended. */
  readonly since: EpochMs;
  /** When the target runs out; undefined unless it runs. */
  readonly dueAt: EpochMs | undefined;
  readonly breached: boolean;
}

/** A ticket's clocks: the last one of each metric, so there are never more than there are metrics. */
export type SlaClocks = readonly SlaClock[];

/** What becomes of a metric while a ticket is in a category. */
export type SlaPhase = 'runs' | 'pauses' | 'ends' | 'is cancelled';

export function slaPhase(metric: SlaMetric, category: Category): SlaPhase {
  if (category === 'cancelled') return 'is cancelled';
  if (!isUnresolved(category)) return 'ends';
  if (category === 'pending' && (metric === 'requester_wait' || metric === 'agent_work')) return 'pauses';
  return category === 'hold' && metric === 'agent_work' ? 'pauses' : 'runs';
}

export function isActive({ state }: SlaClock): boolean {
  return state === 'running' || state === 'paused';
}

/** Whether a running clock has run out by then, and nobody has said so yet. */
export function isBreachDue({ state, dueAt, breached }: SlaClock, at: EpochMs): boolean {
  return state === 'running' && !breached && dueAt !== undefined && at >= dueAt;
}

export function clockOf(clocks: SlaClocks | undefined, metric: SlaMetric): SlaClock | undefined {
  return clocks?.find((each) => each.metric === metric);
}

/** The number of a clock among those of its metric, from 1. */
export function instanceOf({ clock }: SlaClock): number {
  return Number(clock.slice(clock.indexOf('#') + 1));
}

/** Events of clocks: they follow from other events, and change nothing but clocks. */
const slaTypes = {
  SlaStarted: true,
  SlaPaused: true,
  SlaResumed: true,
  SlaBreached: true,
  SlaFulfilled: true,
  SlaCancelled: true,
} as const;
export type SlaEventType = keyof typeof slaTypes;

export function isSlaEvent<E extends { readonly type: string }>(
  event: E,
): event is Extract<E, { readonly type: SlaEventType }> {
  return Object.hasOwn(slaTypes, event.type);
}

type Data<T extends SlaEventType> = EventOf<T>['data'];

/** The clocks with a new one, in the place of the last one of its metric. */
export function withStarted(clocks: SlaClocks | undefined, data: Data<'SlaStarted'>, at: EpochMs): SlaClocks {
  const { clock, metric, targetMs, policy, priority, hours, calendar, dueAt } = data;
  const since = Math.max(at, clockOf(clocks, metric)?.since ?? at);
  const elapsedMs = data.elapsedMs ?? 0;
  const terms = { clock, metric, targetMs, policy, priority, hours, calendar };
  const started: SlaClock = { ...terms, state: 'running', elapsedMs, since, dueAt, breached: false };
  return [...(clocks ?? []).filter((each) => each.metric !== metric), started];
}

export function withPaused(clocks: SlaClocks | undefined, data: Data<'SlaPaused'>, at: EpochMs): SlaClocks {
  return changed(clocks, data.clock, (clock) => {
    const elapsedMs = clock.targetMs - data.remainingMs;
    return { ...clock, state: 'paused', elapsedMs, since: Math.max(clock.since, at), dueAt: undefined };
  });
}

export function withResumed(clocks: SlaClocks | undefined, data: Data<'SlaResumed'>, at: EpochMs): SlaClocks {
  return changed(clocks, data.clock, (clock) => {
    return { ...clock, state: 'running', since: Math.max(clock.since, at), dueAt: data.dueAt };
  });
}

export function withBreached(clocks: SlaClocks | undefined, data: Data<'SlaBreached'>): SlaClocks {
  return changed(clocks, data.clock, (clock) => ({ ...clock, breached: true }));
}

export function withFulfilled(
  clocks: SlaClocks | undefined,
  data: Data<'SlaFulfilled'>,
  at: EpochMs,
): SlaClocks {
  return changed(clocks, data.clock, (clock) => {
    const since = Math.max(clock.since, at);
    return { ...clock, state: 'fulfilled', elapsedMs: data.elapsedMs, since, dueAt: undefined };
  });
}

export function withCancelled(
  clocks: SlaClocks | undefined,
  data: Data<'SlaCancelled'>,
  at: EpochMs,
): SlaClocks {
  return changed(clocks, data.clock, (clock) => {
    return { ...clock, state: 'cancelled', since: Math.max(clock.since, at), dueAt: undefined };
  });
}

/** A clock that is not there is not missed: a state never fails on a history that the log has accepted. */
function changed(
  clocks: SlaClocks | undefined,
  id: string,
  change: (clock: SlaClock) => SlaClock,
): SlaClocks {
  return (clocks ?? []).map((each) => (each.clock === id ? change(each) : each));
}
