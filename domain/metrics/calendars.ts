/**
 * Which hours count as business time. A calendar turns two instants into the business time between them; a
 * ticket follows the calendar of the group that has it. It must never ask a clock.
 */
import type { EpochMs } from '../ticket/values.ts';

export interface Calendar {
  readonly name: string;
  /** Business milliseconds from one instant to another; 0 where `to` is not later. */
  businessMs(from: EpochMs, to: EpochMs): number;
  /** The earliest instant by which so many business milliseconds have passed since `from`. */
  addBusinessMs(from: EpochMs, ms: number): EpochMs;
}

export interface Calendars {
  /** The calendar of a group; the default one for groups that have none of their own, and for no group. */
  of(group: string | undefined): Calendar;
  find(name: string): Calendar | undefined;
  /** The whole definition as canonical JSON: two that are equal give the same business times. */
  readonly definition: string;
}

/** Every hour of every day counts. */
export const roundTheClock: Calendar = {
  name: 'round-the-clock',
  businessMs: (from, to) => Math.max(0, to - from),
  addBusinessMs: (from, ms) => from + ms,
};

/** Where nobody has said which hours count. */
export const everyHourCounts: Calendars = {
  of: () => roundTheClock,
  find: (name) => (name === roundTheClock.name ? roundTheClock : undefined),
  definition: '{}',
};
