/** Settings of calendars: which calendar a group follows, and what is told of mistakes. */
import { describe, expect, it } from 'vitest';
import { calendarsOf } from '../../../domain/metrics/calendar-settings.ts';
import { roundTheClock } from '../../../domain/metrics/calendars.ts';

const hours = { monday: [['09:00', '17:00']] };
const schedules = [{ from: '2016-01-01', hours }];
const office = { name: 'office', timeZone: 'Europe/Berlin', schedules };
const night = { name: 'night', timeZone: 'America/New_York', holidays: ['2016-12-25'], schedules };

describe('calendars', () => {
  it('are those of the groups, and the default one for all others', () => {
    const calendars = calendarsOf({
      default: 'office',
      calendars: [office, night],
      groups: { 'Group 70': 'night', always: 'round-the-clock' },
    });
    expect(calendars.of('Group 70').name).toBe('night');
    expect(calendars.of('Group 71').name).toBe('office');
    expect(calendars.of(undefined).name).toBe('office');
    expect(calendars.of('always')).toBe(roundTheClock);
    expect(calendars.of('Group 70')).toBe(calendars.find('night'));
    expect(calendars.find('day')).toBeUndefined();
  });

  it('count every hour where no default is named', () => {
    expect(calendarsOf({ calendars: [office] }).of('anybody')).toBe(roundTheClock);
    expect(calendarsOf({}).of(undefined)).toBe(roundTheClock);
  });

  it('have one definition, however they were written', () => {
    const { name, timeZone } = office;
    const written = calendarsOf({ calendars: [office], default: 'office' });
    const otherwise = calendarsOf({
      default: 'office',
      calendars: [{ schedules, timeZone, name, holidays: [] }],
    });
    expect(otherwise.definition).toBe(written.definition);
    expect(calendarsOf({ calendars: [night], default: 'night' }).definition).not.toBe(written.definition);
  });

  const monday = (open: readonly (readonly string[])[]) => ({
    calendars: [
      office,
      { ...night, schedules: [...schedules, { from: '2017-01-01', hours: { monday: open } }] },
    ],
  });

  it.each<[string, unknown, string]>([
    ['no object', [], 'the whole: '],
    [
      'no such time',
      monday([['9', '17:00']]),
      'calendars[1].schedules[1].hours.monday[0][0]: a time of day such as 09:00',
    ],
    [
      'hours that end first',
      monday([['17:00', '09:00']]),
      'calendars[1].schedules[1].hours.monday[0]: hours must end',
    ],
    [
      'hours that overlap',
      monday([
        ['09:00', '12:00'],
        ['11:00', '13:00'],
      ]),
      'calendars[1].schedules[1].hours.monday: the hours of a day must be in order',
    ],
    ['no hours at all', monday([]), 'calendars[1].schedules[1].hours: at least one day needs hours'],
    [
      'an unknown weekday',
      { calendars: [{ ...office, schedules: [{ from: '2016-01-01', hours: { ...hours, funday: [] } }] }] },
      'funday',
    ],
    [
      'an unknown zone',
      { calendars: [{ ...office, timeZone: 'Europe/Bonn' }] },
      'calendars[0].timeZone: a time zone',
    ],
    ['no such date', { calendars: [{ ...office, holidays: ['2016-02-30'] }] }, 'calendars[0].holidays[0]: '],
    [
      'schedules out of order',
      { calendars: [{ ...office, schedules: [...schedules, ...schedules] }] },
      'calendars[0].schedules: schedules must be in order',
    ],
    ['two of one name', { calendars: [office, office] }, 'calendars[1].name: office is there already'],
    [
      'an unknown default',
      { default: 'noon', calendars: [office] },
      'default: there is no calendar noon; known are round-the-clock, office',
    ],
    [
      'an unknown calendar of a group',
      { groups: { desk: 'noon' } },
      'groups.desk: there is no calendar noon',
    ],
    [
      'the name of the one built in',
      { calendars: [{ ...office, name: 'round-the-clock' }] },
      'calendars[0].name: ',
    ],
  ])('are refused for %s, with its place', (_, settings, message) => {
    expect(() => calendarsOf(settings)).toThrow(message);
    expect(() => calendarsOf(settings)).toThrow(expect.objectContaining({ code: 'input_unreadable' }));
  });
});
