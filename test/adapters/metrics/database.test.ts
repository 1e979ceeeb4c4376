/** The pool as its metrics tell of it, on a real database with more callers than connections. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatabaseMetrics } from '../../../adapters/metrics/database.ts';
import { createRegistry } from '../../../adapters/metrics/registry.ts';
import { openDatabase, type PooledDatabase } from '../../../adapters/postgres/database.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

const connectionsMax = 2;
const callers = 5;
const metrics = new DatabaseMetrics();
const registry = createRegistry();
let test: TestDatabase;
let pooled: PooledDatabase;

beforeAll(async () => {
  test = await testDatabase();
  pooled = openDatabase(test.url, { applicationName: 'pool test', connectionsMax, observer: metrics });
  // Two pools of one process are told as one.
  const other = { active: 1, idle: 2, max: 7, waiting: 0 };
  metrics.register(registry, () => [pooled.pool(), other]);
});
afterAll(async () => {
  await pooled.close();
  await test.drop();
});

async function told(): Promise<Readonly<Record<string, number>>> {
  const samples = (await registry.snapshot()).flatMap(({ name, samples: all }) =>
    all.map(({ suffix = '', labels, value }) => [`${name}${suffix} ${labels.state ?? ''}`.trim(), value]),
  );
  return Object.fromEntries(samples);
}

it('tells who waits for a connection while there are more callers than connections', async () => {
  // A lock that nobody here can have decides how long, and no clock.
  const { holder, release } = await heldLock();
  const statements = Array.from({ length: callers }, () => pooled.query('SELECT pg_advisory_lock_shared(6)'));
  await expect
    .poll(async () => (await told())['docket_database_connections active'])
    .toBe(1 + connectionsMax);
  expect(await told()).toMatchObject({
    'docket_database_connections idle': 2,
    docket_database_connections_max: 7 + connectionsMax,
    docket_database_waiting: callers - connectionsMax,
    docket_database_query_duration_seconds_count: 0,
  });
  release();
  await Promise.all([holder, ...statements]);
  expect(await told()).toMatchObject({
    'docket_database_connections active': 1,
    'docket_database_connections idle': 2 + connectionsMax,
    docket_database_waiting: 0,
    docket_database_query_duration_seconds_count: callers,
  });
});

it('counts what failed by its class', async () => {
  await expect(pooled.query('SELECT 1 / 0')).rejects.toThrow('division by zero');
  const families = await registry.snapshot();
  const failed = families.find(({ name }) => name === 'docket_database_errors_total')?.samples;
  expect(failed).toEqual([{ labels: { class: '22' }, value: 1 }]);
});

/** The lock is held, on a connection outside the pool, until `release` is called. */
async function heldLock(): Promise<{ readonly holder: Promise<void>; readonly release: () => void }> {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const holder = test.database.transaction(async (queries) => {
    await queries.query('SELECT pg_advisory_xact_lock(6)');
    held.resolve();
    await released.promise;
  });
  await Promise.race([held.promise, holder]);
  return { holder, release: () => released.resolve() };
}
