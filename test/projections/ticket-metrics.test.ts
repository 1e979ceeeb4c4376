/** The read model ticket_metrics and its view, in a real database, against the fold in the domain. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ageBucket, ageMs } from '../../domain/metrics/ageing.ts';
import { calendarsOf } from '../../domain/metrics/calendar-settings.ts';
import { waitingTimes } from '../../domain/metrics/status-time.ts';
import type { TicketMetrics } from '../../domain/metrics/ticket-metrics.ts';
import {
  oneTouchExact,
  oneTouchExplore,
  oneTouchMessaging,
  type TouchFacts,
} from '../../domain/metrics/touch.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { Projection } from '../../projections/projection.ts';
import {
  foldMetrics,
  metricsOfRow,
  type TicketMetricsRow,
  ticketMetricsProjection,
} from '../../projections/ticket-metrics.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { monday9 } from '../support/tickets.ts';
import { project } from './databases.ts';
import { commandOf, Recorder, randomHistory } from './histories.ts';

const mornings = { monday: [['09:00', '09:20']], tuesday: [['09:30', '12:00']] };
const schedules = [{ from: '2016-01-01', hours: mornings }];
const calendars = calendarsOf({
  default: 'mornings',
  calendars: [{ name: 'mornings', timeZone: 'Europe/Berlin', schedules }],
  groups: { network: 'round-the-clock' },
});
const history = randomHistory({ seed: 12, events: 3_000, liveTickets: 25, eventsPerTicket: 200 });
const events = history.map(withOddName).map(stretched);
const expected = foldedAll(events);
/** Remembers nothing from batch to batch but the one before, so that rows are read back all the time. */
const forgetful: Projection = {
  ...ticketMetricsProjection,
  start: (context) => ticketMetricsProjection.start({ ...context, ticketsMax: 1 }),
};
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, events, { batchEventsMax: 15, projections: [forgetful], calendars });
});
afterAll(() => test.drop());

/** PostgreSQL stores another name than this; the fold must know it again all the same. */
function withOddName(event: RecordedEvent): RecordedEvent {
  if (event.type !== 'TicketAssigned' || event.data.agent !== 'ken') return event;
  return { ...event, data: { ...event.data, agent: 'ken\0\ud800' } };
}

/** Seconds for milliseconds, so that tickets see calendars come and go. */
function stretched(event: RecordedEvent): RecordedEvent {
  return { ...event, occurredAt: monday9 + (event.occurredAt - monday9) * 1_000 };
}

function foldedAll(history: readonly RecordedEvent[]): ReadonlyMap<string, TicketMetrics> {
  const folded = new Map<string, TicketMetrics>();
  for (const event of history) {
    folded.set(event.ticketId, foldMetrics(folded.get(event.ticketId), event, builtInWorkflows, calendars));
  }
  return folded;
}

function touchFacts(metrics: TicketMetrics): TouchFacts {
  const { statusTime, replies, resolution, firstFollowUpAt } = metrics;
  return {
    category: statusTime.category,
    agentReplies: replies.agentReplies,
    reopenCount: resolution.reopenCount,
    waited: statusTime.waited,
    lastResolvedAt: resolution.lastResolvedAt,
    firstFollowUpAt,
  };
}

describe('the table', () => {
  it('holds for every ticket what the domain folds, and all of it', async () => {
    const rows = await test.database.query<TicketMetricsRow>('SELECT * FROM docket.ticket_metrics');
    expect(rows).toHaveLength(expected.size);
    for (const row of rows) expect(metricsOfRow(row)).toEqual(expected.get(row.ticket_id));
    const carried = rows.filter((row) => row.carried_business_ms > 0 && row.carried_status_business_ms > 0);
    expect(carried.length).toBeGreaterThan(0);
    expect(rows.filter((row) => row.assignee_returns > 0).length).toBeGreaterThan(0);
  });

  it('is not written again for an event that changes no figure', () => {
    const nameOf = () => 'docket.ticket_metrics';
    const fold = ticketMetricsProjection.start({ workflows: builtInWorkflows, calendars, nameOf });
    const recorder = new Recorder();
    recorder.submit(commandOf('T-1', 'OpenTicket', 'requester', { requester: 'rita' }, monday9));
    recorder.submit(commandOf('T-1', 'AddComment', 'agent', { body: 'Hm.', public: false }, monday9));
    recorder.submit(commandOf('T-1', 'AddComment', 'agent', { body: 'Hello.', public: true }, monday9 + 1));
    const written = recorder.events.map((event) => {
      fold.fold(event);
      return fold.takeWrites().map(({ rowCount }) => rowCount);
    });
    expect(written).toEqual([
      [1, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  it('refuses an event whose ticket is unknown, or that was counted before', () => {
    const [first, second] = events.filter(({ ticketId }) => ticketId === 'T-1');
    if (first === undefined || second === undefined) throw new Error('no events');
    const foldOne = (before: TicketMetrics | undefined, event: RecordedEvent) =>
      foldMetrics(before, event, builtInWorkflows, calendars);
    expect(() => foldOne(undefined, second)).toThrow('its revision is 2, but the ticket has no row yet');
    const once = foldOne(undefined, first);
    expect(() => foldOne(once, first)).toThrow("its revision is 1, but the ticket's row counts up to 1");
  });
});

interface NowRow extends TicketMetricsRow {
  readonly now: number;
  readonly requester_wait_ms: number;
  readonly agent_work_ms: number;
  readonly agent_wait_ms: number;
  readonly on_hold_ms: number;
  readonly age_ms: number | null;
  readonly age_bucket: string | null;
  readonly since_last_change_ms: number;
  readonly one_touch_explore: boolean;
  readonly one_touch_exact: boolean;
  readonly one_touch_messaging: boolean;
}

describe('the view', () => {
  it('adds the running interval and says what the domain says of it', async () => {
    const rows = await test.database.query<NowRow>(
      "SELECT *, date_trunc('milliseconds', now()) AS now FROM docket.ticket_metrics_now",
    );
    expect(rows).toHaveLength(expected.size);
    for (const row of rows) {
      const metrics = expected.get(row.ticket_id);
      if (metrics === undefined) throw new Error(`no such ticket ${row.ticket_id}`);
      const { statusTime, opening } = metrics;
      const running = Math.max(0, row.now - statusTime.since);
      const closed = {
        new: statusTime.newMs,
        open: statusTime.openMs,
        pending: statusTime.pendingMs,
        hold: statusTime.holdMs,
        resolved: statusTime.resolvedMs,
        closed: statusTime.closedMs,
        cancelled: statusTime.cancelledMs,
      };
      const ms = { ...closed, [statusTime.category]: closed[statusTime.category] + running };
      const waits = waitingTimes(ms);
      const age = ageMs(opening.at, statusTime.category, row.now);
      const facts = touchFacts(metrics);
      expect(row).toMatchObject({
        new_ms: ms.new,
        resolved_ms: ms.resolved,
        closed_ms: ms.closed,
        cancelled_ms: ms.cancelled,
        requester_wait_ms: waits.requesterWaitMs,
        agent_work_ms: waits.agentWorkMs,
        agent_wait_ms: waits.agentWaitMs,
        on_hold_ms: waits.onHoldMs,
        since_last_change_ms: running,
        age_ms: age ?? null,
        age_bucket: age === undefined ? null : ageBucket(age),
        one_touch_explore: oneTouchExplore(facts),
        one_touch_exact: oneTouchExact(facts),
        one_touch_messaging: oneTouchMessaging(facts),
      });
    }
  });
});
