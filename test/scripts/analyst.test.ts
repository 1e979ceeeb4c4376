/** `docket analyst` as an operator runs it: the login it prints works, reads, and can be taken away again. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { roleStatements } from '../../projections/roles.ts';
import { project } from '../projections/databases.ts';
import { docket, docketJsonWith } from '../support/docket.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';

const entry = join(import.meta.dirname, '../../scripts/docket.ts');
const name = `cli_${randomUUID().slice(0, 8)}`;
let test: TestDatabase;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  test = await testDatabase();
  settings = { DATABASE_URL: test.url };
  await project(test.database, []);
  for (const statement of roleStatements) await test.database.execute(statement);
});
afterAll(() => test.drop());

/** What somebody finds who connects with this password. */
async function ticketsSeenBy(url: string, password: string): Promise<unknown> {
  const own = new URL(url);
  own.password = encodeURIComponent(password);
  const database = openDatabase(own.href, { applicationName: 'docket-test-analyst', connectionsMax: 1 });
  return database.query('SELECT count(*) FROM docket.ticket').finally(() => database.close());
}

describe('docket analyst', () => {
  it('makes a login whose password is shown once, lists it, and drops it', async () => {
    const made = await docketJsonWith(settings, 'analyst', 'create', name);
    expect(made).toMatchObject({ name, url: expect.stringContaining(`//${name}@`) });
    const { url, password } = made as { url: string; password: string };
    expect(url).not.toContain(password);
    expect(await ticketsSeenBy(url, password)).toEqual([{ count: 0 }]);
    expect(await docketJsonWith(settings, 'analyst', 'list')).toContainEqual({ name, connections: 0 });
    await expect(docketJsonWith(settings, 'analyst', 'create', name)).rejects.toThrow(
      /ended with 1: .*has a role of that name/,
    );
    expect(await docketJsonWith(settings, 'analyst', 'drop', name)).toEqual({ name, dropped: true });
    await expect(ticketsSeenBy(url, password)).rejects.toThrow();
    await expect(docketJsonWith(settings, 'analyst', 'drop', name)).rejects.toThrow(/it is no analyst/);
  });

  it('takes a password from the standard input, and does not show it', async () => {
    const given = 'correct horse battery staple';
    const args = [entry, 'analyst', 'create', name, '--password-stdin', '--json'];
    const run = (input: string) =>
      spawnSync(process.execPath, args, { input, env: { ...process.env, ...settings }, encoding: 'utf8' });
    expect(run('short\n')).toMatchObject({ status: 2, stderr: expect.stringMatching(/12 to 200 printable/) });
    const { status, stdout } = run(`${given}\n`);
    expect(status).toBe(0);
    expect(stdout).not.toContain(given);
    expect(await ticketsSeenBy((JSON.parse(stdout) as { url: string }).url, given)).toEqual([{ count: 0 }]);
    await docketJsonWith(settings, 'analyst', 'drop', name);
  });

  it('says what a name must be', async () => {
    const { code, stderr } = await docket('analyst', 'create', 'Robert"; DROP');
    expect(code).toBe(2);
    expect(stderr).toMatch(/lower-case letters/);
  });
});
