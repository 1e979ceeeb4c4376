/**
 * Intervals, field history and links on real PostgreSQL, over random histories: the same rows however often
 * the projector begins anew with nothing in memory, and the counted tables equal to what plain SQL counts
 * from the intervals.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Calendar, Calendars } from '../../domain/metrics/calendars.ts';
import { everyHourCounts, roundTheClock } from '../../domain/metrics/calendars.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { Database } from '../../projections/sql.ts';
import { ticketProjection } from '../../projections/ticket.ts';
import { ticketFieldHistoryProjection } from '../../projections/ticket-field-history.ts';
import { ticketIntervalProjection } from '../../projections/ticket-interval.ts';
import { ticketLinkProjection } from '../../projections/ticket-link.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { monday9 } from '../support/tickets.ts';
import { project } from './databases.ts';
import { randomHistory, seeded } from './histories.ts';

const hour = 3_600_000;
const projections = [
  ticketProjection,
  ticketIntervalProjection,
  ticketFieldHistoryProjection,
  ticketLinkProjection,
];
const tables = projections.flatMap((each) => each.tables);

/** Counts the first hour of every two. */
const everyOther: Calendar = {
  name: 'every-other-hour',
  businessMs: (from, to) => Math.max(0, everyOtherSoFar(to) - everyOtherSoFar(from)),
  addBusinessMs: () => Number.NaN,
};
const calendars: Calendars = {
  ...everyHourCounts,
  of: (group) => (group === 'network' ? everyOther : roundTheClock),
};

function everyOtherSoFar(at: number): number {
  const pairs = Math.floor(at / (2 * hour));
  return pairs * hour + Math.min(hour, at - pairs * 2 * hour);
}

/** A random history stretched to days, in which some events are told two hours late. */
function stretched(seed: number): readonly RecordedEvent[] {
  const events = randomHistory({ seed, events: 2_500, liveTickets: 40, eventsPerTicket: 60 });
  return events.map((event) => {
    const late = event.occurredAt < event.recordedAt ? 2 * hour : 0;
    return { ...event, occurredAt: monday9 + (event.recordedAt - monday9) * 5_000 - late };
  });
}

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
afterAll(() => test.drop());

async function dump(): Promise<Readonly<Record<string, readonly string[]>>> {
  const dumped: Record<string, readonly string[]> = {};
  for (const { name, key } of tables) {
    const text = `SELECT t::text AS row FROM docket.${name} AS t ORDER BY ${key.join(', ')}`;
    dumped[name] = (await database.query<{ row: string }>(text)).map(({ row }) => row);
  }
  return dumped;
}

/** Two statements that must answer the same rows, in whatever order. */
async function expectSame(left: string, right: string, rowsAtLeast: number): Promise<void> {
  const [difference] = await database.query<{ rows: number; odd: number }>(`
WITH a AS (${left}), b AS (${right}), odd AS ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a))
SELECT (SELECT count(*) FROM a) AS rows, (SELECT count(*) FROM odd) AS odd`);
  expect(difference?.odd).toBe(0);
  expect(difference?.rows).toBeGreaterThanOrEqual(rowsAtLeast);
}

