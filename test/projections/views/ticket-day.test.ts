/** The backlog at the ends of days, in zones near and far, by hand and against the slowest adding-up. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { project } from '../databases.ts';
import { seeded } from '../histories.ts';
import { story } from './story.ts';

let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, story(Date.now()));
});
afterAll(() => test.drop());

/** Each row as `03-02 desk high pending 1`. */
async function backlog(zone: string, from = '2026-03-02', to = '2026-03-05'): Promise<readonly string[]> {
  const rows = await test.database.query<{ row: string }>(
    `SELECT concat_ws(' ', to_char(day, 'MM-DD'), assigned_group, priority, status_category, tickets) AS row
FROM docket.ticket_day($1, $2, $3) ORDER BY 1`,
    [zone, from, to],
  );
  return rows.map(({ row }) => row);
}

describe('ticket_day', () => {
  it("is the backlog at the end of the zone's day", async () => {
    // Midnight of UTC comes at 15, 39, 63 and 87 hours.
    const newOnes = ['03-04  high new 1', '03-05  high new 1'];
    expect(await backlog('UTC')).toEqual(['03-03 desk low open 1', ...newOnes]);
    // Days of Kathmandu end at 9.25, 33.25, 57.25 and 81.25 hours: on quarters of an hour.
    expect(await backlog('Asia/Kathmandu')).toEqual([
      '03-02 desk high pending 1',
      '03-03 desk low open 1',
      '03-04 network low open 1',
      '03-05  high new 1',
    ]);
    // Monday of New York ends at 20 hours, when the second ticket is reopened: that belongs to Tuesday.
    expect(await backlog('America/New_York')).toEqual(newOnes);
  });

  it('goes on with what is known for days that have not ended', async () => {
    const rows = await backlog('UTC', '2999-12-30', '2999-12-31');
    expect(rows).toEqual(['12-30  high new 1', '12-31  high new 1']);
  });

  it.each([
    ['Mars/Olympus', '2026-03-02', '2026-03-02', /time zone "Mars\/Olympus" not recognized/],
    ['UTC', '2026-03-03', '2026-03-02', /from_day must not be after to_day/],
    ['UTC', '2016-03-03', '2026-04-02', /at most 3660 days/],
  ])('refuses %s from %s to %s, and says why', async (zone, from, to, message) => {
    await expect(backlog(zone, from, to)).rejects.toThrow(message);
  });
});

describe('ticket_day with many changes', () => {
  // Around the days on which clocks are changed: 8 March (America), 29 March (Europe).
  const from = Date.UTC(2026, 2, 5);
  const slots = 40 * 96;

  beforeAll(async () => {
    const random = seeded(11);
    const pick = (many: number) => Math.floor(random() * many);
    const rows = Array.from({ length: 1_500 }, () => ({
      seconds: from / 1_000 + pick(slots) * 900,
      name: ['desk', 'network', ''][pick(3)],
      category: ['new', 'open'][pick(2)],
      change: pick(7) - 3,
    }));
    for (const each of ['', '_day', '_month']) {
      await test.database.execute(`DELETE FROM docket.backlog_change${each}`);
    }
    await test.database.execute(
      `INSERT INTO docket.backlog_change
SELECT to_timestamp(seconds), 'support@1', name, '', category, sum(change)
FROM jsonb_to_recordset($1::jsonb) AS row (seconds double precision, name text, category text, change bigint)
GROUP BY seconds, name, category`,
      [JSON.stringify(rows)],
    );
    for (const window of ['day', 'month']) {
      await test.database.execute(
        `INSERT INTO docket.backlog_change_${window}
SELECT date_trunc('${window}', slot_start, 'UTC'), workflow, assigned_group, priority, status_category, sum(change)
FROM docket.backlog_change GROUP BY 1, 2, 3, 4, 5`,
      );
    }
  });

  it.each([
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
    'Pacific/Pago_Pago',
  ])('adds up to all changes before the end of each day in %s', async (zone) => {
    const slow = `SELECT day::date, workflow, assigned_group, priority, status_category, sum(change)::bigint AS tickets
FROM generate_series('2026-03-01'::timestamp, '2026-04-20', '1 day') AS day
JOIN docket.backlog_change ON slot_start < (day + interval '1 day') AT TIME ZONE $1
GROUP BY 1, 2, 3, 4, 5 HAVING sum(change) <> 0 ORDER BY 1, 2, 3, 4, 5`;
    const expected = await test.database.query(slow, [zone]);
    expect(expected.length).toBeGreaterThan(100);
    const rows = await test.database.query(
      "SELECT * FROM docket.ticket_day($1, '2026-03-01', '2026-04-20') ORDER BY 1, 2, 3, 4, 5",
      [zone],
    );
    expect(rows).toEqual(expected);
  });
});
