/** Counts of short windows are removed when the log's own time has gone on; those of days stay for good. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, dump, forgetReadModels, project } from './databases.ts';
import { randomHistory } from './histories.ts';

const day = 86_400_000;
const events = randomHistory({ seed: 8, events: 400, liveTickets: 20 });
/** An event every six hours: a hundred days in all. */
const spread = events.map((event, index) => {
  const recordedAt = (events[0]?.recordedAt ?? 0) + (index * day) / 4;
  return { ...event, recordedAt };
});

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

it('keeps seconds for 7 days and minutes for 90, whatever the batches are', async () => {
  const { database } = test;
  await project(database, spread);
  const count = async (window: string) => {
    const [row] = await database.query<{ counted: number }>(
      `SELECT sum(transitions)::bigint AS counted FROM docket.throughput_${window}`,
    );
    return row?.counted;
  };
  expect(await count('day')).toBe(400);
  expect(await count('hour')).toBe(400);
  // The last event and whatever was committed within 90 or 7 days of it, begun hours included.
  expect(await count('minute')).toBe(90 * 4 + 1);
  expect(await count('second')).toBe(7 * 4 + 1);
  const atOnce = await dump(database);
  expect(await check(database, spread)).toMatchObject({ ok: true });
  await forgetReadModels(database);
  await project(database, spread, { batchEventsMax: 9 });
  expect(await dump(database)).toEqual(atOnce);
});
