/**
 * One spell of projecting what this process owns: the live builds of each partition together, each new build
 * beside them until it has caught up and takes its place. It ends when it is told to, when everything is
 * done, or when something changed hands: whoever runs it then looks anew at what there is to own.
 *
 * It must never outlive its ownership by more than one refused batch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../domain/errors.ts';
import type { RunningProjection } from './batch.ts';
import type { BuildKey, RunnableBuild } from './build.ts';
import type { Checkpoint } from './checkpoint.ts';
import { mayPass } from './database-errors.ts';
import { dropRetired } from './install.ts';
import { beat, beatMs, isAnyFree } from './ownership.ts';
import { hasRequests } from './parking.ts';
import { PartitionProjector } from './partition-projector.ts';
import { batchEventsMaxDefault, type ProjectorOptions } from './projector-options.ts';
import type { Database } from './sql.ts';
import { switchTo } from './switch-build.ts';
import { buildTableName } from './table.ts';

/** How long a build that could not take the live one's place waits before it goes on. */
const switchAgainMs = 100;

export interface RoundOptions extends ProjectorOptions {
  /** What is to be projected, whether this process owns it or not. */
  readonly builds: readonly RunnableBuild[];
  /** Aborted when others may think that this process is gone. */
  readonly lost: AbortSignal;
}

export class ProjectorRound {
  readonly #options: RoundOptions;
  readonly #owned: readonly Checkpoint[];
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly #projectors = new Set<PartitionProjector>();
  #failure: { readonly cause: unknown } | undefined;

  /** `owned`: the checkpoints with the epoch that is ours. */
  constructor(options: RoundOptions, owned: readonly Checkpoint[]) {
    this.#options = options;
    this.#owned = owned;
    this.#signal = AbortSignal.any([options.signal, options.lost, this.#end.signal]);
  }

  async run(): Promise<void> {
    await assertSameLog(this.#options, this.#owned);
    const { builds, untilCaughtUp = false } = this.#options;
    const live = builds.filter(({ state }) => state === 'live');
    const building = builds.filter(({ state }) => state === 'building');
    const works = [this.#project(live, untilCaughtUp), this.#finish(building)];
    const beating = this.#beat().catch((error: unknown) => this.#fail(error));
    await Promise.all(works.map((work) => work.catch((error: unknown) => this.#fail(error))));
    this.#end.abort();
    await beating;
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** Projects builds that belong together, every partition beside the others, as far as they are ours. */
  async #project(builds: readonly RunnableBuild[], untilCaughtUp: boolean): Promise<void> {
    const { reader } = this.#options;
    const partitions = Array.from({ length: reader.partitions }, (_, partition) => partition);
    const runs = partitions.map((partition) => this.#projectPartition(builds, partition, untilCaughtUp));
    // All have ended before the caller hears of a failure.
    await Promise.all(runs.map((run) => run.catch((error: unknown) => this.#fail(error))));
  }

  async #projectPartition(
    builds: readonly RunnableBuild[],
    partition: number,
    untilCaughtUp: boolean,
  ): Promise<void> {
    const { batchEventsMax = batchEventsMaxDefault, onProgress, onNote } = this.#options;
    const projections = builds.flatMap((build) => this.#runningOf(build, partition) ?? []);
    if (projections.length === 0) return;
    const projector = new PartitionProjector({
      ...this.#options,
      partition,
      projections,
      isLive: builds.every(({ state }) => state === 'live'),
      signal: this.#signal,
      untilCaughtUp,
      batchEventsMax,
      onProgress: onProgress ?? (() => undefined),
      onNote: onNote ?? (() => undefined),
    });
    this.#projectors.add(projector);
    await projector.run().finally(() => this.#projectors.delete(projector));
  }

  #runningOf({ projection, build }: RunnableBuild, partition: number): RunningProjection | undefined {
    const { workflows, calendars } = this.#options;
    const own = this.#owned.find(
      (each) => each.projection === projection.name && each.build === build && each.partition === partition,
    );
    if (own === undefined) return undefined;
    const nameOf = (table: { readonly name: string }) => buildTableName(table, build);
    const fold = projection.start({ workflows, calendars, nameOf });
    const { epoch, position } = own;
    return { projection, build, fold, epoch, position, parked: new Set(), refused: undefined };
  }

  /** Brings new builds to where the live ones are and lets them take their place; then the round is over. */
  async #finish(builds: readonly RunnableBuild[]): Promise<void> {
    const { database, views, clock, onNote } = this.#options;
    const own = builds.filter((build) => this.#owned.some((each) => isSame(each, keyOf(build))));
    while (own.length > 0 && !this.#signal.aborted) {
      await this.#project(own, true);
      if (this.#signal.aborted) return;
      for (const build of own) await analyzeTables(database, build);
      const outcome = await switchTo(database, { builds: own, views, now: clock.now() });
      if (outcome === 'switched') {
        for (const { projection, build } of own)
          onNote?.(`${projection.name}: readers now see build ${build}`);
        await dropRetired(database);
        this.#end.abort();
      } else {
        await sleep(switchAgainMs, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  /** Says every second that this owner is alive, and looks at what others want. */
  async #beat(): Promise<void> {
    const { reader, database, owner, builds } = this.#options;
    const owned = this.#owned.map(({ projection, build }) => ({ projection, build }));
    while (!this.#signal.aborted) {
      try {
        const logHeads = await Promise.all(
          Array.from({ length: reader.partitions }, (_, partition) => reader.head(partition)),
        );
        const held = await beat(database, { owner, checkpoints: this.#owned, logHeads });
        const others = builds.map(keyOf).filter((key) => !owned.some((each) => isSame(each, key)));
        if (held < this.#owned.length || (await isAnyFree(database, others))) this.#end.abort();
        else if (await hasRequests(database, owned)) for (const each of this.#projectors) each.attend();
      } catch (error) {
        // Whoever projects meets the same trouble, and has the bounds for it.
        if (!mayPass(error)) throw error;
      }
      await sleep(beatMs, undefined, { signal: this.#signal }).catch(() => undefined);
    }
  }

  /** To be replaced is no failure: whoever runs the round stands by from now on. */
  #fail(cause: unknown): void {
    if (cause instanceof Fault && cause.code === 'projector_fenced') this.#options.onNote?.(cause.message);
    else this.#failure ??= { cause };
    this.#end.abort();
  }
}

/** Rows beyond the end of the log were made from another one; going on would mix the two. */
async function assertSameLog({ reader }: RoundOptions, owned: readonly Checkpoint[]): Promise<void> {
  for (const { projection, partition, position } of owned) {
    const head = await reader.head(partition);
    if (position <= head) continue;
    const what = `${projection} holds events up to position ${position} of partition ${partition}`;
    const advice = 'use the log that it was made from, or drop the schema docket to rebuild it';
    throw new Fault('projection_failed', `${what}, but this log ends at ${head}; ${advice}`);
  }
}

/** The planner must not take new tables for empty ones when readers come to them. */
async function analyzeTables(database: Database, { projection, build }: RunnableBuild): Promise<void> {
  const tables = projection.tables.map((table) => buildTableName(table, build));
  await database.execute(`ANALYZE ${tables.join(', ')}`);
}

function keyOf({ projection, build }: RunnableBuild): BuildKey {
  return { projection: projection.name, build };
}

function isSame(left: BuildKey, right: BuildKey): boolean {
  return left.projection === right.projection && left.build === right.build;
}
