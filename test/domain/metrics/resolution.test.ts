/** Resolution times on hand-made timelines, with every expected figure worked out by hand. */
import { describe, expect, it } from 'vitest';
import { foldResolution, type ResolutionTimes } from '../../../domain/metrics/resolution.ts';
import type { EventType } from '../../../domain/ticket/events.ts';
import type { Category } from '../../../domain/workflow/transition.ts';

/** [minutes, event, category afterwards] */
type Line = readonly [number, EventType, Category];
const minute = 60_000;

function fold(...timeline: readonly Line[]): ResolutionTimes {
  let times: ResolutionTimes | undefined;
  for (const [at, type, category] of timeline) {
    times = foldResolution(times, { type, occurredAt: at * minute }, category);
  }
  if (times === undefined) throw new Error('an empty timeline');
  return times;
}

const opened: Line = [0, 'TicketOpened', 'new'];

describe('resolution times', () => {
  it('sum the closed intervals of each category and leave the running one open', () => {
    const times = fold(
      opened,
      [10, 'TicketAssigned', 'open'],
      [15, 'FieldsChanged', 'open'],
      [30, 'TicketHeld', 'hold'],
      [90, 'TicketResumed', 'open'],
      [100, 'TicketResolved', 'resolved'],
    );
    const ms = { new: 10, open: 30, pending: 0, hold: 60, resolved: 0, closed: 0, cancelled: 0 };
    const expected = Object.fromEntries(Object.entries(ms).map(([name, value]) => [name, value * minute]));
    expect(times.msInCategory).toEqual(expected);
    expect(times).toMatchObject({ category: 'resolved', since: 100 * minute, firstAssignedAt: 10 * minute });
  });

  it('tell first and last resolution apart, and count each reopening', () => {
    const times = fold(
      opened,
      [5, 'TicketResolved', 'resolved'],
      [6, 'TicketReopened', 'open'],
      [9, 'TicketResolved', 'resolved'],
      [11, 'RequesterReplied', 'open'],
      [20, 'TicketResolved', 'resolved'],
      [30, 'TicketClosed', 'closed'],
    );
    expect(times).toMatchObject({
      firstResolvedAt: 5 * minute,
      lastResolvedAt: 20 * minute,
      closedAt: 30 * minute,
      reopenCount: 2,
    });
  });

  it('count a ticket that is reopened right now, which dbt_zendesk misses', () => {
    const times = fold(opened, [5, 'TicketResolved', 'resolved'], [6, 'TicketReopened', 'open']);
    expect(times.reopenCount).toBe(1);
  });

  it('take a ticket that was closed straight away as resolved, and a cancelled one not', () => {
    expect(fold(opened, [7, 'TicketClosed', 'closed'])).toMatchObject({ firstResolvedAt: 7 * minute });
    const cancelled = fold(opened, [7, 'TicketCancelled', 'cancelled']);
    expect(cancelled).toMatchObject({ firstResolvedAt: undefined, closedAt: undefined, reopenCount: 0 });
  });

  it('count the first assignee only, also when it came by an accepted offer', () => {
    const times = fold(opened, [3, 'OfferAccepted', 'open'], [4, 'TicketAssigned', 'open']);
    expect(times.firstAssignedAt).toBe(3 * minute);
  });

  it('never count more time than passed when a history runs backwards', () => {
    const times = fold(
      opened,
      [10, 'WorkStarted', 'open'],
      [4, 'TicketHeld', 'hold'],
      [20, 'TicketResolved', 'resolved'],
    );
    expect(times.msInCategory).toMatchObject({ new: 10 * minute, open: 0, hold: 10 * minute });
    const total = Object.values(times.msInCategory).reduce((sum, ms) => sum + ms, 0);
    expect(total).toBe(20 * minute);
  });
});
