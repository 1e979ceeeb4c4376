/**
 * Makes the schema and the tables of projections that have none yet, and claims the projections for this
 * process. All in one transaction under one lock: of several processes that start at once, each finds either
 * nothing or everything. It must never change tables that another version made.
 */
import { Fault } from '../domain/errors.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { type Checkpoint, checkpointTable, isInstalled, readCheckpoints, takeOver } from './checkpoint.ts';
import { instantText } from './instants.ts';
import type { Projection } from './projection.ts';
import type { Database, Sql } from './sql.ts';
import { createStatements, literal, schemaName } from './table.ts';
import { createRelation, dropRelation, type Relation } from './view.ts';

/** Any number does, as long as nothing else in the database locks it: the letters of "docket". */
const installLockKey = 0x646f636b6574;

export interface Claim {
  readonly owner: string;
  readonly partitions: number;
  readonly now: EpochMs;
}

/** The checkpoints, with the epoch that is now ours. */
export async function installAndTakeOver(
  database: Database,
  projections: readonly Projection[],
  views: readonly Relation[],
  claim: Claim,
): Promise<readonly Checkpoint[]> {
  return database.transaction(async (sql) => {
    await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
    await ensureSchema(sql);
    const checkpoints = await readCheckpoints(sql);
    for (const projection of projections) await ensureTables(sql, projection, checkpoints, claim);
    for (const view of views.toReversed()) await sql.execute(dropRelation(view));
    for (const statement of views.flatMap(createRelation)) await sql.execute(statement);
    return takeOver(sql, projections, claim.owner, claim.now);
  });
}

async function ensureSchema(sql: Sql): Promise<void> {
  if (await isInstalled(sql)) return;
  await sql.execute(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
  const meaning = 'Read models of the Docket event log. Everything here can be rebuilt from the log.';
  await sql.execute(`COMMENT ON SCHEMA ${schemaName} IS ${literal(meaning)}`);
  for (const statement of createStatements(checkpointTable)) await sql.execute(statement);
  await sql.execute(searchPathStatement);
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

async function ensureTables(
  sql: Sql,
  projection: Projection,
  checkpoints: readonly Checkpoint[],
  { partitions, owner, now }: Claim,
): Promise<void> {
  const { name, version } = projection;
  const known = checkpoints.filter((each) => each.projection === name);
  const other = known.find((each) => each.version !== version);
  if (other !== undefined) {
    const what = `the tables of ${name} were made by its version ${other.version}, and this is version ${version}`;
    throw new Fault('projection_failed', `${what}; run the release that made them, or drop schema docket`);
  }
  if (known.length === 0) {
    for (const table of projection.tables) {
      for (const statement of createStatements(table)) await sql.execute(statement);
    }
  }
  await sql.execute(
    `INSERT INTO docket.projection_checkpoint (projection, version, partition, position, epoch, owner, updated_at)
SELECT $1, $2, partition, 0, 0, $3, $4 FROM generate_series(0, $5::integer - 1) AS partition
ON CONFLICT DO NOTHING`,
    [name, version, owner, instantText(now), partitions],
  );
}
