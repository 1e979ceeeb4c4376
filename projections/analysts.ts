/**
 * Logins for people and dashboards that read: members of the role in projections/roles.ts, with nothing else.
 * It must never touch a role that is more than that, and never see a password: it is given what PostgreSQL
 * keeps in place of one.
 */
import { analystRole } from './roles.ts';
import type { Database } from './sql.ts';
import { literal } from './table.ts';

/** Names that need no quotes anywhere; PostgreSQL keeps `pg_` for itself. */
const namePattern = /^(?!pg_)[a-z][a-z0-9_]{0,62}$/;

/** How long one of their statements may run, unless they say otherwise. */
const statementSecondsMax = 60;

/** What PostgreSQL says where a right is missing, a name is taken, or a role still owns something. */
const notPermitted = '42501';
const nameTaken = '42710';
const stillOwns = '2BP01';

export interface Analyst {
  readonly name: string;
  /** How many connections it has now. */
  readonly connections: number;
}

export type CreateOutcome = 'created' | 'name_taken' | 'no_group' | 'not_permitted';
export type DropOutcome = 'dropped' | 'not_an_analyst' | 'owns_objects' | 'not_permitted';

export function isAnalystName(name: string): boolean {
  return namePattern.test(name) && name !== analystRole;
}

/**
 * Makes a login that can read. `verifier` is a password in the form that PostgreSQL stores.
 *
 * Read-only transactions are a default, which its owner may change; what it can not change is that it has no
 * right to write to anything.
 */
export async function createAnalyst(
  database: Database,
  name: string,
  verifier: string,
): Promise<CreateOutcome> {
  assertName(name);
  const groups = await database.query('SELECT FROM pg_roles WHERE rolname = $1', [analystRole]);
  if (groups.length === 0) return 'no_group';
  try {
    await database.transaction(async (sql) => {
      await sql.execute(`CREATE ROLE ${name} LOGIN PASSWORD ${literal(verifier)} IN ROLE ${analystRole}`);
      await sql.execute(`ALTER ROLE ${name} SET default_transaction_read_only = on`);
      await sql.execute(`ALTER ROLE ${name} SET statement_timeout = '${statementSecondsMax}s'`);
    });
    return 'created';
  } catch (error) {
    if (stateOf(error) === nameTaken) return 'name_taken';
    if (stateOf(error) === notPermitted) return 'not_permitted';
    throw error;
  }
}

/** By name. */
export async function listAnalysts(database: Database): Promise<readonly Analyst[]> {
  return database.query<Analyst>(`SELECT rolname AS name,
  (SELECT count(*) FROM pg_stat_activity WHERE usesysid = analyst.oid) AS connections
FROM pg_roles AS analyst WHERE ${onlyAnalyst} ORDER BY rolname`);
}

export async function dropAnalyst(database: Database, name: string): Promise<DropOutcome> {
  assertName(name);
  const found = await database.query(
    `SELECT FROM pg_roles AS analyst WHERE rolname = $1 AND ${onlyAnalyst}`,
    [name],
  );
  if (found.length === 0) return 'not_an_analyst';
  try {
    await database.execute(`DROP ROLE ${name}`);
    return 'dropped';
  } catch (error) {
    if (stateOf(error) === stillOwns) return 'owns_objects';
    if (stateOf(error) === notPermitted) return 'not_permitted';
    throw error;
  }
}

/** A login whose only group is ours, and which may nothing by itself. */
const onlyAnalyst = `rolcanlogin AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)
  AND (SELECT array_agg(roleid::regrole::text) FROM pg_auth_members WHERE member = analyst.oid)
    = ARRAY['${analystRole}']`;

/** Names go into statements that take no parameters. */
function assertName(name: string): void {
  if (!isAnalystName(name)) throw new TypeError(`not a name of an analyst: ${name}`);
}

function stateOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
