/** Given a timeline, then these figures: every expected one was worked out by hand. */
import { describe, expect, it } from 'vitest';
import { ageBucket, ageMs, sinceLastChangeMs } from '../../../domain/metrics/ageing.ts';
import { isUnresolved, slotStart } from '../../../domain/metrics/backlog.ts';
import { calendarsOf } from '../../../domain/metrics/calendar-settings.ts';
import { neverRated, rated } from '../../../domain/metrics/satisfaction.ts';
import { distinctHoldersMax } from '../../../domain/metrics/stations.ts';
import { statusPathCharactersMax, waitingTimes } from '../../../domain/metrics/status-time.ts';
import type { TicketMetrics } from '../../../domain/metrics/ticket-metrics.ts';
import type { TicketEvent } from '../../../domain/ticket/events.ts';
import { type Category, categories } from '../../../domain/workflow/transition.ts';
import { monday9 } from '../../support/tickets.ts';
import { eachOf, type Line, timeline } from './timelines.ts';

const minute = 60_000;
const day = 86_400_000;

const openedBy: TicketEvent = { type: 'TicketOpened', data: { requester: 'rita' } };
const reply: TicketEvent = { type: 'CommentAdded', data: { body: 'Hello.', public: true } };
const note: TicketEvent = { type: 'CommentAdded', data: { body: 'Hm.', public: false } };
const said: TicketEvent = { type: 'RequesterReplied', data: { body: 'Well?' } };
const held: TicketEvent = { type: 'TicketHeld', data: { reason: 'vendor' } };
const resumed: TicketEvent = { type: 'TicketResumed', data: {} };
const resolved: TicketEvent = { type: 'TicketResolved', data: {} };
const reopened: TicketEvent = { type: 'TicketReopened', data: {} };
const closed: TicketEvent = { type: 'TicketClosed', data: {} };
const started: TicketEvent = { type: 'WorkStarted', data: {} };
const unassigned: TicketEvent = { type: 'TicketUnassigned', data: {} };
const asks = (isPublic: boolean): TicketEvent => ({
  type: 'RequesterAwaited',
  data: { comment: { body: 'Which one?', public: isPublic } },
});
const assigned = (agent: string, group?: string | null): TicketEvent => ({
  type: 'TicketAssigned',
  data: { agent, ...(group === undefined ? {} : { group }) },
});
const queued = (group: string): TicketEvent => ({ type: 'TicketQueued', data: { group } });

/** Lines with their times in minutes. */
function given(...lines: readonly Line[]): TicketMetrics {
  return timeline(lines.map(([at, ...rest]) => [at * minute, ...rest]));
}

const opening: Line = [0, 'new', openedBy, 'requester'];