describe.each([1, 2])('over random history %d', (seed) => {
  const events = stretched(seed);

  beforeAll(async () => {
    await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
    await project(database, events, { projections, calendars, views: [] });
  });

  it('holds the same rows however often it begins anew', async () => {
    const atOnce = await dump();
    await database.execute('DROP SCHEMA docket CASCADE');
    const random = seeded(seed);
    for (let end = 0; end < events.length; ) {
      end += 1 + Math.floor(random() * 150);
      const options = { projections, calendars, views: [], batchEventsMax: 17 };
      await project(database, events.slice(0, end), options);
    }
    expect(await dump()).toEqual(atOnce);
  });

  it('has intervals without gaps or overlaps, of which the last one runs', async () => {
    await expectSame(
      `SELECT ticket_id, dimension, revision, ended_at, next_value,
  floor(extract(epoch FROM ended_at - begun_at) * 1000)::bigint FROM docket.ticket_interval`,
      `SELECT ticket_id, dimension, revision, lead(begun_at) OVER life, lead(value) OVER life, ms
FROM docket.ticket_interval WINDOW life AS (PARTITION BY ticket_id, dimension ORDER BY revision)`,
      1_000,
    );
    await expectSame(
      `SELECT ticket_id, count(*) FROM docket.ticket_interval
WHERE dimension = 'status' AND ended_at IS NULL GROUP BY 1`,
      'SELECT ticket_id, 1::bigint FROM docket.ticket',
      20,
    );
  });

  it('ends with what the ticket is now', async () => {
    await expectSame(
      `SELECT ticket_id, dimension, value FROM docket.ticket_interval
WHERE ended_at IS NULL AND value IS NOT NULL`,
      `SELECT ticket_id, dimension, value FROM docket.ticket, LATERAL (VALUES
  ('status', status), ('assignee', assignee), ('group', assigned_group), ('priority', priority)
) AS now (dimension, value) WHERE value IS NOT NULL`,
      60,
    );
  });

  it('counts business time by the calendar of each group that had the ticket', async () => {
    const rows = await database.query<IntervalRow>(
      'SELECT * FROM docket.ticket_interval ORDER BY ticket_id, revision',
    );
    const groups = Map.groupBy(
      rows.filter(({ dimension }) => dimension === 'group'),
      (row) => row.ticket_id,
    );
    const ended = rows.filter((row) => row.ended_at !== null);
    for (const row of ended) expect(row.business_ms).toBe(businessMs(row, groups.get(row.ticket_id) ?? []));
    expect(ended.filter((row) => row.business_ms !== row.ms).length).toBeGreaterThan(100);
  });

  it('counts the backlog that the intervals tell of at every instant', async () => {
    const ends = `SELECT DISTINCT slot_start + interval '15 minutes' AS at FROM docket.backlog_change`;
    const corner = 'workflow, assigned_group, priority, status_category';
    await expectSame(
      `SELECT at, ${corner}, sum(change)::bigint FROM (${ends}) AS ends
JOIN docket.backlog_change ON slot_start < at GROUP BY at, ${corner} HAVING sum(change) <> 0`,
      `SELECT at, s.workflow, coalesce(g.value, ''), coalesce(p.value, ''), s.status_category, count(*)
FROM (${ends}) AS ends
JOIN docket.ticket_interval AS s ON s.dimension = 'status' AND s.begun_at < at
  AND coalesce(s.ended_at >= at, true)
LEFT JOIN docket.ticket_interval AS g ON g.ticket_id = s.ticket_id AND g.dimension = 'group'
  AND g.begun_at < at AND coalesce(g.ended_at >= at, true)
LEFT JOIN docket.ticket_interval AS p ON p.ticket_id = s.ticket_id AND p.dimension = 'priority'
  AND p.begun_at < at AND coalesce(p.ended_at >= at, true)
WHERE s.status_category IN ('new', 'open', 'pending', 'hold') GROUP BY 1, 2, 3, 4, 5`,
      1_000,
    );
    await expectSame(
      `SELECT day_start, ${corner}, change FROM docket.backlog_change_day`,
      `SELECT date_bin('1 day', slot_start, 'epoch'), ${corner}, sum(change)::bigint
FROM docket.backlog_change GROUP BY 1, ${corner}`,
      50,
    );
    await expectSame(
      `SELECT month_start, ${corner}, change FROM docket.backlog_change_month`,
      `SELECT date_trunc('month', slot_start, 'UTC'), ${corner}, sum(change)::bigint
FROM docket.backlog_change GROUP BY 1, ${corner}`,
      20,
    );
  });

  it.each([
    ['agent_workload', 'agent', 'assignee'],
    ['group_workload', 'assigned_group', 'group'],
  ])('counts who has what: %s', async (table, holder, dimension) => {
    await expectSame(
      `SELECT ${holder}, workflow, status_category, tickets FROM docket.${table} WHERE tickets <> 0`,
      `SELECT h.value, s.workflow, s.status_category, count(*) FROM docket.ticket_interval AS s
JOIN docket.ticket_interval AS h USING (ticket_id)
WHERE s.dimension = 'status' AND h.dimension = '${dimension}' AND s.ended_at IS NULL AND h.ended_at IS NULL
  AND h.value IS NOT NULL
GROUP BY 1, 2, 3`,
      5,
    );
  });

  it('counts the moves between statuses', async () => {
    await expectSame(
      'SELECT * FROM docket.status_move_day',
      `SELECT date_bin('1 day', ended_at, 'epoch'), workflow, coalesce(next_group, ''), value, next_value,
  count(*), sum(ms)::bigint, sum(business_ms)::bigint
FROM (
  SELECT *, lead(assigned_group) OVER (PARTITION BY ticket_id ORDER BY revision) AS next_group
  FROM docket.ticket_interval WHERE dimension = 'status'
) AS status WHERE ended_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5`,
      20,
    );
  });

  it('counts the handovers, and those that go back', async () => {
    await expectSame(
      'SELECT * FROM docket.handover_day',
      `WITH held AS (
  SELECT *, lag(value) OVER life AS from_value, lag(ms) OVER life AS from_ms,
    lag(business_ms) OVER life AS from_business_ms
  FROM docket.ticket_interval WHERE dimension IN ('assignee', 'group') AND value IS NOT NULL
  WINDOW life AS (PARTITION BY ticket_id, dimension ORDER BY revision)
), station AS (
  SELECT *, lag(value, 2) OVER (PARTITION BY ticket_id, dimension ORDER BY revision) AS before
  FROM held WHERE from_value IS DISTINCT FROM value
)
SELECT date_bin('1 day', begun_at, 'epoch'), dimension, workflow, from_value, value, count(*),
  count(*) FILTER (WHERE before = value), sum(from_ms)::bigint, sum(from_business_ms)::bigint
FROM station WHERE from_value IS NOT NULL GROUP BY 1, 2, 3, 4, 5`,
      20,
    );
  });

  it('ends the history of fields with the fields that the ticket has', async () => {
    await expectSame(
      'SELECT ticket_id, name, value FROM docket.ticket, jsonb_each(fields) AS field (name, value)',
      `SELECT ticket_id, field, value FROM docket.ticket_field_history
WHERE valid_to IS NULL AND value IS NOT NULL`,
      60,
    );
    await expectSame(
      'SELECT ticket_id, field, revision, valid_to FROM docket.ticket_field_history',
      `SELECT ticket_id, field, revision, lead(valid_from) OVER (PARTITION BY ticket_id, field ORDER BY revision)
FROM docket.ticket_field_history`,
      500,
    );
  });

  it('has no value of a field from before its redaction', async () => {
    const redactions = events.filter((event) => event.type === 'ContentRedacted');
    expect(redactions.length).toBeGreaterThan(20);
    for (const { ticketId, revision } of redactions) {
      const left = await database.query(
        `SELECT FROM docket.ticket_field_history
WHERE ticket_id = $1 AND field = 'subject' AND revision <= $2 AND value IS NOT NULL`,
        [ticketId, revision],
      );
      expect(left).toEqual([]);
    }
  });

  it('has the links that the tickets have', async () => {
    await expectSame(
      `SELECT ticket_id, linked_ticket, relation FROM docket.ticket_link WHERE relation <> 'merged_into'`,
      `SELECT ticket_id, link ->> 'ticket', link ->> 'relation' FROM docket.ticket, jsonb_array_elements(links) AS link`,
      10,
    );
  });
});

interface IntervalRow {
  readonly ticket_id: string;
  readonly dimension: string;
  readonly value: string | null;
  readonly begun_at: number;
  readonly ended_at: number | null;
  readonly ms: number | null;
  readonly business_ms: number | null;
}

/** Piece by piece: the part before the first group, and the part with each group. */
function businessMs(row: IntervalRow, groups: readonly IntervalRow[]): number {
  const pieces = [
    { from: Number.NEGATIVE_INFINITY, to: groups[0]?.begun_at, group: null },
    ...groups.map((each) => ({ from: each.begun_at, to: each.ended_at ?? undefined, group: each.value })),
  ];
  let sum = 0;
  for (const { from, to, group } of pieces) {
    const begin = Math.max(row.begun_at, from);
    const end = Math.min(row.ended_at ?? Number.NaN, to ?? Number.POSITIVE_INFINITY);
    if (end > begin) sum += calendars.of(group ?? undefined).businessMs(begin, end);
  }
  return sum;
}
