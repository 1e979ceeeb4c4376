/** Analysts on a real server: they can read everything that is there or comes later, and change nothing. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { createAnalyst, dropAnalyst, isAnalystName, listAnalysts } from '../../projections/analysts.ts';
import { analystRole, roleStatements } from '../../projections/roles.ts';
import type { Database } from '../../projections/sql.ts';
import { buildTableName } from '../../projections/table.ts';
import { ticketTable } from '../../projections/ticket.ts';
import { isPassword, newPassword, passwordVerifier } from '../../scripts/runtime/password-verifier.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { project } from './databases.ts';
import { randomHistory } from './histories.ts';

// Roles belong to the server, which other test files share.
const name = `ana_${randomUUID().slice(0, 8)}`;
const password = 'a "quoted" pass\\word';
/** What lies behind `docket.ticket`. */
const ticketRows = buildTableName(ticketTable, 1);
let test: TestDatabase;
let analyst: Database;

beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, randomHistory({ seed: 4, events: 200, liveTickets: 10 }));
  for (const statement of [...roleStatements, ...roleStatements]) await test.database.execute(statement);
  expect(await createAnalyst(test.database, name, passwordVerifier(password))).toBe('created');
  analyst = await connect(name, password);
});
afterAll(async () => {
  await analyst.close();
  await dropAnalyst(test.database, name);
  await test.drop();
});

async function connect(user: string, secret: string): Promise<Database> {
  const url = new URL(test.url);
  url.username = user;
  url.password = encodeURIComponent(secret);
  return openDatabase(url.href, { applicationName: 'docket-test-analyst', connectionsMax: 1 });
}

