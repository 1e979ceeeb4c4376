/** The read model ticket_metrics and its view, in a real database, against the fold in the domain. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ageBucket, ageMs } from '../../domain/metrics/ageing.ts';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
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
import { foldMetrics, metricsOfRow, type TicketMetricsRow } from '../../projections/ticket-metrics.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { project } from './databases.ts';
import { randomHistory } from './histories.ts';

const events = randomHistory({ seed: 12, events: 3_000, liveTickets: 25 });
const expected = foldedAll(events);
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, events, { batchEventsMax: 200 });
});
afterAll(() => test.drop());

function foldedAll(history: readonly RecordedEvent[]): ReadonlyMap<string, TicketMetrics> {
  const folded = new Map<string, TicketMetrics>();
  for (const event of history) {
    folded.set(
      event.ticketId,
      foldMetrics(folded.get(event.ticketId), event, builtInWorkflows, everyHourCounts),
    );
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
