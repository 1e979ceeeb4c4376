/**
 * A real PostgreSQL of our own in the data folder, shared by all docket processes that use the folder: the
 * first starts it, the others find it. Exactly one of them owns it and stops it. Everything that decides
 * about the server happens under one lock file; what was decided is in `postgres.json`.
 *
 * It must never run two servers on one cluster, leave one behind, or stop one that others took over.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../domain/errors.ts';
import { databaseName, ensureCluster, resetPassword, statistics, superuser } from './cluster.ts';
import { withLock } from './lock-file.ts';
import { choosePlace, type Place } from './place.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import {
  chooseFreePort,
  findStrayServer,
  lastLogLines,
  spawnServer,
  startWatchdog,
  stopServer,
  waitForAnswer,
  waitForEnd,
} from './server-process.ts';
import { readRecord, recordPath, type ServerRecord, writeRecord } from './server-record.ts';

export interface EmbeddedOptions {
  /** Made when missing. Holds postgres.json, postgres.log and, unless we are root, the cluster. */
  readonly dataFolder: string;
  /** The port of a new cluster, if free. Later starts keep the remembered one while that is free. */
  readonly port?: number;
  /** Become the owner even though a living process is: for `serve`, which outlives commands. */
  readonly takeOwnership?: boolean;
  /**
   * By default a watchdog stops the server when its owner dies, even by SIGKILL. With true the server runs
   * on, and the next process that opens it becomes its owner.
   */
  readonly outliveOwner?: boolean;
  /** How long the server may take until it answers; recovery after a crash is part of it. */
  readonly startupMsMax?: number;
  /** How long to wait for another process that is starting or stopping the server. */
  readonly lockWaitMsMax?: number;
  /** Server parameters for this start only, for tests and experiments. */
  readonly serverSettings?: Readonly<Record<string, string>>;
  /** The platform package, when it is not in the node_modules that this code runs from. */
  readonly packageFolder?: string;
}

export interface EmbeddedPostgres {
  /** With the password: for `openDatabase`, not for logs. */
  readonly url: string;
  readonly port: number;
  /** What to type to look into the database; it holds the password. */
  readonly psqlCommand: string;
  readonly clusterFolder: string;
  readonly serverPid: number;
  /** Whether this opener stops the server. It may lose that to a later `takeOwnership`. */
  readonly owned: boolean;
  /** Stops the server if it is still ours; otherwise does nothing. May be called twice. */
  stop(): Promise<void>;
}

const defaults = {
  port: 15_432,
  takeOwnership: false,
  outliveOwner: false,
  startupMsMax: 60_000,
  lockWaitMsMax: 90_000,
  serverSettings: {},
} as const;

type Settings = typeof defaults & EmbeddedOptions;

/** How long a dead owner's watchdog gets to stop the server before we believe that it died too. */
const watchdogMsMax = 3_000;
const startAttemptsMax = 3;
const startPauseMs = 200;

/** Finds or starts the server of a data folder. Throws `Fault('database_unavailable')` with what to do. */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const settings = { ...defaults, ...options, dataFolder: resolve(options.dataFolder) } as Settings;
  const ownerId = randomBytes(8).toString('hex');
  try {
    mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
    return await withLock(lockPath(settings), settings.lockWaitMsMax, async () => {
      const found = await findRunning(settings);
      if (found === undefined) return handle(settings, await start(settings, ownerId), ownerId);
      const owner = found.owner !== undefined && isAlive(found.owner);
      if (owner && !settings.takeOwnership) return handle(settings, found, ownerId);
      return handle(settings, makeOwner(settings, found, ownerId), ownerId);
    });
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'database_unavailable',
      `The embedded PostgreSQL in ${settings.dataFolder} can not be opened: ${String(error)}`,
      { cause: error },
    );
  }
}

/** The server of a data folder if it runs now: for who only looks, and must neither start nor own it. */
export function runningEmbeddedPostgres(
  dataFolder: string,
): Pick<EmbeddedPostgres, 'url' | 'serverPid'> | undefined {
  const record = readRecord(dataFolder);
  const server = record?.server;
  if (record === undefined || server === undefined || !isAlive(server)) return undefined;
  return { url: urlOf(record), serverPid: server.pid };
}

type RunningRecord = ServerRecord & { readonly server: ProcessIdentity };

/** The server of the record, if it runs and answers. One that is on its way out is waited for. */
async function findRunning(settings: Settings): Promise<RunningRecord | undefined> {
  const record = readRecord(settings.dataFolder);
  const server = record?.server;
  if (record === undefined || server === undefined || !isAlive(server)) return undefined;
  const orphaned = record.owner !== undefined && !isAlive(record.owner);
  if (orphaned && record.guarded && (await waitForEnd(server, watchdogMsMax))) return undefined;
  const answer = await waitForAnswer(urlOf(record), server, settings.startupMsMax);
  if (answer === 'ready') return { ...record, server };
  if (answer === 'no_database') {
    await createDatabase(record);
    return { ...record, server };
  }
  if (answer === 'ended') return undefined;
  throw new Fault(
    'database_unavailable',
    `The embedded PostgreSQL (process ${server.pid}, port ${record.port}) runs but can not be used: ${answer}.` +
      ` See ${logPath(settings)}. Stop it with \`kill -INT ${server.pid}\` and try again.`,
  );
}