describe('status time', () => {
  it('sums the closed intervals of each category and leaves the running one open', () => {
    const { statusTime } = given(
      opening,
      [10, 'open', assigned('ada')],
      [15, 'open', note],
      [30, 'hold', held],
      [90, 'open', resumed],
      [100, 'resolved', resolved],
    );
    expect(statusTime).toMatchObject({
      newMs: 10 * minute,
      openMs: 30 * minute,
      pendingMs: 0,
      holdMs: 60 * minute,
      resolvedMs: 0,
      newBusinessMs: 10 * minute,
      openBusinessMs: 30 * minute,
      holdBusinessMs: 60 * minute,
      since: 100 * minute,
      waited: true,
      path: 'new>open>hold>open>resolved',
      reworkCount: 1,
    });
    const waits = waitingTimes({ new: 10, open: 30, pending: 5, hold: 60 });
    expect(waits).toEqual({ requesterWaitMs: 100, agentWorkMs: 40, agentWaitMs: 5, onHoldMs: 60 });
  });

  it('never counts more time than passed when a history runs backwards', () => {
    const { statusTime } = given(
      opening,
      [10, 'open', started],
      [4, 'hold', held],
      [20, 'resolved', resolved],
    );
    expect(statusTime).toMatchObject({ newMs: 10 * minute, openMs: 0, holdMs: 10 * minute });
  });

  it('never counts more business time than time, also where another calendar counted further already', () => {
    const schedules = [{ from: '2016-01-01', hours: { monday: [['00:00', '24:00']] } }];
    const calendars = calendarsOf({
      calendars: [{ name: 'mondays', timeZone: 'UTC', schedules }],
      groups: { desk: 'mondays' },
    });
    const at = (minutes: number) => monday9 + minutes * minute;
    const lines: readonly Line[] = [
      [at(0), 'new', openedBy, 'requester'],
      [at(100), 'new', queued('desk')],
      [at(50), 'resolved', resolved],
    ];
    const { statusTime, resolution } = timeline(lines, calendars);
    // The queueing has set the ticket's one clock, which does not go back for the resolution.
    expect(statusTime).toMatchObject({ newMs: 100 * minute, newBusinessMs: 100 * minute, since: at(100) });
    expect(resolution).toMatchObject({
      firstResolvedAt: at(100),
      firstMs: 100 * minute,
      firstBusinessMs: 100 * minute,
    });
  });

  it('ends a very long way in an ellipsis, and still counts visits', () => {
    const back: readonly Line[] = Array.from({ length: 100 }, (_, index) => [
      index + 1,
      index % 2 === 0 ? 'hold' : 'open',
      index % 2 === 0 ? held : resumed,
    ]);
    const { statusTime } = given(opening, ...back);
    expect(statusTime.path).toMatch(/^new>hold>open>.*>…$/);
    expect(statusTime.path.length).toBeLessThanOrEqual(statusPathCharactersMax + 2);
    expect(statusTime).toMatchObject({ visited: 'new>hold>open', reworkCount: 98 });
  });
});

describe('resolution', () => {
  it('tells first and last resolution apart, and counts each reopening', () => {
    const { resolution } = given(
      opening,
      [5, 'resolved', resolved],
      [6, 'open', reopened],
      [9, 'resolved', resolved],
      [11, 'open', said, 'requester'],
      [20, 'resolved', resolved],
      [30, 'closed', closed],
    );
    expect(resolution).toMatchObject({
      firstResolvedAt: 5 * minute,
      lastResolvedAt: 20 * minute,
      closedAt: 30 * minute,
      reopenCount: 2,
      firstMs: 5 * minute,
      firstBusinessMs: 5 * minute,
      fullMs: 20 * minute,
      fullBusinessMs: 20 * minute,
    });
  });

  it('counts a ticket that is reopened right now, which dbt_zendesk misses', () => {
    const { resolution } = given(opening, [5, 'resolved', resolved], [6, 'open', reopened]);
    expect(resolution).toMatchObject({ reopenCount: 1, firstMs: 5 * minute, fullMs: undefined });
  });

  it('takes a ticket that was closed straight away as resolved, and a cancelled one not', () => {
    expect(given(opening, [7, 'closed', closed]).resolution).toMatchObject({ firstMs: 7 * minute });
    const cancelled: TicketEvent = { type: 'TicketCancelled', data: { reason: 'spam' } };
    const { resolution } = given(opening, [7, 'cancelled', cancelled]);
    expect(resolution).toMatchObject({ firstResolvedAt: undefined, closedAt: undefined, reopenCount: 0 });
    const afterwards = given(opening, [5, 'resolved', resolved], [7, 'cancelled', cancelled]);
    expect(afterwards.resolution).toMatchObject({ firstMs: 5 * minute, fullMs: undefined });
  });

  it('notes the first assignee only, also when it came by an accepted offer', () => {
    const accepted: TicketEvent = { type: 'OfferAccepted', data: { agent: 'ada' } };
    const { resolution } = given(opening, [3, 'open', accepted], [4, 'open', assigned('grace')]);
    expect(resolution.firstAssignedAt).toBe(3 * minute);
  });
});

