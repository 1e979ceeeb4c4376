/**
 * Two calendars of business hours, each said twice: as the settings that the product takes, and as rows of
 * plain SQL, one for every day with hours, cut out of the time zones by PostgreSQL's own rules.
 */
import { calendarsOf } from '../../domain/metrics/calendar-settings.ts';
import type { Database } from '../../projections/sql.ts';

const week = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const office = {
  timeZone: 'Europe/Lisbon',
  days: [1, 2, 3, 4, 5],
  hours: [['09:00', '17:00']],
  holidays: ['2016-03-25', '2016-04-25', '2016-05-26', '2016-06-10', '2016-12-01', '2016-12-26'],
} as const;
/** Works over the hours at which São Paulo puts its clocks forward and back. */
const night = {
  timeZone: 'America/Sao_Paulo',
  days: [0, 1, 2, 3, 4, 5, 6],
  hours: [
    ['00:00', '06:00'],
    ['22:00', '24:00'],
  ],
  holidays: ['2016-03-27', '2016-12-25'],
} as const;
type Hours = typeof office | typeof night;

/** The group of the incidents that works at night; all others keep office hours. */
export const nightGroup = 'Group 70';

export const calendars = calendarsOf({
  default: 'office',
  calendars: [settingsOf('office', office), settingsOf('night', night)],
  groups: { [nightGroup]: 'night' },
});

function settingsOf(name: string, { timeZone, days, hours, holidays }: Hours) {
  const byDay = days.map((day) => [week[day], hours]);
  return { name, timeZone, holidays, schedules: [{ from: '2016-01-01', hours: Object.fromEntries(byDay) }] };
}

/** Makes `source.business_hours`. */
export async function tellBusinessHours(database: Database): Promise<void> {
  await database.execute(`CREATE TABLE source.business_hours AS
${[hoursOf('office', office), hoursOf('night', night)].join('\nUNION ALL\n')}`);
  await database.execute('CREATE INDEX ON source.business_hours (calendar, begun_at)');
  await database.execute('ANALYZE source.business_hours');
}

/** Business milliseconds from `at` to `ended_at` of a row with a group `grp`, hours after hours; as SQL. */
export const businessMs = `(SELECT coalesce(sum(extract(epoch FROM
    least(hours.ended_at, piece.ended_at) - greatest(hours.begun_at, piece.at)) * 1000), 0)::bigint
  FROM source.business_hours AS hours
  WHERE calendar = CASE WHEN piece.grp = '${nightGroup}' THEN 'night' ELSE 'office' END
    AND hours.begun_at < piece.ended_at AND hours.begun_at > piece.at - interval '1 day'
    AND hours.ended_at > piece.at)`;

function hoursOf(name: string, { timeZone, days, hours, holidays }: Hours): string {
  const ranges = hours.map(([from, to]) => `(interval '${from}', interval '${to}')`);
  return `SELECT '${name}' AS calendar, (day + opens) AT TIME ZONE '${timeZone}' AS begun_at,
  (day + closes) AT TIME ZONE '${timeZone}' AS ended_at
FROM generate_series(timestamp '2016-02-01', '2026-12-31', interval '1 day') AS day,
  (VALUES ${ranges.join(', ')}) AS hours (opens, closes)
WHERE extract(dow FROM day) IN (${days.join(', ')})
  AND day::date NOT IN (${holidays.map((day) => `date '${day}'`).join(', ')})`;
}
