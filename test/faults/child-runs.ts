/**
 * Histories of log-child.ts and engine-child.ts under strace: a clean run tells which system calls there are
 * to fail at, each fault gets a folder and a process of its own, and a process without a fault opens the
 * folder afterwards. It must never put a fault where it can not tell which call it will be.
 */
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { Mode } from './child.ts';
import { childEnvironment, runTraced, type Traced, type Tracing, workFolder } from './strace.ts';
import { readTold, type Told } from './told.ts';
import type { Call } from './trace.ts';

/** Calls that only the one thread for file work makes once the scripts are loaded, whatever the path. */
const unscopedCalls = [
  ...['pwrite64', 'fdatasync', 'fsync', 'ftruncate', 'fallocate', 'rename', 'renameat2'],
  ...['link', 'linkat', 'unlink', 'unlinkat'],
];
/** Calls that loading scripts makes as well: they are told apart by their paths. */
const scopedCalls = ['openat', 'pread64', 'close', 'mkdir'];
/** What a trace must show beside the faults: what the child tells, and the way around all of this. */
const seenCalls = ['write', 'io_uring_setup'];
/** With a question mark strace accepts the name of a call that this machine's kernel does not have. */
export const tracedCalls = [...unscopedCalls, ...scopedCalls, ...seenCalls].map((name) => `?${name}`);

/** One system call in the life of a process, to fail at or to be killed at. */
export interface Point {
  readonly name: string;
  /** Of this call's occurrences, from 1 on. */
  readonly nth: number;
  /** The only files whose calls count; all where undefined. */
  readonly paths: readonly string[] | undefined;
  /** The file by its name, for tables. */
  readonly file: string;
}

export interface ChildRun extends Traced {
  readonly told: Told;
}

let folders = 0;

export function freshFolder(): string {
  return join(workFolder, `log-${folders++}`);
}

/** What a child is given; child.ts says what it means. */
export type ChildArgs = readonly [folder: string, run: string, commandCount: number, mode?: Mode];
export type Kind = 'log' | 'engine';

export async function traceChild(
  kind: Kind,
  args: ChildArgs,
  tracing: Partial<Tracing> = {},
  limits = '',
): Promise<ChildRun> {
  await warm(kind);
  const traced = await runTraced(
    scriptOf(kind),
    args.map(String),
    { calls: tracedCalls, ...tracing },
    limits,
  );
  return { ...traced, told: readTold(traced.stdout) };
}

/** The same process, left in peace. */
export async function runChild(kind: Kind, args: ChildArgs): Promise<Told> {
  const { stdout } = await promisify(execFile)(process.execPath, [scriptOf(kind), ...args.map(String)], {
    env: childEnvironment,
  });
  return readTold(stdout);
}

function scriptOf(kind: Kind): string {
  return join(import.meta.dirname, `${kind}-child.ts`);
}

const warmed = new Map<Kind, Promise<Told>>();

/** The first run writes compiled scripts down, which later ones must not do in the midst of their traces. */
function warm(kind: Kind): Promise<Told> {
  const running = warmed.get(kind) ?? runChild(kind, [freshFolder(), 'warm', 4]);
  warmed.set(kind, running);
  return running;
}

/** Every call of a clean run on `folder` that a fault can be put in, in their order. */
export function pointsOf(calls: readonly Call[], folder: string): Point[] {
  const thread = calls.find(({ name }) => name === 'fdatasync')?.thread;
  const counts = new Map<string, number>();
  const paths = [...new Set(calls.flatMap(({ path }) => (isNamedAlike(path, folder) ? [path] : [])))];
  return calls.flatMap((call) => {
    const { name, path = '' } = call;
    const scoped = scopedCalls.includes(name);
    if (scoped ? !paths.includes(path) : !unscopedCalls.includes(name)) return [];
    if (call.thread !== thread) throw new Error(`${name} ${path} by another thread: it can not be counted`);
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    const file = path === folder ? 'the folder' : basename(path);
    return [{ name, nth, paths: scoped ? paths : undefined, file }];
  });
}

/** The tracing that puts a fault in a point, in a run on another folder than the clean one's. */
export function faultAt(point: Point, fault: string, cleanFolder: string, folder: string): Partial<Tracing> {
  const inject = `${point.name}:${fault}:when=${point.nth}`;
  const paths = point.paths?.map((path) => path.replace(cleanFolder, folder));
  return paths === undefined ? { inject } : { inject, paths };
}

/** Names with a process id or a time in them differ from run to run, and can not be told to strace. */
function isNamedAlike(path: string | undefined, folder: string): path is string {
  return path?.startsWith(folder) === true && !/LOCK-|torn-/.test(path);
}
