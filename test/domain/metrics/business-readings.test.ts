/**
 * The example of dbt_zendesk's decision log: ticket 941606, created on 29 September 2020 under the schedule
 * "Level 1 Chicago", moved to "Level 2 San Francisco" a day later, and answered 21 seconds after that.
 *
 * Its arithmetic rounds: 17:01:38 became minute 3902 of the week, 19:01:25 became 5461.25 and 19:01:46 became
 * 5461.46. The published 959.46 and 689.46 minutes belong to those instants; to the second it is 960.13 and
 * 690.13. Both are kept here.
 */
import { describe, expect, it } from 'vitest';
import {
  type CalendarInForce,
  cumulativeBusinessMs,
  lastCalendarBusinessMs,
} from '../../../domain/metrics/business-readings.ts';
import { calendarsOf } from '../../../domain/metrics/calendar-settings.ts';
import { type Line, timeline } from './timelines.ts';

const minute = 60_000;
const levelOne = [['07:00', '21:00']];
const levelTwo = [['08:00', '17:30']];
const calendars = calendarsOf({
  default: 'Level 1 Chicago',
  calendars: [
    {
      name: 'Level 1 Chicago',
      timeZone: 'America/Chicago',
      schedules: [
        {
          from: '2020-01-01',
          hours: {
            sunday: levelOne,
            monday: levelOne,
            tuesday: levelOne,
            wednesday: levelOne,
            thursday: levelOne,
            friday: levelOne,
            saturday: levelOne,
          },
        },
      ],
    },
    {
      name: 'Level 2 San Francisco',
      timeZone: 'America/Los_Angeles',
      schedules: [
        {
          from: '2020-01-01',
          hours: {
            monday: levelTwo,
            tuesday: levelTwo,
            wednesday: levelTwo,
            thursday: levelTwo,
            friday: levelTwo,
          },
        },
      ],
    },
  ],
  groups: { 'Level 2': 'Level 2 San Francisco' },
});

const sunday = Date.UTC(2020, 8, 27);
const published = [sunday + 3_902 * minute, sunday + 5_461.25 * minute, sunday + 5_461.46 * minute] as const;
const exact = ['2020-09-29T17:01:38Z', '2020-09-30T19:01:25Z', '2020-09-30T19:01:46Z'].map(Date.parse);

function inForce(created: number, moved: number): readonly CalendarInForce[] {
  return [
    { since: created, calendar: calendars.of(undefined) },
    { since: moved, calendar: calendars.of('Level 2') },
  ];
}

describe('a first reply under two schedules', () => {
  it('took 959.46 minutes by the schedules in force, and 689.46 by the last one', () => {
    const [created, moved, replied] = published;
    expect(cumulativeBusinessMs(inForce(created, moved), created, replied)).toBe(959.46 * minute);
    expect(lastCalendarBusinessMs(inForce(created, moved), created, replied)).toBe(689.46 * minute);
  });

  it('took 960 minutes 8 seconds, or 690 minutes 8 seconds, by the instants of its comments', () => {
    const [created = 0, moved = 0, replied = 0] = exact;
    expect(cumulativeBusinessMs(inForce(created, moved), created, replied)).toBe((960 * 60 + 8) * 1_000);
    expect(lastCalendarBusinessMs(inForce(created, moved), created, replied)).toBe((690 * 60 + 8) * 1_000);
  });

  it.each([
    ['as published', published, 959.46 * minute],
    ['to the second', exact, (960 * 60 + 8) * 1_000],
  ])('is counted cumulatively by the fold, %s', (_, [created = 0, moved = 0, replied = 0], expected) => {
    const lines: readonly Line[] = [
      [created, 'new', { type: 'TicketOpened', data: {} }, 'requester'],
      [moved, 'new', { type: 'TicketQueued', data: { group: 'Level 2' } }],
      [replied, 'new', { type: 'CommentAdded', data: { body: 'Hello.', public: true } }],
    ];
    const { replies } = timeline(lines, calendars);
    expect(replies).toMatchObject({
      firstReplyMs: replied - created,
      firstReplyBusinessMs: expected,
    });
  });
});