async function start(settings: Settings, ownerId: string): Promise<RunningRecord> {
  const remembered = readRecord(settings.dataFolder);
  const place = choosePlace(settings.dataFolder, remembered?.clusterFolder, settings.packageFolder);
  const stray = findStrayServer(place.clusterFolder);
  if (stray !== undefined) await stopServer(stray);
  const password = remembered?.password ?? randomBytes(16).toString('hex');
  const record: ServerRecord = {
    format: 1,
    clusterFolder: place.clusterFolder,
    port: remembered?.port ?? settings.port,
    password,
    guarded: !settings.outliveOwner,
  };
  // Before the cluster is: a cluster without its password is a repair, a password without cluster is not.
  writeRecord(settings.dataFolder, record);
  const isNew = await ensureCluster(place, password);
  if (!isNew && remembered === undefined) resetPassword(place, password);
  for (let attempt = 1; ; attempt++) {
    const port = await chooseFreePort(record.port);
    const started = await startOn(settings, place, { ...record, port }, ownerId);
    if (started !== undefined) return started;
    if (attempt === startAttemptsMax) throw startFailed(settings, 'ended');
    // Somebody may have taken the port between our look and the server's start; and a predecessor that was
    // just killed keeps its process id, and with it the cluster's lock, until its parent has taken note.
    await sleep(startPauseMs);
  }
}

/** Undefined when the server ended before it answered. */
async function startOn(
  settings: Settings,
  place: Place,
  record: ServerRecord,
  ownerId: string,
): Promise<RunningRecord | undefined> {
  const { serverSettings } = settings;
  const server = spawnServer(place, {
    port: record.port,
    logFile: logPath(settings),
    settings: serverSettings,
  });
  if (server === undefined) return undefined;
  // Recorded before it answers, so that whoever comes after our death knows of it.
  const running = makeOwner(settings, { ...record, server }, ownerId);
  const answer = await waitForAnswer(urlOf(record), server, settings.startupMsMax);
  if (answer === 'ready') return running;
  if (answer === 'no_database') {
    await createDatabase(record);
    return running;
  }
  dismissWatchdog(ownerId);
  if (answer === 'ended') return undefined;
  await stopServer(server);
  throw startFailed(settings, answer);
}

/** Writes us down as the owner, and has the server watched for the case that we die. */
function makeOwner(settings: Settings, found: RunningRecord, ownerId: string): RunningRecord {
  const guarded = !settings.outliveOwner;
  const record = { ...found, guarded, owner: { ...ownIdentity(), id: ownerId } };
  writeRecord(settings.dataFolder, record);
  dismissWatchdog(ownerId);
  if (guarded) watchdogs.set(ownerId, startWatchdog(recordPath(settings.dataFolder), ownerId, found.server));
  return record;
}

/** One per server that this process owns; an entry leaves with `stop`. */
const watchdogs = new Map<string, { dismiss(): void }>();

function dismissWatchdog(ownerId: string): void {
  watchdogs.get(ownerId)?.dismiss();
  watchdogs.delete(ownerId);
}

function handle(settings: Settings, record: RunningRecord, ownerId: string): EmbeddedPostgres {
  const url = urlOf(record);
  let stopping: Promise<void> | undefined;
  return {
    url,
    port: record.port,
    psqlCommand: `psql '${url}'`,
    clusterFolder: record.clusterFolder,
    serverPid: record.server.pid,
    owned: record.owner?.id === ownerId,
    stop: () => {
      stopping ??= stopIfOurs(settings, ownerId);
      return stopping;
    },
  };
}

async function stopIfOurs(settings: Settings, ownerId: string): Promise<void> {
  try {
    // Who never was, or no longer is, the owner must not wait for a lock to find out.
    if (readRecord(settings.dataFolder)?.owner?.id !== ownerId) return;
    await withLock(lockPath(settings), settings.lockWaitMsMax, async () => {
      const record = readRecord(settings.dataFolder);
      if (record?.owner?.id !== ownerId) return;
      const { server, owner: _, ...rest } = record;
      if (server !== undefined) await stopServer(server);
      writeRecord(settings.dataFolder, rest);
    });
  } finally {
    dismissWatchdog(ownerId);
  }
}

async function createDatabase(record: ServerRecord): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(record, 'postgres') });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(databaseName)}`);
  } finally {
    await client.end();
  }
  await rememberStatements(record);
}

/** Of clusters that were made before it came in, or binaries without it, only their figures are missing. */
async function rememberStatements(record: ServerRecord): Promise<void> {
  const client = new pg.Client({ connectionString: urlOf(record) });
  await client.connect();
  try {
    await client.query(`CREATE EXTENSION IF NOT EXISTS ${pg.escapeIdentifier(statistics)}`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
  } finally {
    await client.end();
  }
}

function startFailed(settings: Settings, why: string): Fault {
  const log = logPath(settings);
  const what =
    why === 'late' ? `did not answer within ${settings.startupMsMax} ms` : `did not start (${why})`;
  return new Fault(
    'database_unavailable',
    `The embedded PostgreSQL ${what}. The end of ${log}:\n${lastLogLines(log)}`,
  );
}

function urlOf(record: ServerRecord, database = databaseName): string {
  return `postgresql://${superuser}:${record.password}@127.0.0.1:${record.port}/${database}`;
}

const lockPath = (settings: Settings): string => join(settings.dataFolder, 'postgres.lock');
const logPath = (settings: Settings): string => join(settings.dataFolder, 'postgres.log');
