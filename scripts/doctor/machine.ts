/**
 * Facts of the machine and of the server's process, from /proc. Where the system has none, or does not let us
 * look, the answer says so; it is never a guess.
 */
import { open, readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { httpLimits } from '../../adapters/http/limits.ts';
import type { Looked } from './finding.ts';
import type { DiskFacts, ProcessFacts, SocketFacts } from './seen.ts';

/** What Node asks the system for where a server does not name another number; ours do not. */
const nodeBacklog = 511;
/** Of the list of all sockets: about 400 that listen. A list of all connections can be megabytes. */
const listeningBytesMax = 64 * 1024;
const connectionsOption = /^(?:--limit=)?connectionsMax=(\d+)$/;

/** The command line of a process; undefined where there is none, or nobody may look. */
export async function commandLine(procFolder: string, pid: number): Promise<readonly string[] | undefined> {
  const text = await readFile(join(procFolder, String(pid), 'cmdline'), 'utf8').catch(() => '');
  return text === '' ? undefined : text.split('\0');
}

export async function lookAtProcess(procFolder: string, pid: number): Promise<Looked<ProcessFacts>> {
  const own = join(procFolder, String(pid));
  try {
    const limits = await readFile(join(own, 'limits'), 'utf8');
    const [, soft = '', hard = ''] =
      /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits) ?? [];
    const openFiles = (await readdir(join(own, 'fd'))).length;
    const options = (await commandLine(procFolder, pid)) ?? [];
    const named = options
      .map((option) => connectionsOption.exec(option)?.[1])
      .find((each) => each !== undefined);
    return {
      seen: {
        pid,
        openFiles,
        filesSoftMax: limitOf(soft),
        filesHardMax: limitOf(hard),
        connectionsMax: named === undefined ? httpLimits.connectionsMax : Number(named),
      },
    };
  } catch (error) {
    return { unseen: `process ${pid} can not be looked at: ${reasonOf(error)}` };
  }
}

function limitOf(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

export interface CpuTimes {
  readonly busy: number;
  readonly all: number;
}

/** Of all processors since the machine's start, in ticks; undefined where the system does not tell. */
export async function machineTimes(procFolder: string): Promise<CpuTimes | undefined> {
  const text = await readFile(join(procFolder, 'stat'), 'utf8').catch(() => '');
  const [, line] = /^cpu +([\d ]+)$/m.exec(text) ?? [];
  if (line === undefined) return undefined;
  // proc(5): user nice system idle iowait irq softirq steal; guest times are in user and nice already.
  const ticks = line.split(' ').slice(0, 8).map(Number);
  const all = ticks.reduce((sum, each) => sum + each, 0);
  return { busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0), all };
}

export interface ThreadTimes {
  readonly runningSeconds: number;
  /** Ready to run, while all processors were taken. */
  readonly waitingSeconds: number;
}

/** Of a process's main thread since it began; undefined where the system does not tell. */
export async function mainThreadTimes(procFolder: string, pid: number): Promise<ThreadTimes | undefined> {
  const text = await readFile(join(procFolder, String(pid), 'schedstat'), 'utf8').catch(() => '');
  const [, running, waiting] = /^(\d+) (\d+) /.exec(text) ?? [];
  if (running === undefined || waiting === undefined) return undefined;
  return { runningSeconds: Number(running) / 1e9, waitingSeconds: Number(waiting) / 1e9 };
}

/** Connections that were dropped because a queue was full, since the machine's start. */
export async function listenOverflows(procFolder: string): Promise<number | undefined> {
  const text = await readFile(join(procFolder, 'net/netstat'), 'utf8').catch(() => '');
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  const at = names.indexOf('ListenOverflows');
  return at < 0 ? undefined : Number(values[at]);
}

/** How many connections wait for who listens on a port to take them; undefined where nobody is seen to. */
export async function queuedAt(procFolder: string, port: number): Promise<number | undefined> {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  // Sockets that listen are told first; of one of them the receive queue is that of its connections.
  const listening = new RegExp(`^ *\\d+: [0-9A-F]+:${local} [0-9A-F]+:0000 0A [0-9A-F]+:([0-9A-F]+) `, 'm');
  for (const name of ['net/tcp', 'net/tcp6']) {
    const [, queued] = listening.exec(await beginningOf(join(procFolder, name))) ?? [];
    if (queued !== undefined) return Number.parseInt(queued, 16);
  }
  return undefined;
}

async function beginningOf(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(listeningBytesMax), 0, listeningBytesMax)
    .finally(() => file.close());
  return buffer.toString('latin1', 0, bytesRead);
}

export interface SocketWatch {
  /** What `listenOverflows` said when watching began. */
  readonly overflowsBefore: number | undefined;
  readonly queuedMost: number | undefined;
}

export async function lookAtSockets(
  procFolder: string,
  { overflowsBefore, queuedMost }: SocketWatch,
): Promise<Looked<SocketFacts>> {
  try {
    const setting = async (path: string) => Number(await readFile(join(procFolder, 'sys/net', path), 'utf8'));
    const overflows = (await listenOverflows(procFolder)) ?? 0;
    return {
      seen: {
        backlog: nodeBacklog,
        somaxconn: await setting('core/somaxconn'),
        synBacklogMax: await setting('ipv4/tcp_max_syn_backlog'),
        queuedMost,
        overflows,
        overflowsWatched: Math.max(0, overflows - (overflowsBefore ?? overflows)),
      },
    };
  } catch (error) {
    return { unseen: `this system does not tell its limits of sockets: ${reasonOf(error)}` };
  }
}

export async function lookAtDisk(dataDir: string): Promise<Looked<DiskFacts>> {
  try {
    const { bavail, blocks, bsize } = await statfs(dataDir);
    return { seen: { freeBytes: bavail * bsize, bytes: blocks * bsize } };
  } catch (error) {
    return { unseen: `the disk of ${dataDir} can not be asked: ${reasonOf(error)}` };
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
