/**
 * A calendar of business hours: a moment counts when the clock on the wall, in the calendar's zone, shows a
 * time within the hours of its weekday, and the day is no holiday. Where the clock is put forward, the hour
 * that it leaves out does not count; where it is put back, the hour that it shows twice counts twice.
 *
 * The hours of a year are worked out once, when they are first asked for, and summed up, so that a look-up is
 * a step or two. Years outside 1970 to 2200 have no hours of their own: all of their time counts, so that
 * odd times in imported histories cost nothing and never fail.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Calendar } from './calendars.ts';
import { WallClock } from './wall-clock.ts';

export const firstBusinessYear = 1970;
export const lastBusinessYear = 2200;

/** Hours of a day, from and to, in milliseconds since midnight by the clock on the wall. */
export type DayHours = readonly (readonly [fromMs: number, toMs: number])[];

/** Hours that hold from a day on, until the next schedule. The first one also holds before its day. */
export interface Schedule {
  /** Days since 1970-01-01. */
  readonly fromDay: number;
  /** By weekday, Sunday first; in order, without overlaps. */
  readonly week: readonly DayHours[];
}

export interface BusinessHours {
  readonly name: string;
  readonly timeZone: string;
  /** Days since 1970-01-01. */
  readonly holidays: ReadonlySet<number>;
  /** At least one, in order of their first days. */
  readonly schedules: readonly Schedule[];
}

/** The business hours of one year, in order. */
interface BusinessYear {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Business milliseconds of the year before each start. */
  readonly before: Float64Array;
  readonly firstMs: EpochMs;
  /** For each day of the year in UTC, the last hours that begin before it, by index; -1 where none do. */
  readonly lastBeforeDay: Int32Array;
  readonly totalMs: number;
}

const dayMs = 86_400_000;
const daysPerYearMax = 366;
const meanYearMs = 31_556_952_000;
const yearStarts = Float64Array.from({ length: lastBusinessYear - firstBusinessYear + 2 }, (_, index) =>
  Date.UTC(firstBusinessYear + index, 0, 1),
);
const beginMs = yearStarts[0] ?? 0;
const endMs = yearStarts.at(-1) ?? 0;
const sunday = 4;

export class BusinessCalendar implements Calendar {
  readonly name: string;
  readonly #hours: BusinessHours;
  readonly #wallClock: WallClock;
  readonly #years: (BusinessYear | undefined)[] = [];

  /** Throws `RangeError` for a time zone that nobody knows. */
  constructor(hours: BusinessHours) {
    this.name = hours.name;
    this.#hours = hours;
    this.#wallClock = new WallClock(hours.timeZone);
  }

  businessMs(from: EpochMs, to: EpochMs): number {
    if (to <= from) return 0;
    if (from < beginMs || to > endMs) return this.#beyondYears(from, to);
    const first = yearIndex(from);
    const last = yearIndex(to);
    let ms = passed(this.#year(last), to) - passed(this.#year(first), from);
    for (let index = first; index < last; index += 1) ms += this.#year(index).totalMs;
    return ms;
  }

  addBusinessMs(from: EpochMs, ms: number): EpochMs {
    if (ms <= 0) return from;
    if (from >= endMs) return from + ms;
    if (from < beginMs) {
      const uncounted = beginMs - from;
      return ms <= uncounted ? from + ms : this.addBusinessMs(beginMs, ms - uncounted);
    }
    let index = yearIndex(from);
    let year = this.#year(index);
    let target = passed(year, from) + ms;
    while (target > year.totalMs) {
      target -= year.totalMs;
      index += 1;
      if (index >= yearStarts.length - 1) return endMs + target;
      year = this.#year(index);
    }
    return reached(year, target);
  }

  #beyondYears(from: EpochMs, to: EpochMs): number {
    const before = Math.max(0, Math.min(to, beginMs) - from);
    const after = Math.max(0, to - Math.max(from, endMs));
    return before + this.businessMs(Math.max(from, beginMs), Math.min(to, endMs)) + after;
  }

  #year(index: number): BusinessYear {
    const known = this.#years[index];
    if (known !== undefined) return known;
    const from = yearStarts[index] ?? 0;
    const year = businessYear(from, this.#intervals(from, yearStarts[index + 1] ?? 0));
    this.#years[index] = year;
    return year;
  }

  /** Starts and ends in turn, in order. */
  #intervals(from: EpochMs, to: EpochMs): readonly number[] {
    const intervals: number[] = [];
    const { holidays } = this.#hours;
    for (const span of this.#wallClock.spans(from, to)) {
      const firstDay = Math.floor((span.from + span.offsetMs) / dayMs);
      const lastDay = Math.floor((span.to - 1 + span.offsetMs) / dayMs);
      for (let day = firstDay; day <= lastDay; day += 1) {
        if (holidays.has(day)) continue;
        const midnight = day * dayMs - span.offsetMs;
        for (const [begin, end] of this.#hoursOf(day)) {
          const start = Math.max(span.from, midnight + begin);
          const stop = Math.min(span.to, midnight + end);
          if (stop > start) intervals.push(start, stop);
        }
      }
    }
    return intervals;
  }

  #hoursOf(day: number): DayHours {
    const { schedules } = this.#hours;
    const schedule = schedules.findLast(({ fromDay }) => fromDay <= day) ?? schedules[0];
    return schedule?.week[(((day + sunday) % 7) + 7) % 7] ?? [];
  }
}

function businessYear(firstMs: EpochMs, intervals: readonly number[]): BusinessYear {
  const count = intervals.length / 2;
  const starts = new Float64Array(count);
  const ends = new Float64Array(count);
  const before = new Float64Array(count);
  let totalMs = 0;
  for (let index = 0; index < count; index += 1) {
    const start = intervals[2 * index] ?? 0;
    const end = intervals[2 * index + 1] ?? 0;
    starts[index] = start;
    ends[index] = end;
    before[index] = totalMs;
    totalMs += end - start;
  }
  const lastBeforeDay = new Int32Array(daysPerYearMax + 1);
  let begun = 0;
  for (let day = 0; day <= daysPerYearMax; day += 1) {
    while (begun < count && (starts[begun] ?? 0) < firstMs + day * dayMs) begun += 1;
    lastBeforeDay[day] = begun - 1;
  }
  return { starts, ends, before, firstMs, lastBeforeDay, totalMs };
}

/** The year that a time falls into, counted from the first; the end of the last one belongs to it. */
function yearIndex(at: EpochMs): number {
  const last = yearStarts.length - 2;
  const guess = Math.min(last, Math.floor(at / meanYearMs));
  if (at < (yearStarts[guess] ?? 0)) return guess - 1;
  return guess < last && at >= (yearStarts[guess + 1] ?? 0) ? guess + 1 : guess;
}

/** Business milliseconds of the year up to a time in it. */
function passed({ starts, ends, before, firstMs, lastBeforeDay }: BusinessYear, at: EpochMs): number {
  let index = lastBeforeDay[Math.floor((at - firstMs) / dayMs)] ?? -1;
  while (index + 1 < starts.length && (starts[index + 1] ?? 0) <= at) index += 1;
  if (index < 0) return 0;
  return (before[index] ?? 0) + Math.min(at, ends[index] ?? 0) - (starts[index] ?? 0);
}

/** The earliest time in the year by which so many business milliseconds, at least one, have passed. */
function reached({ starts, before }: BusinessYear, ms: number): EpochMs {
  // Of the hours that begin before so much has passed, the last are those in which it passes.
  let low = 0;
  let high = before.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((before[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return (starts[low - 1] ?? 0) + ms - (before[low - 1] ?? 0);
}
