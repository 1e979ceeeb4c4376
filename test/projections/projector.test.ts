/** The projector on real PostgreSQL: exactly once, fenced, and stopping by name where it can not go on. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Fault } from '../../domain/errors.ts';
import { readModels } from '../../projections/read-models.ts';
import type { Database, Sql } from '../../projections/sql.ts';
import { projectionStatus } from '../../projections/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, dump, forgetReadModels, project } from './databases.ts';
import { randomHistory, readerOf } from './histories.ts';

const events = randomHistory({ seed: 11, events: 3_000, liveTickets: 40 });

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => forgetReadModels(database));
afterAll(() => test.drop());

async function failure(run: Promise<void>): Promise<Fault> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Fault)) throw new Error('expected a fault', { cause: error });
  return error;
}

describe('projecting', () => {
  it('holds exactly what the log says, whatever the batches are', async () => {
    await project(database, events);
    const atOnce = await dump(database);
    expect(await check(database, events)).toMatchObject({ ok: true, events: 3_000, differences: [] });
    await forgetReadModels(database);
    await project(database, events, { batchEventsMax: 7 });
    expect(await dump(database)).toEqual(atOnce);
  });

  it('goes on from its checkpoints with nothing in memory', async () => {
    for (const end of [1, 2, 500, 501, 2_000, 3_000]) await project(database, events.slice(0, end));
    expect(await check(database, events)).toMatchObject({ ok: true, events: 3_000 });
    const revisions = await database.query('SELECT sum(revision)::bigint AS total FROM docket.ticket');
    expect(revisions).toEqual([{ total: 3_000 }]);
  });

  it('brings each projection on from its own checkpoint', async () => {
    await project(database, events.slice(0, 1_000), { projections: readModels.slice(0, 1), views: [] });
    await project(database, events.slice(0, 2_000), { projections: readModels.slice(1, 3), views: [] });
    await project(database, events, { batchEventsMax: 300 });
    expect(await check(database, events)).toMatchObject({ ok: true });
  });

  it('follows a live log and ends when told to', async () => {
    const stop = new AbortController();
    const positions: number[] = [];
    await project(database, events, {
      untilCaughtUp: false,
      signal: stop.signal,
      onProgress: ({ position }) => {
        positions.push(position);
        if (position === 3_000) stop.abort();
      },
    });
    expect(positions.at(-1)).toBe(3_000);
    const status = await projectionStatus(database, readerOf(events));
    expect(status.map(({ projection, lagEvents }) => [projection, lagEvents])).toEqual(
      readModels.map(({ name }) => [name, 0]).sort(),
    );
  });

  it('tells how far behind it is', async () => {
    await project(database, events.slice(0, 100));
    const [first] = await projectionStatus(database, readerOf(events));
    expect(first).toMatchObject({ position: 100, head: 3_000, lagEvents: 2_900, parked: 0 });
    expect(first?.recordedAt).toBe(events[99]?.recordedAt);
  });

  it('lets starters race for a database without tables', async () => {
    const faults = await Promise.all(
      [1, 2, 3, 4].map(() => project(database, events, { batchEventsMax: 100 }).catch(codeOf)),
    );
    expect(faults.filter((code) => code !== undefined && code !== 'projector_fenced')).toEqual([]);
    await project(database, events);
    expect(await check(database, events)).toMatchObject({ ok: true });
  });

  it('holds times that PostgreSQL writes in another way, and the earliest for those it has not', async () => {
    const times = [-8.64e15, -210_866_803_200_000, -62_135_596_800_001, 253_402_300_800_000, 8.64e15];
    const [opening] = events;
    if (opening === undefined) throw new Error('no events');
    const odd = times.map((occurredAt, index) => ({
      ...opening,
      ticketId: `ODD-${index}`,
      position: index + 1,
      occurredAt,
    }));
    await project(database, odd);
    expect(await check(database, odd)).toMatchObject({ ok: true, tickets: 5 });
  });
});

describe('the schema', () => {
  it('has a comment on every table and column, and is in the search path of new sessions', async () => {
    await project(database, events.slice(0, 10));
    const silent = await database.query(
      `SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'docket'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
  AND (col_description(pg_class.oid, attnum) IS NULL OR obj_description(pg_class.oid) IS NULL)`,
    );
    expect(silent).toEqual([]);
    const path = await database.query(
      `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting
JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()`,
    );
    expect(path).toEqual([{ setting: 'search_path="$user", public, docket' }]);
  });

  it('builds anew beside tables that another version made, and shows them when they are done', async () => {
    await project(database, events.slice(0, 1_000));
    const newer = readModels.map((each) => ({ ...each, version: each.version + 1 }));
    await project(database, events, { projections: newer });
    const status = await projectionStatus(database, readerOf(events));
    expect(
      status.map(({ build, version, state, lagEvents }) => [build, state, lagEvents, version > 1]),
    ).toEqual(newer.map(() => [2, 'live', 0, true]));
    const tables = await database.query("SELECT FROM pg_tables WHERE schemaname = 'docket_data'");
    expect(tables).toHaveLength(readModels.flatMap((each) => each.tables).length);
  });

  it('refuses to go on with another log, which ends before the checkpoint', async () => {
    await project(database, events);
    const fault = await failure(project(database, events.slice(0, 10)));
    expect(fault).toMatchObject({ code: 'projection_failed', message: expect.stringContaining('3000') });
  });
});

describe('failures', () => {
  it('tries again when the database goes away, also when it is unknown whether a commit went through', async () => {
    let commits = 0;
    const shaky = withTransactions(database, async (run) => {
      commits += 1;
      if (commits % 3 === 0) throw new Fault('database_unavailable', 'gone before the commit');
      await run();
      if (commits % 5 === 0) throw new Fault('database_unavailable', 'gone after the commit');
    });
    await project(shaky, events, { batchEventsMax: 200 });
    expect(commits).toBeGreaterThan(15);
    expect(await check(database, events)).toMatchObject({ ok: true });
  });

  it('stops at a gap in the log', async () => {
    const gap = events.filter((event) => event.position !== 1_500);
    const reader = { ...readerOf(gap), head: async () => 3_000 };
    expect(await failure(project(database, gap, { reader }))).toMatchObject({ code: 'log_damaged' });
  });
});

/** The database with something around each writing transaction of a batch. */
function withTransactions(inner: Database, around: (run: () => Promise<void>) => Promise<void>): Database {
  let installed = false;
  return {
    ...inner,
    async transaction<T>(work: (sql: Sql) => Promise<T>) {
      if (!installed) {
        installed = true;
        return inner.transaction(work);
      }
      let result: { readonly value: T } | undefined;
      await around(async () => {
        result = { value: await inner.transaction(work) };
      });
      if (result === undefined) throw new Error('the transaction was not run');
      return result.value;
    },
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Fault ? error.code : String(error);
}
