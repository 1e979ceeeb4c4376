/** The reads for command line and HTTP, and the view for analysts, against what the events say. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { windowStart } from '../../domain/metrics/throughput.ts';
import { throughput, ticketRow } from '../../projections/queries.ts';
import { windowNames } from '../../projections/throughput.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { project } from './databases.ts';
import { randomHistory } from './histories.ts';

const events = randomHistory({ seed: 8, events: 2_000, liveTickets: 25 });
const lastRecordedAt = events.at(-1)?.recordedAt;
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, events);
});
afterAll(() => test.drop());

describe('throughput', () => {
  it.each(windowNames)('counts every transition once per %s, newest first', async (window) => {
    const { asOf, rows } = await throughput(test.database, window, { limit: 10_000 });
    expect(asOf).toEqual({ position: 2_000, recordedAt: lastRecordedAt });
    const expected = Map.groupBy(events, (event) => windowStart(window, event.recordedAt));
    const counts = [...expected].map(([start, each]) => ({ windowStart: start, transitions: each.length }));
    expect(rows).toEqual(counts.sort((left, right) => right.windowStart - left.windowStart));
  });

  it('counts apart what it is asked to', async () => {
    const { rows } = await throughput(test.database, 'day', { limit: 500, by: ['type', 'workflow'] });
    const opened = rows.filter(({ type }) => type === 'TicketOpened');
    expect(new Set(opened.map(({ workflow }) => workflow))).toEqual(new Set(['support@1', 'incident@1']));
    expect(opened.reduce((sum, each) => sum + each.transitions, 0)).toBe(
      events.filter(({ type }) => type === 'TicketOpened').length,
    );
    expect(Object.keys(rows[0] ?? {})).not.toContain('state');
  });

  it('keeps to its bounds', async () => {
    const all = await throughput(test.database, 'second', { limit: 10_000 });
    const [newest, second, third] = all.rows;
    expect((await throughput(test.database, 'second', { limit: 1 })).rows).toEqual([newest]);
    const between = { from: third?.windowStart, to: newest?.windowStart, limit: 10 };
    expect((await throughput(test.database, 'second', between)).rows).toEqual([second, third]);
  });
});

describe('one ticket', () => {
  it('is answered with the position it is true at', async () => {
    const { asOf, rows } = await ticketRow(test.database, 'T-1');
    expect(asOf.position).toBe(2_000);
    expect(rows).toMatchObject([{ ticket_id: 'T-1', partition: 0, fields: expect.any(Object) }]);
  });

  it('is no row when it is unknown', async () => {
    expect(await ticketRow(test.database, 'nobody')).toMatchObject({ rows: [] });
  });
});

describe('resolution times up to now', () => {
  it('add the running interval to the category that the ticket is in', async () => {
    const wrong = await test.database.query(
      `SELECT now.ticket_id FROM docket.ticket_resolution_now AS now JOIN docket.ticket_resolution AS closed
  USING (ticket_id)
WHERE now.new_ms + now.open_ms + now.pending_ms + now.hold_ms + now.resolved_ms + now.closed_ms
    + now.cancelled_ms - (closed.new_ms + closed.open_ms + closed.pending_ms + closed.hold_ms
    + closed.resolved_ms + closed.closed_ms + closed.cancelled_ms)
  <> greatest(0, floor(extract(epoch FROM now() - closed.since) * 1000))`,
    );
    expect(wrong).toEqual([]);
    const [count] = await test.database.query<{ count: number }>(
      'SELECT count(*) FROM docket.ticket_resolution_now WHERE full_resolution_ms IS NOT NULL',
    );
    expect(count?.count).toBeGreaterThan(0);
  });
});
