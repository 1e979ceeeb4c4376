/**
 * Who projects what: at most one process for each build and partition. An owner keeps a session open and says
 * every second that it is alive; one whose session is gone, or who has been silent for three, is replaced by
 * whoever stands by. What really keeps a replaced owner out is the epoch that its checkpoints carry, never a
 * clock: it may have been paused, and go on.
 *
 * All times here are the database's own, so the clocks of the machines need not agree.
 */
import type { EpochMs } from '../domain/ticket/values.ts';
import type { BuildKey } from './build.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Database, Queries } from './sql.ts';
import { column, optionalColumn, type Table } from './table.ts';

/** How often an owner says that it is alive, and how often one who waits looks. */
export const beatMs = 1_000;
/** Silent for this long, an owner counts as gone. With the two above, a standby takes over within 5 s. */
export const silentMsMax = 3_000;
/** How long a takeover waits for locks of an owner that was just cut off. */
const lockMsMax = 2_000;

export interface Owned {
  readonly projection: string;
  readonly build: number;
  readonly partition: number;
  readonly owner: string | null;
  readonly alive_at: EpochMs | null;
  readonly log_head: number | null;
  readonly session_pid: number | null;
}

export const ownerTable: Table<Owned> = {
  name: 'projection_owner',
  meaning: 'Which process projects each build of each read model.',
  key: ['projection', 'build', 'partition'],
  fixed: [],
  fillPercent: 10,
  indexes: {},
  columns: [
    column('projection', 'text', 'The read model.', (e) => e.projection),
    column('build', 'integer', 'Which build of it.', (e) => e.build),
    column('partition', 'integer', 'The partition of the log.', (e) => e.partition),
    optionalColumn('owner', 'text', 'The process that projects it; NULL for nobody.', (e) => e.owner),
    optionalColumn(
      'alive_at',
      'timestamptz',
      'When the owner last said that it is alive.',
      (e) => e.alive_at,
    ),
    optionalColumn(
      'log_head',
      'bigint',
      "Position of the partition's last event, as the owner then saw it.",
      (e) => e.log_head,
    ),
    optionalColumn(
      'session_pid',
      'integer',
      "Process id of the owner's session in the database: gone, so is the owner.",
      (e) => e.session_pid,
    ),
  ],
};

/** A process that projects. */
export interface Owner {
  /** Unlike every other's. */
  readonly name: string;
  /** The server process of a session that it keeps open for as long as it lives. */
  readonly sessionPid: number;
}

/** What somebody else may take over; `$1` and `$2` are the builds and `$3` is the longest silence. */
const isFree = `(owner IS NULL OR alive_at < clock_timestamp() - $3 * interval '1 millisecond'
  OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = session_pid))`;

/** The name that an owner's connections carry in pg_stat_activity; PostgreSQL keeps 63 characters of it. */
export function applicationNameOf(owner: string): string {
  return `docket projector ${owner}`.slice(0, 63);
}

/**
 * Takes over whatever of these builds nobody owns, in every partition, and answers its checkpoints with the
 * epoch that is now ours. From then on, whoever had them before can commit nothing more; a former owner that
 * still holds a transaction open is cut off from the database, because it may be paused for good.
 */
export async function claimFree(
  database: Database,
  builds: readonly BuildKey[],
  { name, sessionPid }: Owner,
): Promise<readonly Checkpoint[]> {
  if (builds.length === 0) return [];
  return database.transaction(async (sql) => {
    await sql.execute(`SET LOCAL lock_timeout = ${lockMsMax}`);
    const claimed = await sql.query<Owned>(
      `WITH free AS (
  SELECT projection, build, partition, owner FROM docket.projection_owner
  JOIN unnest($1::text[], $2::integer[]) AS wanted (projection, build) USING (projection, build)
  WHERE owner = $4 OR ${isFree}
  ORDER BY projection, build, partition FOR UPDATE OF projection_owner SKIP LOCKED
)
UPDATE docket.projection_owner AS mine SET owner = $4, session_pid = $5, alive_at = clock_timestamp() FROM free
WHERE (mine.projection, mine.build, mine.partition) = (free.projection, free.build, free.partition)
RETURNING mine.projection, mine.build, mine.partition, free.owner`,
      [...columnsOf(builds), silentMsMax, name, sessionPid],
    );
    const former = new Set(claimed.flatMap((each) => each.owner ?? []));
    former.delete(name);
    if (former.size > 0) await cutOff(sql, [...former]);
    return raiseEpochs(sql, claimed);
  });
}

/** Whether somebody could take over any of these now. */
export async function isAnyFree(queries: Queries, builds: readonly BuildKey[]): Promise<boolean> {
  const [row] = await queries.query<{ free: boolean | null }>(
    `SELECT bool_or(${isFree}) AS free
FROM docket.projection_owner
JOIN unnest($1::text[], $2::integer[]) AS wanted (projection, build) USING (projection, build)`,
    [...columnsOf(builds), silentMsMax],
  );
  return row?.free === true;
}

export interface Beat {
  readonly owner: string;
  readonly checkpoints: readonly Checkpoint[];
  /** By partition. */
  readonly logHeads: readonly number[];
}

/** Says that the owner is alive. Answers how many of its builds and partitions are still its own. */
export async function beat(queries: Queries, { owner, checkpoints, logHeads }: Beat): Promise<number> {
  return queries.execute(
    `UPDATE docket.projection_owner AS mine SET alive_at = clock_timestamp(), log_head = head
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[]) AS held (projection, build, partition, head)
WHERE (mine.projection, mine.build, mine.partition) = (held.projection, held.build, held.partition)
  AND owner = $5`,
    [
      ...columnsOf(checkpoints),
      checkpoints.map(({ partition }) => partition),
      checkpoints.map(({ partition }) => logHeads[partition] ?? 0),
      owner,
    ],
  );
}

/** Lets go of everything at once, so that a standby need not wait until the owner counts as gone. */
export async function release(queries: Queries, owner: string): Promise<void> {
  await queries.execute(
    'UPDATE docket.projection_owner SET owner = NULL, session_pid = NULL, alive_at = NULL WHERE owner = $1',
    [owner],
  );
}

async function cutOff(sql: Queries, owners: readonly string[]): Promise<void> {
  await sql.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = ANY($1::text[])`,
    [owners.map(applicationNameOf)],
  );
}

async function raiseEpochs(sql: Queries, claimed: readonly Owned[]): Promise<readonly Checkpoint[]> {
  return sql.query<Checkpoint>(
    `WITH mine AS (
  SELECT projection, build, partition FROM docket.projection_checkpoint
  JOIN unnest($1::text[], $2::integer[], $3::integer[]) AS held (projection, build, partition)
    USING (projection, build, partition)
  ORDER BY projection, build, partition FOR UPDATE OF projection_checkpoint
)
UPDATE docket.projection_checkpoint AS old SET epoch = epoch + 1, updated_at = clock_timestamp() FROM mine
WHERE (old.projection, old.build, old.partition) = (mine.projection, mine.build, mine.partition)
RETURNING old.*`,
    [...columnsOf(claimed), claimed.map(({ partition }) => partition)],
  );
}

function columnsOf(builds: readonly BuildKey[]): [string[], number[]] {
  return [builds.map(({ projection }) => projection), builds.map(({ build }) => build)];
}
