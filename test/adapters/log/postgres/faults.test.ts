/** What the log in PostgreSQL tells its callers when connections break, the server is away, or says no. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { pendingBytesMax } from '../../../../adapters/log/postgres/intake.ts';
import { openPostgresLog, type PostgresLog } from '../../../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';
import { Random } from '../../../../adapters/simulation/random.ts';
import type { Write } from '../../../../domain/ports.ts';
import type { Database, Session } from '../../../../projections/sql.ts';
import { newEvent } from '../../../support/events.ts';
import { type TestDatabase, testDatabase } from '../../../support/postgres.ts';
import { clock, comment, readAll } from '../samples.ts';
import { type BreakableNetwork, breakableNetwork } from './network.ts';

const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);
const applicationName = 'docket-test-faults';
const outageMsMax = 1_500;
const endedMin = 20;

let shared: TestDatabase;
let network: BreakableNetwork;
let database: Database;
let log: PostgresLog;
beforeAll(async () => {
  shared = await testDatabase();
});
afterAll(() => shared.drop());
beforeEach(async () => {
  await shared.database.execute('DROP SCHEMA IF EXISTS docket_log CASCADE');
  network = await breakableNetwork(shared.url);
  database = openDatabase(network.url, { applicationName });
  log = await openPostgresLog({ database, clock, outageMsMax });
});
afterEach(async () => {
  await log.close();
  await database.close();
  await network.close();
});

/** Keeps everybody from appending. */
async function holdGate(): Promise<Session> {
  const session = await shared.database.session();
  await session.execute('BEGIN');
  await session.execute('LOCK TABLE docket_log.gate IN EXCLUSIVE MODE');
  return session;
}

