/**
 * The projector: tails the log and keeps read models in PostgreSQL, each event exactly once. It makes the
 * tables where there are none and then, over and over: takes over what nobody projects, and projects it until
 * something changes hands. Where others have everything it stands by. It never skips an event in silence.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildKey, isCurrent, type RunnableBuild, readBuilds } from './build.ts';
import { readLiveCheckpoints } from './checkpoint.ts';
import { mayPass } from './database-errors.ts';
import { install } from './install.ts';
import { beatMs, claimFree, release } from './ownership.ts';
import { retryCountMax, retryDelayMsMax, retryDelayMsMin } from './partition-projector.ts';
import type { ProjectorOptions } from './projector-options.ts';
import { ProjectorRound } from './projector-round.ts';
import type { Database, Session } from './sql.ts';

/**
 * Throws `Fault('projection_failed')` for what no projector can go on from,
 * `Fault('database_unavailable')` when a bounded number of tries is used up, and what the reader throws.
 */
export async function runProjector(options: ProjectorOptions): Promise<void> {
  const { reader, database, projections, views, calendars, clock, signal } = options;
  if (projections.length === 0) return;
  const partitions = reader.partitions;
  await install(database, { projections, views, calendars, partitions, now: clock.now() });
  const presence = new Presence(database);
  let standsBy = false;
  try {
    while (!signal.aborted) {
      const { sessionPid, lost } = await patiently(() => presence.show(), signal);
      const wanted = await patiently(() => runnableBuilds(options), signal);
      const self = { name: options.owner, sessionPid };
      const claimed = await patiently(() => claimFree(database, wanted.map(keyOf), self), signal);
      if (claimed.length > 0) await new ProjectorRound({ ...options, builds: wanted, lost }, claimed).run();
      if (await isDone(options)) return;
      if (claimed.length > 0) continue;
      if (!standsBy) options.onNote?.('another projector is at work; this one stands by');
      standsBy = true;
      await sleep(beatMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    // Whoever stands by may go on at once; where that can not be said, they find out by the silence.
    await release(database, options.owner).catch(() => undefined);
    await presence.end();
  }
}

/** The session by which others see that this process lives. */
class Presence {
  readonly #database: Database;
  #shown: { readonly session: Session; readonly sessionPid: number; readonly lost: AbortSignal } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Opens one where there is none, or none any more. */
  async show(): Promise<{ readonly sessionPid: number; readonly lost: AbortSignal }> {
    if (this.#shown !== undefined && !this.#shown.lost.aborted) return this.#shown;
    const session = await this.#database.session();
    const lost = new AbortController();
    void session.ended.then(() => lost.abort());
    const [row] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    this.#shown = { session, sessionPid: row?.pid ?? 0, lost: lost.signal };
    return this.#shown;
  }

  async end(): Promise<void> {
    await this.#shown?.session.close();
  }
}

/**
 * The builds that this release can project and that need it: what readers see, unless another version or
 * other calendars made it, and otherwise what is to take its place.
 */
async function runnableBuilds(options: ProjectorOptions): Promise<readonly RunnableBuild[]> {
  const { database, projections, calendars, onlyBuilding } = options;
  const builds = await readBuilds(database);
  return projections.flatMap((projection): readonly RunnableBuild[] => {
    const current = builds.filter(
      (each) => each.projection === projection.name && isCurrent(each, projection, calendars),
    );
    const live = current.find((each) => each.state === 'live');
    const building = current.findLast((each) => each.state === 'building');
    const wanted = onlyBuilding ? building : (live ?? building);
    if (wanted === undefined) return [];
    return [{ projection, build: wanted.build, state: wanted === live ? 'live' : 'building' }];
  });
}

/** Whether nothing is left to do for one who was to come back. */
async function isDone(options: ProjectorOptions): Promise<boolean> {
  const { database, reader, onlyBuilding, untilCaughtUp } = options;
  const builds = await runnableBuilds(options);
  if (onlyBuilding) return builds.length === 0;
  if (!untilCaughtUp || builds.some(({ state }) => state === 'building')) return false;
  const checkpoints = await readLiveCheckpoints(database);
  for (let partition = 0; partition < reader.partitions; partition += 1) {
    const head = await reader.head(partition);
    const own = checkpoints.filter((each) => each.partition === partition);
    const isBehind = ({ projection }: RunnableBuild) =>
      own.some((each) => each.projection === projection.name && each.position < head);
    if (builds.some(isBehind)) return false;
  }
  return true;
}

/** Tries again, a bounded number of times, where that may help. */
async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || retries >= retryCountMax || signal.aborted) throw error;
      const delayMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** retries);
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

function keyOf({ projection, build }: RunnableBuild): BuildKey {
  return { projection: projection.name, build };
}
