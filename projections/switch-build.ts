/**
 * Finished builds take the place of the live ones: in one transaction, so that readers see either the old
 * rows or the new ones, and never a position that lies before one they saw.
 */
import type { EpochMs } from '../domain/ticket/values.ts';
import { type BuildKey, forgetBuild, type RunnableBuild } from './build.ts';
import { isLockTimeout } from './database-errors.ts';
import { installLockKey } from './install.ts';
import { instantText } from './instants.ts';
import { ensureRelations, showBuild } from './relations.ts';
import type { Database, Queries } from './sql.ts';
import type { Relation } from './view.ts';

/**
 * How long the switch waits for readers of the old rows. While it waits, new readers queue up behind it, so
 * it gives up soon and tries again.
 */
export const switchLockMsMax = 1_000;

/**
 * `behind`: the live build is further on, so the new one must go on first. `busy`: readers were in the way.
 */
export type SwitchOutcome = 'switched' | 'behind' | 'busy';

export interface SwitchOptions {
  readonly builds: readonly RunnableBuild[];
  /** The analysts' views, made again where the columns below them changed. */
  readonly views: readonly Relation[];
  readonly now: EpochMs;
}

/** All of the builds, or none. */
export async function switchTo(database: Database, options: SwitchOptions): Promise<SwitchOutcome> {
  const { builds, views, now } = options;
  try {
    return await database.transaction(async (sql) => {
      await sql.execute(`SET LOCAL lock_timeout = ${switchLockMsMax}`);
      await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
      for (const build of builds) if (!(await hasCaughtUp(sql, build))) return 'behind';
      for (const build of builds) await makeLive(sql, build, now);
      await ensureRelations(sql, views);
      return 'switched';
    });
  } catch (error) {
    if (isLockTimeout(error)) return 'busy';
    throw error;
  }
}

/** Locks the live build's checkpoints, so that it can not move on before the switch. */
async function hasCaughtUp(sql: Queries, { projection, build }: RunnableBuild): Promise<boolean> {
  const rows = await sql.query<{ build: number; partition: number; position: number }>(
    `SELECT build, partition, position FROM docket.projection_checkpoint
JOIN docket.projection_build USING (projection, build)
WHERE projection = $1 AND (build = $2 OR state = 'live')
ORDER BY build, partition FOR UPDATE OF projection_checkpoint`,
    [projection.name, build],
  );
  const reached = new Map(
    rows.filter((each) => each.build === build).map(({ partition, position }) => [partition, position]),
  );
  return rows.every((each) => each.position <= (reached.get(each.partition) ?? 0));
}

/** The projector of the build that was live is refused from here on, and takes over the new one. */
async function makeLive(sql: Queries, { projection, build }: RunnableBuild, now: EpochMs): Promise<void> {
  const retired = await sql.query<BuildKey>(
    `UPDATE docket.projection_build SET state = 'retired' WHERE projection = $1 AND state = 'live'
RETURNING projection, build`,
    [projection.name],
  );
  for (const each of retired) await forgetBuild(sql, each);
  await sql.execute(
    `UPDATE docket.projection_build SET state = 'live', live_since = $3
WHERE projection = $1 AND build = $2`,
    [projection.name, build, instantText(now)],
  );
  await showBuild(sql, projection.tables, build);
}
