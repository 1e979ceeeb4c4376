/** The reads for command line and HTTP, against what the events say. */
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
