/**
 * Looks once a second at everything that a load test uses: the processes of the server, its projector and its
 * PostgreSQL, the generator, the machine, and what the server says of itself; and asks the server whether it
 * is up. It must cost little, because it shares the machine: memory of PostgreSQL, which takes long to add
 * up, is looked at every few seconds and kept in between.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestText } from '../../adapters/http/request.ts';
import { type Buckets, figuresOf, quantileBetween, scrape } from './exporter.ts';
import type { TargetServer } from './place.ts';
import {
  childrenOf,
  commandLineOf,
  cores,
  cpuTimeOf,
  machineBusySeconds,
  proportionalBytesOf,
  residentBytesOf,
} from './processes.ts';
import type { ResourceRow } from './result.ts';

export const sampleMs = 1_000;
/** What takes longer has failed: the next look is due then. */
export const probeMsMax = 1_000;
const scrapeMsMax = 900;
/** Adding up the pages of some twenty backends takes tens of milliseconds. */
const postgresMemoryEverySamples = 5;

export interface Watched {
  readonly targets: readonly TargetServer[];
  /** Undefined where they are not on this machine, or not known. */
  readonly processes: WatchedProcesses | undefined;
}

export interface WatchedProcesses {
  readonly servers: readonly number[];
  readonly postmaster: number | undefined;
}

/** The database's statements up to an instant, for a quantile over more than a second. */
export interface DatabaseLook {
  readonly second: number;
  readonly buckets: Buckets;
}

type Cpu = ResourceRow['cpu'];

/** Rows come in the order of their seconds, from `start` to `stop`. */
export class ResourceWatch {
  readonly rows: ResourceRow[] = [];
  readonly databaseLooks: DatabaseLook[] = [];
  readonly #watched: Watched;
  readonly #runStartedAtMs: number;
  readonly #stopping = new AbortController();
  #looking: Promise<void> | undefined;
  #before: { readonly atMs: number; readonly cpu: Cpu } | undefined;
  #postgresBytes: number | undefined;
  #samples = 0;

  constructor(watched: Watched, runStartedAtMs: number) {
    this.#watched = watched;
    this.#runStartedAtMs = runStartedAtMs;
  }

  start(): void {
    this.#before = { atMs: performance.now(), cpu: this.#cpuSeconds() };
    this.#looking = this.#lookOn();
  }

  /** Resolves when nothing is being looked at any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
  }

  async #lookOn(): Promise<void> {
    const { signal } = this.#stopping;
    const firstAtMs = performance.now();
    for (let turn = 1; !signal.aborted; turn += 1) {
      const waitMs = firstAtMs + turn * sampleMs - performance.now();
      await sleep(Math.max(0, waitMs), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const { targets } = this.#watched;
    const second = (Date.now() - this.#runStartedAtMs) / 1_000;
    const cpu = this.#cpuShares();
    const memory = this.#memory();
    const [expositions, up] = await Promise.all([
      Promise.all(
        targets.map(async ({ metricsUrl }) =>
          metricsUrl === undefined ? undefined : scrape(metricsUrl, scrapeMsMax),
        ),
      ),
      allUp(targets),
    ]);
    const known = expositions.filter((each) => each !== undefined);
    const { figures, database } = figuresOf(known);
    const earlier = this.databaseLooks.at(-1)?.buckets ?? [];
    const databaseP99 = quantileBetween(earlier, database, 0.99);
    // Where one of several servers was not heard, its counts would seem to have gone back.
    if (known.length === targets.length) this.databaseLooks.push({ second, buckets: database });
    this.rows.push({
      second,
      cpu,
      memory,
      ...figures,
      databaseP99Ms: databaseP99 === undefined ? undefined : databaseP99 * 1_000,
      up,
    });
  }

  #cpuShares(): Cpu {
    const atMs = performance.now();
    const cpu = this.#cpuSeconds();
    const before = this.#before ?? { atMs: atMs - sampleMs, cpu };
    const coreSeconds = ((atMs - before.atMs) / 1_000) * cores;
    this.#before = { atMs, cpu };
    // A process that ended meanwhile takes its time with it, where nobody waited for it.
    const share = (now: number, then: number) => Math.max(0, (now - then) / coreSeconds);
    const shareOf = (part: 'server' | 'projector' | 'postgres') => {
      const [now, then] = [cpu[part], before.cpu[part]];
      return now === undefined || then === undefined ? undefined : share(now, then);
    };
    return {
      server: shareOf('server'),
      projector: shareOf('projector'),
      postgres: shareOf('postgres'),
      generator: share(cpu.generator, before.cpu.generator),
      machine: share(cpu.machine, before.cpu.machine),
    };
  }

  #cpuSeconds(): Cpu {
    const { servers, postmaster } = this.#watched.processes ?? {};
    const projectors = projectorsOf(servers);
    const own = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + (cpuTimeOf(pid)?.own ?? 0), 0);
    // The time of backends that have ended is their parent's: this sum never goes back.
    const postgres = (parent: number) =>
      own([parent, ...childrenOf(parent)]) + (cpuTimeOf(parent)?.ended ?? 0);
    const { user, system } = process.cpuUsage();
    return {
      server: servers && own(servers),
      projector: projectors && own(projectors),
      postgres: postmaster && postgres(postmaster),
      generator: (user + system) / 1_000_000,
      machine: machineBusySeconds() ?? 0,
    };
  }

  #memory(): ResourceRow['memory'] {
    const { servers, postmaster } = this.#watched.processes ?? {};
    const projectors = projectorsOf(servers);
    const resident = (pids: readonly number[]) =>
      pids.reduce((sum, pid) => sum + (residentBytesOf(pid) ?? 0), 0);
    if (postmaster !== undefined && this.#samples % postgresMemoryEverySamples === 0) {
      const pids = [postmaster, ...childrenOf(postmaster)];
      this.#postgresBytes = pids.reduce((sum, pid) => sum + (proportionalBytesOf(pid) ?? 0), 0);
    }
    this.#samples += 1;
    return {
      server: servers && resident(servers),
      projector: projectors && resident(projectors),
      postgres: this.#postgresBytes,
      generator: process.memoryUsage.rss(),
    };
  }
}

/** Undefined where no server has any. */
function projectorsOf(servers: readonly number[] | undefined): readonly number[] | undefined {
  const found = servers?.flatMap((server) =>
    childrenOf(server).filter((pid) => commandLineOf(pid).includes('projector')),
  );
  return found?.length === 0 ? undefined : found;
}

/** Whether every server says in time that it can do its work. */
async function allUp(targets: readonly TargetServer[]): Promise<boolean> {
  const answers = await Promise.all(
    targets.map(async ({ url, certificate }) => {
      const signal = AbortSignal.timeout(probeMsMax);
      const asked = requestText(new URL('/readyz', url), { signal }, certificate);
      return asked.then(
        ({ status }) => status === 200,
        () => false,
      );
    }),
  );
  return answers.every(Boolean);
}
