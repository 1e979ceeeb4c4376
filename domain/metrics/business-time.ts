/**
 * Business time of an interval of a ticket: cumulative over the calendars that were in force, each for as
 * long as the ticket belonged to a group that follows it. dbt_zendesk counts so; Zendesk itself takes the
 * last calendar for the whole interval (fivetran/dbt_zendesk, DECISIONLOG.md, "Business Time Metrics";
 * `business-readings.ts` tells the two apart).
 *
 * What earlier calendars counted is carried along for each running interval, so that an interval need not
 * know which calendars it has seen. In histories that run backwards, business time never exceeds the calendar
 * time of the same interval.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Calendar } from './calendars.ts';

/** What was counted of a ticket's running intervals before its present calendar, in milliseconds. */
export interface CarriedTime {
  /** Since when the ticket follows its present calendar. */
  readonly calendarSince: EpochMs;
  /** Since the ticket was opened. */
  readonly sinceOpening: number;
  /** Since it came into its present status. */
  readonly inStatus: number;
  /** Since the requester waits for an answer. */
  readonly unanswered: number;
}

/**
 * Business milliseconds from the beginning of a running interval to `at`; `carried` is the interval's own.
 */
export function businessMsSince(
  begun: EpochMs,
  at: EpochMs,
  calendar: Calendar,
  calendarSince: EpochMs,
  carried: number,
): number {
  if (at <= begun) return 0;
  const ms = carried + calendar.businessMs(Math.max(begun, calendarSince), at);
  return Math.min(ms, at - begun);
}

/** What is carried once the ticket follows another calendar from `at` on. */
export function carryOver(
  before: CarriedTime,
  from: Calendar,
  at: EpochMs,
  running: { readonly statusSince: EpochMs; readonly unansweredSince: EpochMs | undefined },
): CarriedTime {
  const { calendarSince } = before;
  const until = Math.max(calendarSince, at);
  const counted = (begun: EpochMs) => from.businessMs(Math.max(begun, calendarSince), until);
  const { statusSince, unansweredSince } = running;
  return {
    calendarSince: until,
    sinceOpening: before.sinceOpening + counted(calendarSince),
    inStatus: before.inStatus + counted(statusSince),
    unanswered: unansweredSince === undefined ? 0 : before.unanswered + counted(unansweredSince),
  };
}
