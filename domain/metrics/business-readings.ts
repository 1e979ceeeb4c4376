/**
 * Two readings of one business time, where a ticket moved from one calendar to another on the way. Source:
 * fivetran/dbt_zendesk, DECISIONLOG.md, "Business Time Metrics", whose ticket 941606 took 959.46 minutes by
 * the one and 689.46 by the other. Docket's figures are cumulative; the other reading is here so that a
 * difference to Zendesk's own reports can be shown, not argued about.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Calendar } from './calendars.ts';

/** The calendar that a ticket followed from a time on, until the next. */
export interface CalendarInForce {
  readonly since: EpochMs;
  readonly calendar: Calendar;
}

/** Each calendar counts while it is in force: dbt_zendesk's reading, and Docket's. `inForce` is in order. */
export function cumulativeBusinessMs(
  inForce: readonly CalendarInForce[],
  from: EpochMs,
  to: EpochMs,
): number {
  let ms = 0;
  for (const [index, { since, calendar }] of inForce.entries()) {
    const until = inForce[index + 1]?.since ?? to;
    ms += calendar.businessMs(Math.max(from, since), Math.min(to, until));
  }
  return ms;
}

/** The calendar in force at the end counts for the whole time: Zendesk's reading. 0 where none was. */
export function lastCalendarBusinessMs(
  inForce: readonly CalendarInForce[],
  from: EpochMs,
  to: EpochMs,
): number {
  return inForce.findLast(({ since }) => since <= to)?.calendar.businessMs(from, to) ?? 0;
}
