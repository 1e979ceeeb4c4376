/** Who may do what to the log in PostgreSQL: nobody changes it, and an admitted role can only append. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresLog } from '../../../../adapters/log/postgres/postgres-log.ts';
import { openPostgresReader } from '../../../../adapters/log/postgres/postgres-reader.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';
import type { Database } from '../../../../projections/sql.ts';
import { newEvent } from '../../../support/events.ts';
import { type TestDatabase, testDatabase } from '../../../support/postgres.ts';
import { clock, comment, readAll } from '../samples.ts';

const appendOnly = '55000';
const notPermitted = '42501';
const changes = ['event', 'command', 'gate'].flatMap((table) => [
  `UPDATE docket_log.${table} SET ${table === 'gate' ? 'format = 2' : 'ticket_id = NULL'}`,
  `DELETE FROM docket_log.${table}`,
  `TRUNCATE docket_log.${table}`,
]);

let shared: TestDatabase;
const databases: Database[] = [];
const roles: string[] = [];
beforeAll(async () => {
  shared = await testDatabase();
});
afterAll(async () => {
  for (const database of databases) await database.close();
  for (const role of roles) {
    await shared.database.execute(`DROP OWNED BY ${role} CASCADE`);
    await shared.database.execute(`DROP ROLE ${role}`);
  }
  await shared.drop();
});

/** A role without any privileges, and the database as it sees it. */
async function newRole(): Promise<{ role: string; database: Database }> {
  const role = `docket_test_${randomBytes(6).toString('hex')}`;
  await shared.database.execute(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
  const url = new URL(shared.url);
  url.username = role;
  url.password = 'secret';
  const database = openDatabase(url.href, { applicationName: 'docket-test-role' });
  roles.push(role);
  databases.push(database);
  return { role, database };
}

async function codeOf(database: Database, statement: string): Promise<unknown> {
  return database.execute(statement).then(
    () => 'done',
    (error: { code?: unknown }) => error.code,
  );
}

async function appendSome(database: Database): Promise<void> {
  const log = await openPostgresLog({ database, clock });
  const revision = await log.revisionOf('T-1');
  const event = newEvent(
    { type: 'WorkStarted', data: {} },
    { commandId: `c-${revision}`, commandDigest: 'd' },
  );
  const outcomes = await log.append([{ ticketId: 'T-1', expectedRevision: revision, events: [event] }]);
  expect(outcomes).toMatchObject([{ status: 'appended' }]);
  await log.close();
}

describe('the log in PostgreSQL', () => {
  test('is made once by processes that start at the same time, and says what everything is', async () => {
    const several = Array.from({ length: 6 }, () =>
      openDatabase(shared.url, { applicationName: 'docket-test-installer' }),
    );
    const logs = await Promise.all(several.map((database) => openPostgresLog({ database, clock })));
    for (const log of logs) await log.close();
    for (const database of several) await database.close();
    const silent = await shared.database.query(`SELECT c.relname, a.attname
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'docket_log'::regnamespace AND c.relkind = 'r' AND NOT a.attisdropped
  AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)`);
    expect(silent).toEqual([]);
  });

  test.each(changes)('refuses even a superuser: %s', async (statement) => {
    await appendSome(shared.database);
    expect(await codeOf(shared.database, statement)).toBe(appendOnly);
    const asReplica = shared.database.transaction(async (sql) => {
      await sql.execute('SET LOCAL session_replication_role = replica');
      await sql.execute(statement);
    });
    await expect(asReplica).rejects.toMatchObject({ code: appendOnly });
  });

  test('lets an admitted writer append, and do nothing else', async () => {
    await appendSome(shared.database);
    const { role, database } = await newRole();
    expect(await codeOf(database, 'SELECT FROM docket_log.event')).toBe(notPermitted);
    await shared.database.execute(`SELECT docket_log.admit_writer('${role}')`);
    await appendSome(database);
    const insert = "INSERT INTO docket_log.command VALUES ('x', 1, 1, 1, 'x', 'x')";
    for (const statement of [...changes, insert]) {
      expect(await codeOf(database, statement), statement).toBe(notPermitted);
    }
    expect(await codeOf(database, `SELECT docket_log.admit_writer('${role}')`)).toBe(notPermitted);
  });

  test('lets an admitted reader read, and not append', async () => {
    await appendSome(shared.database);
    const { role, database } = await newRole();
    await shared.database.execute(`SELECT docket_log.admit_reader('${role}')`);
    const reader = await openPostgresReader(database);
    expect((await readAll(reader)).length).toBe(await reader.head());
    await reader.close();
    const log = await openPostgresLog({ database, clock });
    await expect(log.append([comment('T-2', 0)])).rejects.toMatchObject({ code: 'log_failed' });
    await expect(log.append([comment('T-2', 0)])).rejects.toMatchObject({ code: 'log_failed' });
    await log.close();
  });

  test('takes the privilege to change it from its own owner', async () => {
    const own = await testDatabase();
    const { role } = await newRole();
    await own.database.execute(`GRANT CREATE ON DATABASE ${new URL(own.url).pathname.slice(1)} TO ${role}`);
    const url = new URL(own.url);
    url.username = role;
    url.password = 'secret';
    const database = openDatabase(url.href, { applicationName: 'docket-test-owner' });
    await appendSome(database);
    for (const table of ['event', 'command']) {
      for (const statement of changes.filter((each) => each.includes(`docket_log.${table}`))) {
        expect(await codeOf(database, statement), statement).toBe(notPermitted);
      }
    }
    await database.close();
    await own.drop();
  });

  test('is not opened where another release made it', async () => {
    const own = await testDatabase();
    await expect(openPostgresReader(own.database)).rejects.toMatchObject({ code: 'input_unreadable' });
    await own.database.execute('CREATE SCHEMA docket_log');
    await own.database.execute('CREATE TABLE docket_log.gate AS SELECT 1 AS id, 99 AS format');
    await expect(openPostgresLog({ database: own.database, clock })).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringContaining('format 99'),
    });
    await own.drop();
  });
});
