/**
 * Business hours against a slow recount, minute by minute, of what the clock on the wall shows; and the laws
 * that every calendar must keep, over calendars and times made up at random.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarsOf } from '../../../domain/metrics/calendar-settings.ts';
import { type Calendar, roundTheClock } from '../../../domain/metrics/calendars.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

type Hours = readonly (readonly [string, string])[];
interface Written {
  readonly timeZone: string;
  readonly holidays: readonly string[];
  readonly schedules: readonly { readonly from: string; readonly hours: Readonly<Record<string, Hours>> }[];
}

const office: Hours = [['09:00', '17:00']];
const workdays = { monday: office, tuesday: office, wednesday: office, thursday: office, friday: office };
const names = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const everyDay = (hours: Hours) => Object.fromEntries(names.map((name) => [name, hours]));

function calendar(written: Partial<Written>): Calendar {
  const holidays = written.holidays ?? [];
  const schedules = written.schedules ?? [{ from: '2016-01-01', hours: workdays }];
  const calendars = [{ name: 'test', timeZone: written.timeZone ?? 'UTC', holidays, schedules }];
  return calendarsOf({ default: 'test', calendars }).of(undefined);
}

/** Minutes at whose beginning the clock on the wall is within the hours. Shares no code with the product. */
function recounted(written: Written, from: number, to: number): number {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: written.timeZone,
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  let ms = 0;
  for (let at = from; at < to; at += minute) {
    const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const date = `${shown.get('year')}-${shown.get('month')}-${shown.get('day')}`;
    const time = `${shown.get('hour')}:${shown.get('minute')}`;
    const inForce = written.schedules.filter((each) => each.from <= date).at(-1) ?? written.schedules[0];
    const hours = inForce?.hours[shown.get('weekday')?.toLowerCase() ?? ''] ?? [];
    const open = hours.some(([begin, end]) => begin <= time && time < end);
    if (open && !written.holidays.includes(date)) ms += minute;
  }
  return ms;
}

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Australia/Lord_Howe',
];
const clockTime = fc.integer({ min: 0, max: 96 }).map((quarter) => {
  const hours = String(Math.floor(quarter / 4)).padStart(2, '0');
  return `${hours}:${String((quarter % 4) * 15).padStart(2, '0')}`;
});
const hoursOfDay = fc.uniqueArray(clockTime, { minLength: 2, maxLength: 4 }).map((times): Hours => {
  const sorted = [...times].sort();
  const pairs: (readonly [string, string])[] = [];
  for (let index = 0; index + 1 < sorted.length; index += 2) {
    pairs.push([sorted[index] ?? '', sorted[index + 1] ?? '']);
  }
  return pairs;
});
const week = fc
  .array(fc.tuple(fc.constantFrom(...names), hoursOfDay), { minLength: 1, maxLength: 7 })
  .map((days) => Object.fromEntries(days));
const written: fc.Arbitrary<Written> = fc.record({
  timeZone: fc.constantFrom(...zones),
  holidays: fc.subarray(['2020-03-29', '2020-10-25', '2020-11-01', '2020-12-25', '2021-01-01', '2020-07-04']),
  schedules: fc.tuple(week, week).map(([before, after]) => [
    { from: '2020-01-01', hours: before },
    { from: '2020-11-01', hours: after },
  ]),
});
const within = { min: Date.UTC(2019, 11, 1) / minute, max: Date.UTC(2021, 1, 1) / minute };
const wholeMinute = fc.integer(within).map((minutes) => minutes * minute);
/** Years are worked out when they are first asked for: one calendar for far times, made once. */
const nearTime = fc.integer({ min: Date.UTC(2019, 6, 1), max: Date.UTC(2021, 6, 1) });
const anyTime = fc.integer({ min: -1e14, max: 9e12 });
const berlin = calendar({ timeZone: 'Europe/Berlin', holidays: ['2020-12-25'] });
const calendarAndTimes = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(written.map(calendar), nearTime, nearTime, nearTime) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(berlin), anyTime, anyTime, nearTime) },
);

