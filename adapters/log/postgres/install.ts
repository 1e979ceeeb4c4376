/**
 * Makes the tables and functions of the log in a database that has none yet. All in one transaction under one
 * lock: of several processes that start at once, each finds either nothing or everything. It must never
 * change what is there.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import type { Database, Queries } from '../../../projections/sql.ts';

/** Any number does, as long as nothing else in the database locks it: the letters of "log in". */
const installLockKey = 0x6c6f6720696e;
/** The version of the tables and functions that this release makes and uses. */
const format = 1;
/** In the order in which they rest on each other. */
const scripts = ['tables.sql', 'append-all.sql', 'append-each.sql', 'guards.sql'];

export async function install(database: Database): Promise<void> {
  if (await isInstalled(database)) return;
  const statements = await Promise.all(
    scripts.map((name) => readFile(join(import.meta.dirname, 'sql', name), 'utf8')),
  );
  await database.transaction(async (sql) => {
    await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
    if (await isInstalled(sql)) return;
    await assertUnicode(sql);
    for (const statement of statements) await sql.execute(statement);
  });
}

/** Throws where the log is there but another release made it. */
export async function isInstalled(sql: Queries): Promise<boolean> {
  // Not by to_regclass: what a connection remembers of names may be older than its statement.
  const [found] = await sql.query<{ there: boolean }>(
    `SELECT EXISTS (
  SELECT FROM pg_tables WHERE schemaname = 'docket_log' AND tablename = 'gate') AS there`,
  );
  if (found?.there !== true) return false;
  const [gate] = await sql.query<{ format: number }>('SELECT format FROM docket_log.gate');
  if (gate?.format === format) return true;
  const message = `schema docket_log has format ${gate?.format}, and this release reads format ${format}`;
  throw new Fault('input_unreadable', `${message}; use the release that made it`);
}

async function assertUnicode(sql: Queries): Promise<void> {
  const [row] = await sql.query<{ encoding: string }>(
    "SELECT current_setting('server_encoding') AS encoding",
  );
  if (row?.encoding === 'UTF8') return;
  const message = `the log needs a database with encoding UTF8, and this one has ${row?.encoding}`;
  throw new Fault('input_unreadable', `${message}; create one with ENCODING 'UTF8' TEMPLATE template0`);
}
