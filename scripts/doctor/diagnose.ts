/**
 * Gathers all that can be seen of a data folder, its server and its machine, then has every pattern looked
 * for. What can not be seen is told, and never keeps the rest from being looked at. It must change nothing:
 * not start a database, not take a lock, not mend a file.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgresReader } from '../../adapters/log/postgres/postgres-reader.ts';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { runningEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import { Fault } from '../../domain/errors.ts';
import { familyCpuSeconds } from '../bench/process-cpu.ts';
import type { LogOptions } from '../cli/options.ts';
import type { Sample } from '../measuring/sample.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { readHistory } from '../runtime/history.ts';
import { findServer, readServerRecord } from '../runtime/server-file.ts';
import { DatabaseWatch } from './database-watch.ts';
import { lookAtFiles } from './files.ts';
import type { Finding, Looked } from './finding.ts';
import { takeSample } from './live-samples.ts';
import {
  commandLine,
  listenOverflows,
  lookAtDisk,
  lookAtProcess,
  lookAtSockets,
  machineTimes,
  mainThreadTimes,
  queuedAt,
  reasonOf,
} from './machine.ts';
import { lookAtEvents } from './newest-events.ts';
import { slowMs } from './patterns/slow-queries.ts';
import { recogniseAll } from './patterns.ts';
import type { EventFacts, Facts, MachineCpu, ServerState } from './seen.ts';

export interface DiagnoseOptions extends LogOptions {
  /** PostgreSQL, where it is not the embedded one. */
  readonly databaseUrl: string | undefined;
  /** For how long to watch. */
  readonly seconds: number;
  /** How far to look back into the history. */
  readonly sinceMs: number;
  /** Between two samples. */
  readonly intervalMs: number;
  readonly procFolder?: string;
}

export interface Diagnosis {
  readonly server: ServerState;
  /** How many samples were taken now, and how many come from the history. */
  readonly liveSamples: number;
  readonly historySamples: number;
  /** Lines of the history that could not be read. */
  readonly historyUnreadable: number;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

/** Throws `Fault('input_unreadable')` where there is no such data folder. */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { dataDir, sinceMs } = options;
  if (!existsSync(dataDir)) {
    const message = `there is no data folder ${dataDir}: name the one that \`docket serve\` runs on with --data-dir`;
    throw new Fault('input_unreadable', message);
  }
  const procFolder = options.procFolder ?? '/proc';
  const history = await readHistory(dataDir, Date.now() - sinceMs);
  const found = await findServer(dataDir);
  const server = await stateOf(dataDir, procFolder, found !== undefined);
  const watched = await watch(options, procFolder, server, found?.metricsUrl);
  const nowMs = Date.now();
  const findings = recogniseAll({
    nowMs,
    live: watched.live,
    history: history.samples,
    noLive: watched.noLive,
    facts: {
      ...watched.facts,
      server,
      cores: availableParallelism(),
      process:
        server.pid === undefined
          ? { unseen: 'no server runs on this data folder' }
          : await lookAtProcess(procFolder, server.pid),
      files: await lookAtFiles(dataDir),
      events: await newestEvents(options, nowMs - sinceMs),
      disk: await lookAtDisk(dataDir),
    },
  });
  return {
    server,
    liveSamples: watched.live.length,
    historySamples: history.samples.length,
    historyUnreadable: history.unreadable,
    findings,
  };
}

/** A process id alone may have been given to another program since. */
async function stateOf(dataDir: string, procFolder: string, answers: boolean): Promise<ServerState> {
  const record = await readServerRecord(dataDir);
  if (record === undefined) return { state: 'down', pid: undefined, url: undefined };
  const { pid, url } = record;
  if (answers) return { state: 'answering', pid, url };
  const isServer = (await commandLine(procFolder, pid))?.includes('serve') === true;
  return isServer ? { state: 'silent', pid, url } : { state: 'down', pid: undefined, url: undefined };
}

interface Watched {
  readonly live: readonly Sample[];
  readonly noLive: string | undefined;
  readonly facts: Pick<Facts, 'database' | 'machineCpu' | 'sockets'>;
}

