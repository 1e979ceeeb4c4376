/**
 * A rebuild that nobody notices: readers ask all the time while a projector follows a growing log and another
 * process builds every read model anew beside it. They never see fewer events than before, nor an error.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { everyHourCounts } from '../../domain/metrics/calendars.ts';
import type { ReadOptions } from '../../domain/ports.ts';
import { readModels } from '../../projections/read-models.ts';
import { abandonRebuild, beginRebuild } from '../../projections/rebuild.ts';
import type { Database } from '../../projections/sql.ts';
import { projectionStatus } from '../../projections/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, forgetReadModels, project } from './databases.ts';
import { randomHistory, readerOf } from './histories.ts';

const events = randomHistory({ seed: 77, events: 3_000, liveTickets: 40 });
const options = { projections: readModels, calendars: everyHourCounts, partitions: 1, now: Date.now() };

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => forgetReadModels(database));
afterAll(() => test.drop());

/** The log as it grows: an event is there once the clock has come to it. */
function growing(known: () => number) {
  return {
    ...readerOf(events),
    head: async () => known(),
    async *read(from: number, { signal, live }: ReadOptions = {}) {
      for (let next = from; signal?.aborted !== true; ) {
        const upTo = Math.min(known(), next + 49);
        if (upTo >= next) yield events.slice(next - 1, upTo);
        else if (live !== true || next > events.length) return;
        else await sleep(5);
        next = Math.max(next, upTo + 1);
      }
    },
  };
}

it('is not seen by readers, while a projector follows the log', { timeout: 90_000 }, async () => {
  await project(database, events.slice(0, 1_000));
  // Somebody's own view stands on ours, and has to outlive the switch.
  await database.execute('CREATE VIEW public.own_view AS SELECT count(*) AS tickets FROM docket.ticket');
  let known = 1_000;
  const reader = growing(() => known);
  const stop = new AbortController();
  const following = project(database, events, { reader, untilCaughtUp: false, signal: stop.signal });
  const seen: number[] = [];
  let isDone = false;
  const reading = (async () => {
    while (!isDone) {
      const [row] = await database.query<{ counted: number; revisions: number }>(
        `SELECT (SELECT count(*) FROM docket.ticket_event) AS counted,
  (SELECT sum(revision) FROM docket.ticket)::bigint AS revisions`,
      );
      seen.push(row?.counted ?? 0);
      expect(row?.revisions ?? 0).toBeGreaterThanOrEqual(1_000);
      known = Math.min(events.length, known + 25);
    }
  })();
  await beginRebuild(database, options);
  await project(database, events, { reader, onlyBuilding: true, owner: 'rebuilder' });
  const before = await projectionStatus(database, reader);
  expect(new Set(before.map(({ build, state }) => `${build} ${state}`))).toEqual(new Set(['2 live']));
  known = events.length;
  // The projector of the old build was refused, and goes on with the new one.
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await projectionStatus(database, reader)).every(({ lagEvents }) => lagEvents === 0)) break;
    await sleep(50);
  }
  isDone = true;
  await reading;
  stop.abort();
  await following;
  expect(seen.length).toBeGreaterThan(10);
  expect(seen).toEqual(seen.toSorted((left, right) => left - right));
  expect(await check(database, events)).toMatchObject({ ok: true, events: events.length });
  expect(await database.query('SELECT tickets > 0 AS alive FROM public.own_view')).toEqual([{ alive: true }]);
  await database.execute('DROP VIEW public.own_view');
});

it('can be given up, and leaves no table behind', async () => {
  await project(database, events.slice(0, 500));
  await beginRebuild(database, options);
  expect(await beginRebuild(database, options)).toEqual(
    Object.fromEntries(readModels.map(({ name }) => [name, 'resumed'])),
  );
  expect(await abandonRebuild(database, readModels)).toBe(readModels.length);
  const left = await database.query(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'docket_data' AND tablename LIKE '%_b2'",
  );
  expect(left).toEqual([]);
  expect(await check(database, events.slice(0, 500))).toMatchObject({ ok: true });
});