describe('replies', () => {
  it('measure the first one from the opening, and each later one from the oldest open question', () => {
    const { replies } = given(
      opening,
      [2, 'new', note],
      [5, 'new', said, 'requester'],
      [10, 'new', reply],
      [20, 'new', said, 'requester'],
      [25, 'new', said, 'requester'],
      [50, 'pending', asks(true)],
      [60, 'open', said, 'requester'],
      [62, 'open', reply],
      [63, 'open', reply],
      [90, 'open', reply, 'requester'],
    );
    expect(replies).toEqual({
      firstReplyAt: 10 * minute,
      firstReplyMs: 10 * minute,
      firstReplyBusinessMs: 10 * minute,
      lastReplyAt: 63 * minute,
      agentReplies: 4,
      requesterReplies: 5,
      unansweredSince: 90 * minute,
      nextReplyCount: 2,
      nextReplyMs: 32 * minute,
      nextReplyBusinessMs: 32 * minute,
      nextReplyMaxMs: 30 * minute,
    });
  });

  it.each<[string, Line, number]>([
    ['an agent', [1, 'new', reply], 1],
    ['a lead', [1, 'new', reply, 'lead'], 1],
    ['the requester', [1, 'new', reply, 'requester'], 0],
    ['an integration by itself', [1, 'new', reply, 'integration'], 0],
    ['the system by itself', [1, 'new', reply, 'system'], 0],
    ['an agent who asks in public', [1, 'pending', asks(true)], 1],
    ['an agent who asks in a note', [1, 'pending', asks(false)], 0],
    [
      'an agent who holds with a word',
      [
        1,
        'hold',
        { type: 'TicketHeld', data: { reason: 'caller', comment: { body: 'Wait.', public: true } } },
      ],
      1,
    ],
    ['an agent who only holds', [1, 'hold', held], 0],
  ])('count a public comment by %s', (_, line, count) => {
    expect(given(opening, line).replies.agentReplies).toBe(count);
  });

  it('count for whom an integration stands in', () => {
    const onBehalfOf = { id: 'ada', role: 'agent' } as const;
    const [, metrics] = eachOf([opening, [minute, 'new', reply, 'integration', onBehalfOf]]);
    expect(metrics?.replies).toMatchObject({ agentReplies: 1, firstReplyMs: minute });
  });

  it('leave out what the desk says in the instant in which it opens a ticket', () => {
    const byDesk: Line = [0, 'new', openedBy, 'agent'];
    const { opening: began, replies } = given(byDesk, [0, 'new', reply], [9, 'new', reply]);
    expect(began.byDesk).toBe(true);
    expect(replies).toMatchObject({ agentReplies: 1, firstReplyMs: 9 * minute });
    expect(given(opening, [0, 'new', reply]).replies).toMatchObject({ agentReplies: 1, firstReplyMs: 0 });
  });

  it('begin no wait before the reply that ended the last one, when a history runs backwards', () => {
    const { replies } = given(
      opening,
      [10, 'new', reply],
      [4, 'new', said, 'requester'],
      [7, 'new', reply],
      [6, 'new', said, 'requester'],
      [15, 'new', reply],
    );
    expect(replies).toMatchObject({ nextReplyCount: 2, nextReplyMs: 5 * minute, nextReplyMaxMs: 5 * minute });
  });
});

describe('stations', () => {
  it('count who got it, who handed it on, and who got it back', () => {
    const { assignees } = given(
      opening,
      [1, 'open', assigned('ada')],
      [2, 'open', assigned('grace')],
      [3, 'open', unassigned],
      [4, 'open', assigned('grace')],
      [5, 'open', unassigned],
      [6, 'open', assigned('ada')],
      [7, 'open', assigned('ken')],
      [8, 'open', assigned('grace')],
    );
    expect(assignees).toEqual({
      current: 'grace',
      last: 'grace',
      beforeLast: 'ken',
      count: 6,
      handoffs: 4,
      returns: 1,
      distinct: ['ada', 'grace', 'ken'],
    });
  });

  it('know groups by queues and by assignments that name one', () => {
    const { groups, assignees } = given(
      opening,
      [1, 'new', queued('desk')],
      [2, 'open', assigned('ada')],
      [3, 'open', assigned('ken', 'network')],
      [4, 'open', assigned('grace', 'network')],
      [5, 'open', queued('desk')],
      [6, 'open', assigned('ada', null)],
    );
    expect(groups).toMatchObject({ current: undefined, last: 'desk', count: 3, handoffs: 2, returns: 1 });
    expect(assignees).toMatchObject({ current: 'ada', count: 4, handoffs: 3, returns: 0 });
  });

  it('name no more than so many', () => {
    const many: readonly Line[] = Array.from({ length: 30 }, (_, index) => [
      index,
      'open',
      assigned(`agent-${index}`),
    ]);
    const { assignees } = given(opening, ...many);
    expect(assignees).toMatchObject({ count: 30, handoffs: 29 });
    expect(assignees.distinct).toHaveLength(distinctHoldersMax);
  });
});

