/**
 * Business calendars as people write them down: time zones, weekly hours, holidays, and which group follows
 * which calendar. Bad settings are refused as a whole, with the place of each mistake and what would be
 * right: a calendar that is half understood would give figures that nobody can check.
 */
import { z } from 'zod';
import { Fault } from '../errors.ts';
import { nameSchema } from '../ticket/values.ts';
import { BusinessCalendar, type DayHours, type Schedule } from './business-calendar.ts';
import { type Calendar, type Calendars, roundTheClock } from './calendars.ts';

export const calendarCountMax = 1_000;
export const scheduleCountMax = 1_000;
export const holidayCountMax = 20_000;
export const hoursPerDayCountMax = 48;

const dayMs = 86_400_000;
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

const clockTimeSchema = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time of day such as 09:00, from 00:00 to 24:00');

const openHoursSchema = z
  .tuple([clockTimeSchema, clockTimeSchema])
  .refine(
    ([from, to]) => from < to,
    'hours must end after they begin; hours over midnight are split into two days, up to 24:00 and from 00:00',
  );

const dayHoursSchema = z
  .array(openHoursSchema)
  .max(hoursPerDayCountMax)
  .refine(
    (hours) => hours.every(([from], index) => index === 0 || from >= (hours[index - 1]?.[1] ?? '')),
    'the hours of a day must be in order and must not overlap',
  );

const weekShape: Record<(typeof weekdays)[number], z.ZodOptional<typeof dayHoursSchema>> = {
  sunday: dayHoursSchema.optional(),
  monday: dayHoursSchema.optional(),
  tuesday: dayHoursSchema.optional(),
  wednesday: dayHoursSchema.optional(),
  thursday: dayHoursSchema.optional(),
  friday: dayHoursSchema.optional(),
  saturday: dayHoursSchema.optional(),
};

const scheduleSchema = z.strictObject({
  /** The first day, in the calendar's zone, on which these hours hold. */
  from: z.iso.date(),
  hours: z
    .strictObject(weekShape)
    .refine(
      (week) => Object.values(week).some((hours) => hours !== undefined && hours.length > 0),
      'at least one day needs hours',
    ),
});

const calendarSchema = z.strictObject({
  name: nameSchema.refine((name) => name !== roundTheClock.name, `${roundTheClock.name} is built in`),
  timeZone: z.string().refine(isTimeZone, 'a time zone such as Europe/Berlin'),
  holidays: z.array(z.iso.date()).max(holidayCountMax).default([]),
  schedules: z
    .array(scheduleSchema)
    .min(1)
    .max(scheduleCountMax)
    .refine(
      (schedules) =>
        schedules.every(({ from }, index) => index === 0 || from > (schedules[index - 1]?.from ?? '')),
      'schedules must be in order of their first days, each later than the one before',
    ),
});

const settingsSchema = z
  .strictObject({
    /** The calendar of groups that have none of their own; where it is absent, every hour counts for them. */
    default: nameSchema.optional(),
    calendars: z.array(calendarSchema).max(calendarCountMax).default([]),
    groups: z.record(nameSchema, nameSchema).default({}),
  })
  .superRefine(({ default: standard, calendars, groups }, context) => {
    const names = new Set<string>([roundTheClock.name]);
    for (const [index, { name }] of calendars.entries()) {
      if (names.has(name)) {
        context.addIssue({
          code: 'custom',
          path: ['calendars', index, 'name'],
          message: `${name} is there already`,
        });
      }
      names.add(name);
    }
    const known = [...names].join(', ');
    const unknown = (name: string, path: readonly string[]) => {
      if (!names.has(name)) {
        context.addIssue({
          code: 'custom',
          path: [...path],
          message: `there is no calendar ${name}; known are ${known}`,
        });
      }
    };
    if (standard !== undefined) unknown(standard, ['default']);
    for (const [group, name] of Object.entries(groups)) unknown(name, ['groups', group]);
  });

type CalendarSettings = z.infer<typeof calendarSchema>;

/**
 * The calendars that settings describe. Throws `Fault('input_unreadable')` that names the place of each
 * mistake, such as `calendars[0].schedules[1].hours.monday[0]`.
 */
export function calendarsOf(settings: unknown): Calendars {
  const parsed = settingsSchema.safeParse(settings);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `- ${placeOf(path)}: ${message}`);
    throw new Fault('input_unreadable', `these are no calendars:\n${problems.join('\n')}`);
  }
  const { default: standard, calendars, groups } = parsed.data;
  const byName = new Map<string, Calendar>([[roundTheClock.name, roundTheClock]]);
  for (const each of calendars) byName.set(each.name, compiled(each));
  const byGroup = new Map(
    Object.entries(groups).map(([group, name]) => [group, byName.get(name) ?? roundTheClock]),
  );
  const forOthers = byName.get(standard ?? roundTheClock.name) ?? roundTheClock;
  return {
    of: (group) => (group === undefined ? forOthers : (byGroup.get(group) ?? forOthers)),
    find: (name) => byName.get(name),
    definition: JSON.stringify(inOrder(parsed.data)),
  };
}

function compiled({ name, timeZone, holidays, schedules }: CalendarSettings): Calendar {
  return new BusinessCalendar({
    name,
    timeZone,
    holidays: new Set(holidays.map(dayOf)),
    schedules: schedules.map(scheduleOf),
  });
}

function scheduleOf({ from, hours }: CalendarSettings['schedules'][number]): Schedule {
  return { fromDay: dayOf(from), week: weekdays.map((weekday) => (hours[weekday] ?? []).map(openHoursOf)) };
}

function openHoursOf([from, to]: readonly [string, string]): DayHours[number] {
  return [msOf(from), msOf(to)];
}

function msOf(clockTime: string): number {
  return (Number(clockTime.slice(0, 2)) * 60 + Number(clockTime.slice(3))) * 60_000;
}

function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / dayMs;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

function placeOf(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return place === '' ? 'the whole' : place.replace(/^\./, '');
}

/** With the keys of every object in order, so that it makes no difference in which they were written. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, inOrder(item)]));
}
