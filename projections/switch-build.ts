/**
 * A finished build takes the place of the live one: in one transaction, so that readers see either the old
 * rows or the new ones, and never a position that lies before one they saw.
 */
import type { EpochMs } from '../domain/ticket/values.ts';
import { forgetBuild, type RunnableBuild } from './build.ts';
import { installLockKey } from './install.ts';
import { instantText } from './instants.ts';
import { ensureRelations, showBuild } from './relations.ts';
import type { Database, Queries } from './sql.ts';
import type { Relation } from './view.ts';

/**
 * How long the switch waits for readers of the old rows. While it waits, new readers queue up behind it, so it
 * gives up soon and tries again.
 */
export const switchLockMsMax = 1_000;

/** `behind`: the live build is further on, so the new one must go on first. `busy`: readers were in the way. */
export type SwitchOutcome = 'switched' | 'behind' | 'busy';

export interface SwitchOptions {
  readonly build: RunnableBuild;
  /** The analysts' views, made again where the columns below them changed. */
  readonly views: readonly Relation[];
  readonly now: EpochMs;
}

export async function switchTo(database: Database, options: SwitchOptions): Promise<SwitchOutcome> {
  const { projection, build } = options.build;
  try {
    return await database.transaction(async (sql) => {
      await sql.execute(`SET LOCAL lock_timeout = ${switchLockMsMax}`);
      await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
      const [live] = await sql.query<{ build: number }>(
        "SELECT build FROM docket.projection_build WHERE projection = $1 AND state = 'live'",
        [projection.name],
      );
      if (live !== undefined) {
        if (!(await hasCaughtUp(sql, projection.name, build, live.build))) return 'behind';
        await sql.execute(
          "UPDATE docket.projection_build SET state = 'retired' WHERE projection = $1 AND build = $2",
          [projection.name, live.build],
        );
        // Its projector is refused from here on, and takes over the new build.
        await forgetBuild(sql, { projection: projection.name, build: live.build });
      }
      await sql.execute(
        `UPDATE docket.projection_build SET state = 'live', live_since = $3
WHERE projection = $1 AND build = $2`,
        [projection.name, build, instantText(options.now)],
      );
      await showBuild(sql, projection.tables, build);
      await ensureRelations(sql, options.views);
      return 'switched';
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '55P03') return 'busy';
    throw error;
  }
}

/** Locks the live build's checkpoints, so that it can not move on before the switch. */
async function hasCaughtUp(sql: Queries, projection: string, build: number, live: number): Promise<boolean> {
  const rows = await sql.query<{ build: number; partition: number; position: number }>(
    `SELECT build, partition, position FROM docket.projection_checkpoint
WHERE projection = $1 AND build = ANY($2::integer[]) ORDER BY build, partition FOR UPDATE`,
    [projection, [build, live]],
  );
  const reached = new Map(
    rows.filter((each) => each.build === build).map(({ partition, position }) => [partition, position]),
  );
  return rows.every((each) => each.position <= (reached.get(each.partition) ?? 0));
}