describe('business hours', () => {
  it.each<[string, Partial<Written>, string, string, number]>([
    ['a day of eight hours', {}, '2020-03-02T00:00Z', '2020-03-03T00:00Z', 8 * hour],
    ['no hours on a weekend', {}, '2020-03-07T00:00Z', '2020-03-09T00:00Z', 0],
    ['from within to within', {}, '2020-03-06T16:00Z', '2020-03-09T10:30Z', 2.5 * hour],
    ['over a year’s end', {}, '2020-12-31T16:30Z', '2021-01-01T09:30Z', hour],
    [
      'over several years, 262 workdays each',
      {},
      '2020-01-01T00:00Z',
      '2022-01-01T00:00Z',
      (262 + 261) * 8 * hour,
    ],
    ['not on a holiday', { holidays: ['2020-03-02'] }, '2020-03-02T00:00Z', '2020-03-04T00:00Z', 8 * hour],
    ['nothing backwards', {}, '2020-03-03T12:00Z', '2020-03-02T12:00Z', 0],
    ['by the zone’s clock', { timeZone: 'Asia/Kolkata' }, '2020-03-02T03:00Z', '2020-03-02T04:30Z', hour],
  ])('count %s', (_, settings, from, to, expected) => {
    expect(calendar(settings).businessMs(Date.parse(from), Date.parse(to))).toBe(expected);
  });

  it.each<[string, string, Hours, string, number]>([
    ['leave out the hour that Berlin skips', 'Europe/Berlin', [['01:00', '05:00']], '2020-03-29', 3 * hour],
    [
      'count twice the hour that Berlin repeats',
      'Europe/Berlin',
      [['01:00', '05:00']],
      '2020-10-25',
      5 * hour,
    ],
    ['leave out the hour that New York skips', 'America/New_York', [['02:00', '03:00']], '2020-03-08', 0],
    ['count twice half an hour of New York’s', 'America/New_York', [['01:30', '02:00']], '2020-11-01', hour],
    ['know no Friday that Samoa never had', 'Pacific/Apia', [['09:00', '17:00']], '2011-12-30', 0],
  ])('%s', (_, timeZone, hours, date, expected) => {
    const each = { timeZone, schedules: [{ from: '2010-01-01', hours: everyDay(hours) }] };
    const noon = Date.parse(`${date}T12:00Z`);
    const around = calendar(each).businessMs(noon - 2 * day, noon + 2 * day);
    const without = { ...each, holidays: [date] };
    expect(around - calendar(without).businessMs(noon - 2 * day, noon + 2 * day)).toBe(expected);
  });

  it('change with the schedule in force, and the first one also holds before its day', () => {
    const schedules = [
      { from: '2020-03-03', hours: everyDay([['09:00', '10:00']]) },
      { from: '2020-03-05', hours: everyDay([['09:00', '13:00']]) },
    ];
    const test = calendar({ schedules });
    const perDay = [1, 2, 3, 4, 5, 6].map((date) =>
      test.businessMs(Date.UTC(2020, 2, date), Date.UTC(2020, 2, date + 1)),
    );
    expect(perDay).toEqual([hour, hour, hour, hour, 4 * hour, 4 * hour]);
  });

  it('are what a slow recount by the clock on the wall says', () => {
    fc.assert(
      fc.property(written, wholeMinute, fc.integer({ min: 0, max: 4_000 }), (settings, from, minutes) => {
        const to = from + minutes * minute;
        expect(calendar(settings).businessMs(from, to)).toBe(recounted(settings, from, to));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['Europe/Berlin', '2020-03-28', '2020-03-31'],
    ['Europe/Berlin', '2020-10-24', '2020-10-27'],
    ['America/New_York', '2020-03-07', '2020-03-10'],
    ['America/New_York', '2020-10-31', '2020-11-03'],
  ])('are what a slow recount says where the clocks change: %s from %s', (timeZone, from, to) => {
    const schedules = [
      {
        from: '2020-01-01',
        hours: everyDay([
          ['00:30', '02:15'],
          ['02:45', '24:00'],
        ]),
      },
    ];
    const settings = { timeZone, holidays: [], schedules };
    const [begin, end] = [Date.parse(from), Date.parse(to)];
    expect(calendar(settings).businessMs(begin, end)).toBe(recounted(settings, begin, end));
  });
});

describe('every calendar', () => {
  it('adds up: two neighbouring intervals make one', () => {
    fc.assert(
      fc.property(calendarAndTimes, ([test, ...times]) => {
        const [a = 0, b = 0, c = 0] = times.sort((left, right) => left - right);
        expect(test.businessMs(a, b) + test.businessMs(b, c)).toBe(test.businessMs(a, c));
      }),
    );
  });

  it('never counts more than the time that passed', () => {
    fc.assert(
      fc.property(calendarAndTimes, ([test, from, to]) => {
        const ms = test.businessMs(from, to);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(roundTheClock.businessMs(from, to));
      }),
    );
  });

  it('finds the earliest time by which so much has passed', () => {
    fc.assert(
      fc.property(calendarAndTimes, fc.integer({ min: 0, max: 400 * day }), ([test, from], ms) => {
        const to = test.addBusinessMs(from, ms);
        expect(test.businessMs(from, to)).toBe(ms);
        if (ms > 0) expect(test.businessMs(from, to - 1)).toBe(ms - 1);
        else expect(to).toBe(from);
      }),
    );
  });

  it.each([
    ['2020-03-02T09:00Z', 8 * hour, '2020-03-02T17:00Z'],
    ['2020-03-02T09:00Z', 8 * hour + 1, '2020-03-03T09:00:00.001Z'],
    ['2020-03-06T18:00Z', hour, '2020-03-09T10:00Z'],
    ['2020-03-06T12:00Z', 40 * hour, '2020-03-13T12:00Z'],
    ['2020-12-31T09:00Z', 8 * hour, '2020-12-31T17:00Z'],
    ['2020-12-31T09:00Z', 16 * hour, '2021-01-01T17:00Z'],
  ])('finds the end of a span that begins at %s and takes %d ms', (from, ms, end) => {
    expect(calendar({}).addBusinessMs(Date.parse(from), ms)).toBe(Date.parse(end));
  });

  it('counts all of the time outside the years 1970 to 2200', () => {
    const test = calendar({});
    const [early, late] = [Date.UTC(1960, 0, 1), Date.UTC(2300, 0, 1)];
    expect(test.businessMs(early, early + day)).toBe(day);
    expect(test.businessMs(late, late + day)).toBe(day);
    expect(test.addBusinessMs(late, day)).toBe(late + day);
    expect(test.businessMs(Date.UTC(1969, 11, 31), Date.UTC(1970, 0, 2))).toBe(day + 8 * hour);
    expect(test.businessMs(Date.UTC(2200, 11, 31), Date.UTC(2201, 0, 2))).toBe(8 * hour + day);
    const from = Date.UTC(2200, 11, 31, 16);
    expect(test.addBusinessMs(from, 2 * hour)).toBe(Date.UTC(2201, 0, 1, 1));
  });
});
