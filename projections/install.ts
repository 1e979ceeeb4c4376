/**
 * Makes the schemas and, for each projection, the build that this release needs: a first one, which readers
 * see at once, or one beside a live build that was made by another version or with other calendars. All in
 * one transaction under one lock: of several processes that start at once, each finds either nothing or
 * everything. It must never change the tables of a build that is there.
 */
import { Fault } from '../domain/errors.ts';
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { type Build, buildTable, createBuild, dropBuild, isCurrent, readBuilds } from './build.ts';
import { checkpointTable, isInstalled } from './checkpoint.ts';
import { isLockTimeout } from './database-errors.ts';
import { ownerTable } from './ownership.ts';
import { parkedTable } from './parking.ts';
import type { Projection } from './projection.ts';
import { ensureRelations, relationTable, showBuild } from './relations.ts';
import { roleStatements } from './roles.ts';
import type { Database, Sql } from './sql.ts';
import { projectionStatusView } from './status.ts';
import { createStatements, dataSchemaName, inOneGo, literal, qualifiedName, schemaName } from './table.ts';
import { createRelation, type Relation } from './view.ts';

/** Any number does, as long as nothing else in the database locks it: the letters of "docket". */
export const installLockKey = 0x646f636b6574;

export interface InstallOptions {
  readonly projections: readonly Projection[];
  readonly views: readonly Relation[];
  readonly calendars: Calendars;
  readonly partitions: number;
  readonly now: EpochMs;
}

/** Throws `Fault('projection_failed')` where the schema was made by a release that had no builds. */
export async function install(database: Database, options: InstallOptions): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
    await ensureSchema(sql);
    const builds = await readBuilds(sql);
    for (const projection of options.projections) await ensureBuild(sql, projection, builds, options);
    await ensureRelations(sql, options.views);
  });
  await dropRetired(database);
}

async function ensureSchema(sql: Sql): Promise<void> {
  if (await isInstalled(sql)) return assertHasBuilds(sql);
  await sql.execute(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
  const meaning = 'Read models of the Docket event log. Everything here can be rebuilt from the log.';
  await sql.execute(`COMMENT ON SCHEMA ${schemaName} IS ${literal(meaning)}`);
  // Rows that nobody's checkpoint speaks for are of no use.
  await sql.execute(`DROP SCHEMA IF EXISTS ${dataSchemaName} CASCADE`);
  await sql.execute(`CREATE SCHEMA ${dataSchemaName}`);
  const rows = `The rows behind the views of ${schemaName}, for each build of a read model. Read those views.`;
  await sql.execute(`COMMENT ON SCHEMA ${dataSchemaName} IS ${literal(rows)}`);
  for (const table of [checkpointTable, buildTable, ownerTable, parkedTable, relationTable]) {
    await sql.execute(inOneGo(createStatements(table, qualifiedName(table))));
  }
  await sql.execute(inOneGo(createRelation(projectionStatusView)));
  await sql.execute(searchPathStatement);
  // Rights on what comes later are given here too.
  for (const statement of roleStatements) await sql.execute(statement);
}

async function assertHasBuilds(sql: Sql): Promise<void> {
  const found = await sql.query('SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
    schemaName,
    buildTable.name,
  ]);
  if (found.length > 0) return;
  const message = `the schema ${schemaName} was made by an earlier release; DROP SCHEMA ${schemaName} CASCADE, and all of it is rebuilt from the log`;
  throw new Fault('projection_failed', message);
}

/**
 * Lets people write `SELECT * FROM ticket`. The schema comes last in the path, so that it never hides a table
 * that was there before; a path that somebody has set is left alone, and so is a database that is not ours.
 */
const searchPathStatement = `DO $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase,
      unnest(setconfig) AS setting
    WHERE datname = current_database() AND setting LIKE 'search_path=%'
  ) THEN
    EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, ${schemaName}', current_database());
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  NULL;
END $$`;

/**
 * A read model that is new in a filled database is built beside it first, like another version of one:
 * readers see it when it holds what the others hold.
 */
async function ensureBuild(
  sql: Sql,
  projection: Projection,
  builds: readonly Build[],
  { calendars, partitions, now }: InstallOptions,
): Promise<void> {
  const own = builds.filter((each) => each.projection === projection.name && each.state !== 'retired');
  if (own.some((each) => isCurrent(each, projection, calendars))) return;
  const state = builds.length === 0 ? 'live' : 'building';
  const build = await createBuild(sql, { projection, calendars, state, partitions, now });
  if (state === 'live') await showBuild(sql, projection.tables, build);
}

/** Tables of replaced builds, as soon as no statement reads them any more; a later start tries again. */
export async function dropRetired(database: Database): Promise<void> {
  const retired = (await readBuilds(database)).filter((each) => each.state === 'retired');
  for (const build of retired) {
    await database
      .transaction(async (sql) => {
        await sql.execute(`SET LOCAL lock_timeout = ${dropLockMsMax}`);
        await dropBuild(sql, build);
      })
      .catch((error: unknown) => {
        if (!isLockTimeout(error)) throw error;
      });
  }
}

const dropLockMsMax = 500;