describe('the figures of a ticket', () => {
  it('are the same object after an event that changes none', () => {
    const [first, ...rest] = eachOf([
      opening,
      [minute, 'new', note],
      [minute, 'new', { type: 'FieldsChanged', data: { fields: { room: 'B' } } }],
      [minute, 'new', { type: 'TicketEscalated', data: {} }],
    ]);
    for (const each of rest) expect(each).toBe(first);
    expect(first?.revision).toBe(1);
  });

  it('carry the fields priority and category as text', () => {
    const fields = { priority: 2, category: ['lamp', 'switch'] };
    const withFields: Line = [0, 'new', { type: 'TicketOpened', data: { fields } }, 'requester'];
    expect(given(withFields).labels).toMatchObject({ priority: '2', category: 'lamp, switch' });
    const changed: TicketEvent = { type: 'FieldsChanged', data: { fields: { priority: null } } };
    const redacted: TicketEvent = { type: 'ContentRedacted', data: { fields: ['category'], reason: 'x' } };
    expect(given(withFields, [1, 'new', changed], [2, 'new', redacted])).toMatchObject({
      labels: { priority: undefined, category: undefined },
      revision: 3,
    });
  });

  it('note the first follow-up', () => {
    const followUp = (id: string): TicketEvent => ({ type: 'FollowUpOpened', data: { followUp: id } });
    const { firstFollowUpAt } = given(
      opening,
      [1, 'closed', closed],
      [5, 'closed', followUp('T-2')],
      [9, 'closed', followUp('T-3')],
    );
    expect(firstFollowUpAt).toBe(5 * minute);
  });

  it('begin with the opening and nothing else', () => {
    expect(() => given([0, 'open', started])).toThrow('its first event is WorkStarted');
  });
});

describe('satisfaction', () => {
  it('keeps first and latest rating, and how often it turned', () => {
    let satisfaction = neverRated;
    for (const [rating, at] of [
      ['good', 1],
      ['good', 2],
      ['bad', 3],
      ['good', 4],
    ] as const) {
      satisfaction = rated(satisfaction, rating, at);
    }
    expect(satisfaction).toEqual({
      first: 'good',
      last: 'good',
      firstRatedAt: 1,
      lastRatedAt: 4,
      changes: 2,
    });
  });
});

describe('ageing', () => {
  it.each([
    [0, 'under 1 day'],
    [day - 1, 'under 1 day'],
    [day, '1 to 3 days'],
    [6.9 * day, '3 to 7 days'],
    [29 * day, '7 to 30 days'],
    [30 * day, '30 to 90 days'],
    [90 * day, '90 days and more'],
    [5_000 * day, '90 days and more'],
  ])('puts %d ms into a bucket', (age, bucket) => {
    expect(ageBucket(age)).toBe(bucket);
  });

  it('ends with the resolution, while the time since the last change goes on', () => {
    expect(ageMs(10, 'pending', 110)).toBe(100);
    expect(ageMs(10, 'resolved', 110)).toBeUndefined();
    expect(ageMs(10, 'new', 5)).toBe(0);
    expect(sinceLastChangeMs(10, 110)).toBe(100);
    expect(sinceLastChangeMs(110, 10)).toBe(0);
  });
});

describe('the backlog', () => {
  it('is what waits for a resolution', () => {
    const waiting: readonly Category[] = ['new', 'open', 'pending', 'hold'];
    expect(categories.filter(isUnresolved)).toEqual(waiting);
  });

  it('is counted in slots of a quarter of an hour', () => {
    const at = Date.UTC(2026, 2, 2, 9, 44, 59, 999);
    expect(slotStart(at)).toBe(Date.UTC(2026, 2, 2, 9, 30));
    expect(slotStart(Date.UTC(1969, 11, 31, 23, 59))).toBe(-15 * minute);
  });
});
