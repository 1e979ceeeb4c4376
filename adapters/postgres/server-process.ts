/**
 * The postmaster as a process: started away from the terminal, waited for, guarded, stopped. It must never
 * be signalled by number alone, and never share the terminal's process group, whose Ctrl-C would stop the
 * database before docket has written its last rows.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readlinkSync,
} from 'node:fs';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../domain/errors.ts';
import { runIdentity } from './cluster.ts';
import { codeOf } from './failures.ts';
import type { Place } from './place.ts';
import { identify, isAlive, type ProcessIdentity } from './process-identity.ts';
import { giveToFolderOwner } from './server-record.ts';

const pollDelayMs = 10;
const probeMsMax = 2_000;
const logBytesMax = 4 * 1024 * 1024;
const fastStopMsMax = 30_000;
const immediateStopMsMax = 10_000;

export interface StartOptions {
  readonly port: number;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** Starts the postmaster and answers at once, before it takes connections. Undefined: it ended at once. */
export function spawnServer(place: Place, options: StartOptions): ProcessIdentity | undefined {
  const log = openLog(options.logFile);
  try {
    const parameters = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings };
    const child = spawn(
      join(place.binaries.folder, 'bin', 'postgres'),
      [
        ...['-D', place.clusterFolder, '-p', String(options.port)],
        ...Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      { ...runIdentity(place), detached: true, stdio: ['ignore', log, log] },
    );
    // A program that can not be started is seen as one that has ended.
    child.on('error', () => undefined);
    child.unref();
    return child.pid === undefined ? undefined : identify(child.pid);
  } finally {
    closeSync(log);
  }
}

export type Probe = 'ready' | 'starting' | 'silent' | 'no_database' | 'wrong_password';

/** Waits until the server takes connections to this database, or `server` has ended. */
export async function waitForAnswer(
  url: string,
  server: ProcessIdentity,
  waitMsMax: number,
): Promise<Probe | 'ended' | 'late'> {
  const deadline = performance.now() + waitMsMax;
  while (performance.now() < deadline) {
    const answer = await probe(url);
    if (answer !== 'starting' && answer !== 'silent') return answer;
    if (!isAlive(server)) return 'ended';
    await pause(pollDelayMs);
  }
  return 'late';
}

/** Fast shutdown, which rolls open transactions back and writes a checkpoint; then the immediate one. */
export async function stopServer(server: ProcessIdentity): Promise<void> {
  if (await signalAndWait(server, 'SIGINT', fastStopMsMax)) return;
  if (await signalAndWait(server, 'SIGQUIT', immediateStopMsMax)) return;
  throw new Fault(
    'database_unavailable',
    `The embedded PostgreSQL (process ${server.pid}) did not stop within ${fastStopMsMax + immediateStopMsMax} ms.` +
      ` End it with \`kill -9 ${server.pid}\`; its data survive that.`,
  );
}

/** True when the process is gone before the time is over. */
export async function waitForEnd(server: ProcessIdentity, waitMsMax: number): Promise<boolean> {
  const deadline = performance.now() + waitMsMax;
  while (isAlive(server)) {
    if (performance.now() > deadline) return false;
    await pause(pollDelayMs);
  }
  return true;
}

/**
 * A server that runs on this cluster although no record names it. Known by its working folder, which is the
 * cluster, so only on Linux; elsewhere PostgreSQL itself refuses to start a second one and says so.
 */
export function findStrayServer(clusterFolder: string): ProcessIdentity | undefined {
  try {
    const pid = Number(readFileSync(join(clusterFolder, 'postmaster.pid'), 'utf8').split('\n')[0]);
    if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
    return readlinkSync(`/proc/${pid}/cwd`) === clusterFolder ? identify(pid) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stops the server when this process ends, however it ends: a shell waits on a pipe from us, which the
 * system closes with us. It stops nothing if the record names another owner by then. Call `dismiss` when the
 * server has stopped or belongs to somebody else.
 */
export function startWatchdog(
  recordFile: string,
  ownerId: string,
  server: ProcessIdentity,
): { dismiss(): void } {
  const args = [recordFile, `"id":"${ownerId}"`, String(server.pid), server.startedAt.split('@')[0] ?? ''];
  const child: ChildProcess = spawn('/bin/sh', ['-c', watchdogScript, 'docket-watchdog', ...args], {
    detached: true,
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  child.unref();
  const { stdin } = child;
  stdin?.on('error', () => undefined);
  if (stdin instanceof Socket) stdin.unref();
  return { dismiss: () => void stdin?.end('dismissed\n') };
}

/** A port that nobody listens on: the wished one, else any of a range that systems do not give out. */
export async function chooseFreePort(wished: number): Promise<number> {
  for (let attempt = 0; attempt < portAttemptsMax; attempt++) {
    const port = attempt === 0 ? wished : firstPort + Math.floor(Math.random() * portCount);
    if (await isFree(port)) return port;
  }
  throw new Fault(
    'database_unavailable',
    `No free port on 127.0.0.1 was found in ${portAttemptsMax} tries from ${firstPort} on.`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The last lines of the server's log, for messages. */
export function lastLogLines(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-logLinesShown).join('\n');
  } catch {
    return '(no log)';
  }
}

// Below 32768, where Linux takes the ports of outgoing connections from, so that ours stays free.
const firstPort = 15_432;
const portCount = 10_000;
const portAttemptsMax = 20;
const logLinesShown = 12;

/** $1 record, $2 owner's mark in it, $3 pid, $4 start of the server; fast stop, after 10 s immediate. */
const watchdogScript = `
read -r word && exit 0
same() { [ "$(cut -d' ' -f22 "/proc/$3/stat" 2>/dev/null || ps -o lstart= -p "$3")" = "$4" ]; }
grep -qF "$2" "$1" || exit 0
same "$@" || exit 0
kill -INT "$3"
n=0
while [ "$n" -lt 100 ] && same "$@"; do sleep 0.1; n=$((n + 1)); done
same "$@" && kill -QUIT "$3"
`;

async function signalAndWait(
  server: ProcessIdentity,
  signal: NodeJS.Signals,
  waitMsMax: number,
): Promise<boolean> {
  if (!isAlive(server)) return true;
  try {
    process.kill(server.pid, signal);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return true;
    throw error;
  }
  return waitForEnd(server, waitMsMax);
}

async function probe(url: string): Promise<Probe> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: probeMsMax });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return 'ready';
  } catch (error) {
    switch (codeOf(error)) {
      case '3D000':
        return 'no_database';
      case '28P01':
        return 'wrong_password';
      case '57P03':
        return 'starting';
      default:
        return 'silent';
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Opened here and inherited, so that the server's user needs no access to the folder; no link is followed.
 */
function openLog(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const log = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  if (fstatSync(log).size > logBytesMax) ftruncateSync(log);
  giveToFolderOwner(path);
  return log;
}
