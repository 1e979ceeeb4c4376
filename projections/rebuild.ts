/**
 * Begins new builds of read models beside those that readers see, and gives them up again. The projector
 * makes them and lets them take the live ones' place; an interrupted one is gone on with.
 */
import { Fault } from '../domain/errors.ts';
import type { Calendars } from '../domain/metrics/calendars.ts';
import type { EpochMs } from '../domain/ticket/values.ts';
import { createBuild, dropBuild, isCurrent, readBuilds } from './build.ts';
import { isInstalled } from './checkpoint.ts';
import { installLockKey } from './install.ts';
import type { Projection } from './projection.ts';
import type { Database, Sql } from './sql.ts';

export interface RebuildOptions {
  readonly projections: readonly Projection[];
  readonly calendars: Calendars;
  readonly partitions: number;
  readonly now: EpochMs;
}

/** Whether a new build was begun or one is gone on with, for each projection. */
export type Begun = Readonly<Record<string, 'begun' | 'resumed'>>;

/** To be followed by `runProjector` with `onlyBuilding`. Needs what `install` makes. */
export async function beginRebuild(database: Database, options: RebuildOptions): Promise<Begun> {
  const { projections, calendars, partitions, now } = options;
  return locked(database, async (sql) => {
    const builds = await readBuilds(sql);
    const begun: Record<string, 'begun' | 'resumed'> = {};
    for (const projection of projections) {
      const unfinished = builds.some(
        (each) =>
          each.projection === projection.name &&
          each.state === 'building' &&
          isCurrent(each, projection, calendars),
      );
      begun[projection.name] = unfinished ? 'resumed' : 'begun';
      if (!unfinished) await createBuild(sql, { projection, calendars, state: 'building', partitions, now });
    }
    return begun;
  });
}

/** Drops the unfinished builds of these projections. Answers how many there were. */
export async function abandonRebuild(
  database: Database,
  projections: readonly Pick<Projection, 'name'>[],
): Promise<number> {
  return locked(database, async (sql) => {
    const names = projections.map(({ name }) => name);
    const unfinished = (await readBuilds(sql)).filter(
      (each) => each.state === 'building' && names.includes(each.projection),
    );
    for (const build of unfinished) await dropBuild(sql, build);
    return unfinished.length;
  });
}

async function locked<T>(database: Database, work: (sql: Sql) => Promise<T>): Promise<T> {
  if (!(await isInstalled(database))) {
    throw new Fault('projection_failed', 'there are no read models in this database yet; run the projector');
  }
  return database.transaction(async (sql) => {
    await sql.execute('SELECT pg_advisory_xact_lock($1)', [installLockKey]);
    return work(sql);
  });
}
