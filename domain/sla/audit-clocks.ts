/**
 * Whether a clock event can be what it says, from the ticket before it alone: it changes no state, and does
 * to a clock what that clock allows. It asks neither policies nor calendars, which were those of the day.
 */
import type { RecordedEvent } from '../ticket/events.ts';
import type { TicketState } from '../ticket/state.ts';
import { clockOf, instanceOf, isActive, type SlaClock, type SlaEventType } from './clock.ts';

export type SlaEvent = Extract<RecordedEvent, { readonly type: SlaEventType }>;

/** What is wrong with the event; `undefined` for a sound one. */
export function slaProblem(before: TicketState, event: SlaEvent): string | undefined {
  if (event.state !== before.state) {
    return `leads from ${before.state} to ${event.state}, but ${event.type} changes no state`;
  }
  if (event.type === 'SlaStarted') return startProblem(before, event);
  const { clock: id } = event.data;
  const clock = before.clocks?.find((each) => each.clock === id);
  if (clock === undefined) return `names SLA clock ${id}, which the ticket does not have`;
  if (!isActive(clock)) return `changes SLA clock ${id}, which is ${clock.state}`;
  const problem = changeProblem(clock, event);
  return problem === undefined ? undefined : `${event.type} on SLA clock ${id}: ${problem}`;
}

function startProblem(before: TicketState, { data }: Extract<SlaEvent, { type: 'SlaStarted' }>) {
  const last = clockOf(before.clocks, data.metric);
  if (last !== undefined && isActive(last))
    return `starts ${data.clock} while ${last.clock} is ${last.state}`;
  const next = `${data.metric}#${last === undefined ? 1 : instanceOf(last) + 1}`;
  return data.clock === next ? undefined : `starts SLA clock ${data.clock}, but ${next} is next`;
}

function changeProblem(
  clock: SlaClock,
  event: Exclude<SlaEvent, { type: 'SlaStarted' }>,
): string | undefined {
  switch (event.type) {
    case 'SlaPaused':
      return clock.state === 'running' ? undefined : 'it does not run';
    case 'SlaResumed':
      return clock.state === 'paused' ? undefined : 'it is not paused';
    case 'SlaBreached':
      if (clock.breached) return 'it was breached before';
      if (event.data.dueAt !== clock.dueAt) return `its deadline is ${clock.dueAt}, not ${event.data.dueAt}`;
      return event.occurredAt === event.data.dueAt ? undefined : 'it is not stamped with its deadline';
    case 'SlaFulfilled':
    case 'SlaCancelled':
      return undefined;
    default:
      return event;
  }
}