/** By kind, as PostgreSQL itself lists what is in the schema. */
function relations(): Promise<readonly { name: string }[]> {
  return test.database.query(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'docket'::regnamespace AND relkind IN ('r', 'v', 'p', 'm')`,
  );
}

/** The right is missing, the transaction is read-only, or it is a view that nobody could write to. */
const refused = { code: expect.stringMatching(/^(42501|25006|55000)$/) };
/** The same without the read-only transaction. */
const notPermitted = { code: expect.stringMatching(/^(42501|55000)$/) };

/** Read-only transactions are only a default: what counts is what is refused without it. */
const writable = 'SET default_transaction_read_only = off';

describe('an analyst', () => {
  it('reads every table and view', async () => {
    const all = await relations();
    expect(all.map((each) => each.name)).toEqual(expect.arrayContaining(['ticket', 'ticket_event']));
    for (const each of all) await analyst.query(`SELECT * FROM docket.${each.name} LIMIT 1`);
    const [tickets] = await analyst.query<{ count: number }>('SELECT count(*) FROM ticket');
    expect(tickets?.count).toBeGreaterThan(0);
  });

  it('reads what is made later, and runs functions that are', async () => {
    await test.database.execute('CREATE VIEW docket.later AS SELECT 1 AS one');
    await test.database.execute(
      'CREATE FUNCTION docket.later() RETURNS integer LANGUAGE sql AS $$ SELECT one FROM docket.later $$',
    );
    expect(await analyst.query('SELECT docket.later() AS found')).toEqual([{ found: 1 }]);
    await test.database.execute('DROP FUNCTION docket.later()');
    await test.database.execute('DROP VIEW docket.later');
  });

  it('changes no row of anything', async () => {
    for (const each of await relations()) {
      for (const statement of [
        `DELETE FROM docket.${each.name}`,
        `INSERT INTO docket.${each.name} DEFAULT VALUES`,
      ]) {
        await expect(analyst.execute(statement), statement).rejects.toMatchObject(refused);
        await expect(refusedWithoutReadOnly(statement), statement).rejects.toMatchObject(notPermitted);
      }
    }
    const update = "UPDATE docket.ticket SET status = 'closed'";
    await expect(refusedWithoutReadOnly(update)).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    'TRUNCATE docket.projection_checkpoint',
    `TRUNCATE ${ticketRows}`,
    `SELECT FROM ${ticketRows}`,
    'CREATE TABLE docket.mine (id integer)',
    'CREATE TABLE public.mine (id integer)',
    'CREATE SCHEMA mine',
    'CREATE VIEW docket.mine AS SELECT 1 AS one',
    'CREATE FUNCTION docket.mine() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
    'CREATE INDEX mine ON docket.projection_checkpoint (position)',
    'DROP VIEW docket.ticket',
    'DROP TABLE docket.projection_checkpoint',
    'ALTER TABLE docket.projection_checkpoint ADD COLUMN mine integer',
    'CREATE ROLE mine',
    'CREATE DATABASE mine',
    "COPY docket.ticket TO '/tmp/mine'",
  ])('is refused %s', async (statement) => {
    const outcome = refusedWithoutReadOnly(statement);
    await expect(outcome).rejects.toMatchObject({ code: expect.stringMatching(/^(42501|01007)$/) });
  });

  it('has no read-only transaction to hide behind in these tests', async () => {
    await expect(refusedWithoutReadOnly('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
  });

  /** On a connection whose transactions may write; no transaction of ours, as some statements refuse one. */
  async function refusedWithoutReadOnly(statement: string): Promise<void> {
    const session = await analyst.session();
    try {
      await session.execute(writable);
      await session.execute(statement);
    } finally {
      await session.close();
    }
  }
});

describe('logins', () => {
  it('are listed with their connections, and only they', async () => {
    const listed = await listAnalysts(test.database);
    expect(listed).toContainEqual({ name, connections: expect.any(Number) });
    expect(listed.map((each) => each.name)).not.toContain('docket');
  });

  it('are not made twice, and not over another role', async () => {
    expect(await createAnalyst(test.database, name, passwordVerifier(newPassword()))).toBe('name_taken');
    expect(await createAnalyst(test.database, 'docket', passwordVerifier(newPassword()))).toBe('name_taken');
  });

  it('do not let in with another password', async () => {
    const other = await connect(name, 'a "quoted" pass\\wore');
    await expect(other.query('SELECT 1')).rejects.toThrow();
    await other.close();
  });

  it('are dropped, and nothing else is', async () => {
    const second = `${name}_2`;
    await createAnalyst(test.database, second, passwordVerifier(newPassword()));
    expect(await dropAnalyst(test.database, second)).toBe('dropped');
    expect(await dropAnalyst(test.database, second)).toBe('not_an_analyst');
    expect(await dropAnalyst(test.database, 'docket')).toBe('not_an_analyst');
    await expect(dropAnalyst(test.database, analystRole)).rejects.toThrow(/not a name/);
  });

  it.each([
    'docket_analyst',
    'pg_read_all_data',
    'Ana',
    'a b',
    'x; DROP ROLE docket',
    '',
    '1st',
    'a'.repeat(64),
  ])('are never called %j', (bad) => expect(isAnalystName(bad)).toBe(false));

  it('have passwords that are long and plain', () => {
    expect(isPassword(newPassword())).toBe(true);
    for (const bad of ['short', 'twelve chars\n', 'pässword with umlaut', 'x'.repeat(201)]) {
      expect(isPassword(bad), bad).toBe(false);
    }
  });
});

describe('a user who may not make roles', () => {
  it('gets the read models without the role, and no error', async () => {
    const owner = `${name}_owner`;
    await test.database.execute(`CREATE ROLE ${owner}`);
    await test.database.transaction(async (sql) => {
      await sql.execute(`CREATE SCHEMA other AUTHORIZATION ${owner}`);
      await sql.execute(`SET LOCAL ROLE ${owner}`);
      // As if the role had never been made: another name, nobody's schema.
      for (const statement of roleStatements) {
        await sql.execute(
          statement.replaceAll(analystRole, `${name}_group`).replaceAll('docket TO', 'other TO'),
        );
      }
    });
    const made = await test.database.query('SELECT FROM pg_roles WHERE rolname = $1', [`${name}_group`]);
    expect(made).toEqual([]);
    await test.database.execute('DROP SCHEMA other');
    await test.database.execute(`DROP ROLE ${owner}`);
  });
});