/** Ends the connections of the log, and answers how many there were. */
function endConnections(where = 'true'): Promise<number> {
  return shared.database.execute(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND ${where}`,
    [applicationName],
  );
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waits = 0; !(await holds()); waits += 1) {
    if (waits > 400) throw new Error('it did not happen within 4 s');
    await sleep(10);
  }
}

const positions = async () => (await readAll(log)).map((event) => event.position);
const isWaiting = async () =>
  (await endConnectionsCount("wait_event_type = 'Lock' AND query LIKE '%append%'")) > 0;
async function endConnectionsCount(where: string): Promise<number> {
  const rows = await shared.database.query(
    `SELECT FROM pg_stat_activity WHERE application_name = $1 AND ${where}`,
    [applicationName],
  );
  return rows.length;
}

const tagged = (ticketId: string, expectedRevision: number, commandId: string): Write => ({
  ticketId,
  expectedRevision,
  events: [newEvent({ type: 'WorkStarted', data: {} }, { commandId, commandDigest: 'd' })],
});

test('an append whose answer is lost is found, with its conflicts, and not done twice', async () => {
  await log.append([comment('A', 0), tagged('B', 0, 'c-1')]);
  for (const round of [0, 1, 2]) {
    network.swallowAnswers();
    const head = (await shared.database.query('SELECT FROM docket_log.event')).length;
    const appended = log.append([
      comment('A', round + 1),
      comment('A', 0),
      tagged(`C${round}`, 0, 'c-1'),
      { ...comment(`D${round}`, 0), also: [comment(`E${round}`, 0)] },
    ]);
    await until(async () => (await shared.database.query('SELECT FROM docket_log.event')).length > head);
    network.breakAndMend();
    expect(await appended).toEqual([
      { status: 'appended', position: head + 1, recordedAt: clock.now() },
      { status: 'conflict', ticketId: 'A', actualRevision: round + 2 },
      { status: 'conflict', ticketId: `C${round}`, actualRevision: 0 },
      { status: 'appended', position: head + 2, recordedAt: clock.now() },
    ]);
  }
  expect(await positions()).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
});

test('an append that did not get through is sent again, once what was left of it is ended', async () => {
  const gate = await holdGate();
  const first = log.append([comment('A', 0)]);
  const second = log.append([comment('A', 1)]);
  await until(isWaiting);
  // The client hears nothing any more, while the server still waits to do what it was asked.
  network.breakAndMend();
  await sleep(100);
  await gate.execute('ROLLBACK');
  await gate.close();
  expect(await first).toMatchObject([{ status: 'appended', position: 1 }]);
  expect(await second).toMatchObject([{ status: 'appended', position: 2 }]);
  expect(await positions()).toEqual([1, 2]);
});

test('connections that are ended at random cost nothing and double nothing', async () => {
  console.log(`ended connections: seed ${seed}`);
  await log.close();
  log = await openPostgresLog({ database, clock });
  const random = new Random(seed);
  let done = false;
  let ended = 0;
  let appended = 0;
  const appending = (async () => {
    for (let revision = 0; ended < endedMin && revision < 20_000; revision += 2) {
      const calls = [comment('A', revision), comment('A', revision + 1)].map((write) =>
        log.append([write, comment(`B${revision}`, 0), comment('A', 9_999)]),
      );
      const outcomes = (await Promise.all(calls)).map((each) => each.map(({ status }) => status));
      expect(outcomes).toEqual([
        ['appended', 'appended', 'conflict'],
        ['appended', 'conflict', 'conflict'],
      ]);
      appended = revision + 2;
    }
  })().finally(() => {
    done = true;
  });
  // It is awaited below, after the loop that it ends.
  appending.catch(() => undefined);
  while (!done) {
    await sleep(20 + random.below(100));
    ended += await endConnections();
  }
  await appending;
  expect(ended).toBeGreaterThanOrEqual(endedMin);
  expect(await positions()).toEqual(Array.from({ length: appended * 1.5 }, (_, index) => index + 1));
  expect(await log.revisionOf('A')).toBe(appended);
});

test('a server that is away for too long is a fault that may pass', async () => {
  await log.append([comment('A', 0)]);
  network.refuse();
  await endConnections();
  const calls = [comment('A', 1), comment('A', 2)].map((write) => log.append([write]));
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ status: 'rejected', reason: { code: 'database_unavailable', retry: true } });
  }
  network.breakAndMend();
  expect(await log.append([comment('A', 1)])).toMatchObject([{ status: 'appended', position: 2 }]);
});

test('more than may wait is refused as overload, and what waited is appended', async () => {
  const gate = await holdGate();
  const body = 'x'.repeat(4 * 1024 * 1024);
  const count = Math.ceil(pendingBytesMax / body.length) + 3;
  const calls = Array.from({ length: count }, (_, revision) => log.append([comment('A', revision, body)]));
  const settled = Promise.allSettled(calls);
  await sleep(100);
  await gate.execute('ROLLBACK');
  await gate.close();
  const refused = (await settled).filter((call) => call.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'overloaded', retry: true });
  expect(await log.revisionOf('A')).toBe(count - refused.length);
  expect(await log.append([comment('B', 0)])).toMatchObject([{ status: 'appended' }]);
});

test('a server that refuses to append stops the log for good', async () => {
  await log.append([comment('A', 0)]);
  await shared.database.execute('ALTER TABLE docket_log.event ADD CHECK (position < 2)');
  await expect(log.append([comment('A', 1)])).rejects.toMatchObject({ code: 'log_failed', retry: false });
  await expect(log.append([comment('A', 1)])).rejects.toMatchObject({ code: 'log_failed' });
  expect(await positions()).toEqual([1]);
});

test('a follower goes on after its connections were ended, and hears of events all the same', async () => {
  const abort = new AbortController();
  const seen: number[] = [];
  const following = (async () => {
    for await (const batch of log.read(1, { live: true, signal: abort.signal })) {
      seen.push(...batch.map(({ position }) => position));
    }
  })();
  for (let revision = 0; revision < 5; revision += 1) {
    await until(async () => (await endConnectionsCount("query LIKE 'LISTEN%'")) === 1);
    await log.append([comment('A', revision)]);
    await until(async () => seen.length === revision + 1);
    await endConnections();
  }
  abort.abort();
  await following;
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});