/** Everything that takes time to be seen. Without a server there is nobody to be watched. */
async function watch(
  options: DiagnoseOptions,
  procFolder: string,
  server: ServerState,
  metricsUrl: string | undefined,
): Promise<Watched> {
  const database = await beginDatabase(options);
  const overflowsBefore = await listenOverflows(procFolder);
  const before = await cpuTimes(options, procFolder, server.pid);
  const live: Sample[] = [];
  const port = server.url === undefined ? 0 : Number(new URL(server.url).port);
  let queuedMost: number | undefined;
  let noLive = metricsUrl === undefined ? noMetrics(server) : undefined;
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + (server.state === 'down' ? 0 : options.seconds * 1_000);
  // A server that answers late is asked less often, and not for longer.
  for (
    let dueMs = startedAtMs;
    dueMs <= endsAtMs;
    dueMs = Math.max(dueMs + options.intervalMs, performance.now())
  ) {
    await sleep(Math.max(0, dueMs - performance.now()));
    const look = database?.look();
    const queued = await queuedAt(procFolder, port);
    if (queued !== undefined) queuedMost = Math.max(queued, queuedMost ?? 0);
    if (metricsUrl !== undefined) {
      await takeSample(metricsUrl).then(
        (sample) => live.push(sample),
        (error: unknown) => {
          noLive = `the exporter at ${metricsUrl} does not answer: ${reasonOf(error)}`;
        },
      );
    }
    await look;
  }
  const after = await cpuTimes(options, procFolder, server.pid);
  return {
    live,
    noLive: live.length > 0 ? undefined : noLive,
    facts: {
      database: (await database?.end()) ?? { unseen: 'PostgreSQL does not run, and DATABASE_URL names none' },
      machineCpu: cpuBetween(before, after),
      sockets: await lookAtSockets(procFolder, { overflowsBefore, queuedMost }),
    },
  };
}

function noMetrics({ state }: ServerState): string {
  return state === 'down'
    ? 'no server runs on this data folder'
    : 'the server shows no metrics (--no-metrics)';
}

async function beginDatabase(options: DiagnoseOptions): Promise<DatabaseWatch | undefined> {
  const { dataDir, databaseUrl, sinceMs } = options;
  const url = databaseUrl ?? runningEmbeddedPostgres(dataDir)?.url;
  if (url === undefined) return undefined;
  const logFile = databaseUrl === undefined ? join(dataDir, 'postgres.log') : undefined;
  const database = new DatabaseWatch({ url, logFile, slowMs, sinceMs: Date.now() - sinceMs });
  await database.begin();
  return database;
}

async function cpuTimes({ dataDir }: DiagnoseOptions, procFolder: string, serverPid: number | undefined) {
  const postgresPid = runningEmbeddedPostgres(dataDir)?.serverPid;
  return {
    atMs: performance.now(),
    machine: await machineTimes(procFolder),
    thread: serverPid === undefined ? undefined : await mainThreadTimes(procFolder, serverPid),
    postgresSeconds: postgresPid === undefined ? undefined : familyCpuSeconds(postgresPid),
  };
}

type CpuAt = Awaited<ReturnType<typeof cpuTimes>>;

function cpuBetween(before: CpuAt, after: CpuAt): Looked<MachineCpu> {
  if (before.machine === undefined || after.machine === undefined) {
    return { unseen: 'this system does not tell the time of its processors' };
  }
  const seconds = (after.atMs - before.atMs) / 1_000;
  const all = after.machine.all - before.machine.all;
  const [from, to] = [before.postgresSeconds, after.postgresSeconds];
  const postgres = from === undefined || to === undefined ? undefined : Math.max(0, to - from);
  const waited =
    before.thread === undefined || after.thread === undefined
      ? undefined
      : after.thread.waitingSeconds - before.thread.waitingSeconds;
  return {
    seen: {
      seconds,
      serverWaited: waited === undefined ? undefined : Math.max(0, waited) / seconds,
      busy: all === 0 ? 0 : (after.machine.busy - before.machine.busy) / all,
      postgres: postgres === undefined ? undefined : postgres / seconds / availableParallelism(),
    },
  };
}

async function newestEvents(options: DiagnoseOptions, sinceMs: number): Promise<Looked<EventFacts>> {
  try {
    switch (options.log) {
      case 'segment': {
        const folder = logFolder(options.dataDir);
        if (!existsSync(folder)) return { unseen: `there is no log in ${options.dataDir}` };
        const reader = await openSegmentReader({ folder });
        return { seen: await lookAtEvents(reader, sinceMs).finally(() => reader.close()) };
      }
      case 'postgres':
        return await eventsOfDatabase(options, sinceMs);
      default:
        return options.log;
    }
  } catch (error) {
    return { unseen: `the log can not be read: ${reasonOf(error)}` };
  }
}

async function eventsOfDatabase(options: DiagnoseOptions, sinceMs: number): Promise<Looked<EventFacts>> {
  const url = options.databaseUrl ?? runningEmbeddedPostgres(options.dataDir)?.url;
  if (url === undefined) return { unseen: 'PostgreSQL, which holds the log, does not run' };
  const database = openDatabase(url, { applicationName: 'docket doctor', connectionsMax: 2 });
  try {
    const reader = await openPostgresReader(database);
    return { seen: await lookAtEvents(reader, sinceMs).finally(() => reader.close()) };
  } finally {
    await database.close();
  }
}
