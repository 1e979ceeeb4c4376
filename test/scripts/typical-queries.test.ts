/** The rows of the query benchmark hang together as a projector would make them, and every query runs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillReadModels, withMonth } from '../../scripts/bench/queries.ts';
import { typicalQueries } from '../../scripts/bench/query-list.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const events = 8_000;
let test: TestDatabase;
let endsAt: number;

beforeAll(async () => {
  test = await testDatabase();
  ({ endsAt } = await fillReadModels(test.database, events, new AbortController().signal));
});
afterAll(() => test.drop());

describe('the rows of the query benchmark', () => {
  it('tell the same backlog by all changes since the beginning, by interval and by ticket', async () => {
    const [sums] = await test.database.query<Record<string, number>>(`SELECT
  (SELECT sum(tickets)::bigint FROM docket.ticket_day('UTC', current_date, current_date)) AS by_day,
  (SELECT sum(tickets)::bigint FROM docket.backlog_now) AS by_ticket,
  (SELECT count(*) FROM docket.ticket_interval WHERE dimension = 'status' AND ended_at IS NULL
    AND status_category IN ('new', 'open', 'pending', 'hold')) AS by_interval,
  (SELECT count(*) FROM docket.ticket_event) AS events`);
    expect(sums?.by_ticket).toBeGreaterThan(0);
    expect(sums).toMatchObject({ by_day: sums?.by_ticket, by_interval: sums?.by_ticket });
    expect(sums?.events).toBeGreaterThan(0.95 * events);
  });

  it.each(typicalQueries.map(({ what, text, barMs }) => [what, barMs, text] as const))(
    'answer %s (bar %i ms)',
    async (what, _barMs, text) => {
      const rows = await test.database.query(withMonth(text, endsAt));
      // There are no clock events among them, and in the last hour hardly anything happens.
      if (!['sla_event', 'transitions_now', 'sla_due_soon'].includes(what)) expect(rows).not.toEqual([]);
    },
  );
});
