/**
 * The folds against a slow recount of whole histories, in calendar and in business time, with groups that
 * follow calendars of their own; and what must hold also when histories run backwards.
 */
import { describe, expect, it } from 'vitest';
import { calendarsOf } from '../../../domain/metrics/calendar-settings.ts';
import { foldTicketMetrics, type TicketMetrics } from '../../../domain/metrics/ticket-metrics.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { randomHistory } from '../../projections/histories.ts';
import { naiveMetrics } from './naive-metrics.ts';

const short = [
  ['00:00', '00:07'],
  ['09:00', '11:30'],
  ['12:00', '17:00'],
];
const late = [['10:20', '23:10']];
const everyDay = (hours: readonly (readonly string[])[]) => ({
  sunday: hours,
  monday: hours,
  tuesday: hours,
  wednesday: hours,
  thursday: hours,
  friday: hours,
  saturday: hours,
});
const calendars = calendarsOf({
  default: 'short',
  calendars: [
    { name: 'short', timeZone: 'Europe/Berlin', schedules: [{ from: '2016-01-01', hours: everyDay(short) }] },
    {
      name: 'late',
      timeZone: 'America/New_York',
      schedules: [{ from: '2016-01-01', hours: everyDay(late) }],
    },
  ],
  groups: { network: 'late', billing: 'round-the-clock' },
});

/** A minute for each of the history's milliseconds, so that tickets live for days. */
function stretched(events: readonly RecordedEvent[], at: (event: RecordedEvent) => number): RecordedEvent[] {
  const begin = events[0]?.recordedAt ?? 0;
  return events.map((event) => ({ ...event, occurredAt: begin + (at(event) - begin) * 60_000 }));
}

function folded(events: readonly RecordedEvent[]): TicketMetrics | undefined {
  let metrics: TicketMetrics | undefined;
  for (const event of events) {
    metrics = foldTicketMetrics(metrics, event, builtInWorkflows.stateOf(event), calendars);
  }
  return metrics;
}

const history = randomHistory({ seed: 21, events: 12_000, liveTickets: 40, eventsPerTicket: 60 });

describe('the figures of a ticket', () => {
  it('are what a slow recount of its whole history says', () => {
    const tickets = Map.groupBy(
      stretched(history, (event) => event.recordedAt),
      (event) => event.ticketId,
    );
    expect(tickets.size).toBeGreaterThan(100);
    for (const events of tickets.values())
      expect(folded(events)).toMatchObject(naiveMetrics(events, calendars));
  });

  it('never count more business time than time, nor more time than passed, in any order of times', () => {
    const backwards = stretched(
      history,
      (event) => event.recordedAt + ((event.position * 7_919) % 500) - 250,
    );
    for (const events of Map.groupBy(backwards, (event) => event.ticketId).values()) {
      const metrics = folded(events);
      if (metrics === undefined) continue;
      const { statusTime: s, replies, resolution, opening } = metrics;
      const times = events.map((event) => event.occurredAt);
      const all = s.newMs + s.openMs + s.pendingMs + s.holdMs + s.resolvedMs + s.closedMs + s.cancelledMs;
      expect(all).toBe(s.since - opening.at);
      expect(all).toBeLessThanOrEqual(Math.max(...times) - opening.at);
      for (const [business, ms] of [
        [s.newBusinessMs, s.newMs],
        [s.openBusinessMs, s.openMs],
        [s.pendingBusinessMs, s.pendingMs],
        [s.holdBusinessMs, s.holdMs],
        [replies.firstReplyBusinessMs, replies.firstReplyMs],
        [replies.nextReplyBusinessMs, replies.nextReplyMs],
        [resolution.firstBusinessMs, resolution.firstMs],
        [resolution.fullBusinessMs, resolution.fullMs],
      ]) {
        expect(business ?? 0).toBeGreaterThanOrEqual(0);
        expect(business ?? 0).toBeLessThanOrEqual(ms ?? 0);
      }
      expect(replies.nextReplyMs).toBeLessThanOrEqual(Math.max(...times) - Math.min(...times));
    }
  });
});
