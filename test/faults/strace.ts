/**
 * Runs the real process under strace: to see its system calls, to make one of them fail, or to kill the
 * process at one of them. The process is the product as it is; only the kernel's answers are forged.
 *
 * One thread for file work (UV_THREADPOOL_SIZE=1) makes "the n-th fdatasync" the same call in every run:
 * strace counts for each thread and each call by itself. It must never leave a traced process behind.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll } from 'vitest';
import { type Call, parseTrace } from './trace.ts';

const root = join(import.meta.dirname, '../..');
/** A run takes a fraction of a second, but may have to wait for its turn on a busy machine. */
const runMsMax = 120_000;
/** For a test of a few runs. */
export const fewRunsMsMax = 2 * runMsMax;
/** Bytes of a string that strace writes down: more than any write or request in these tests. */
const stringBytesMax = 65_536;

/** Why these tests can not be run here; undefined where they can. */
export function whyNotTraced(): string | undefined {
  const probe = [
    '-f',
    '--seccomp-bpf',
    '-y',
    '-o',
    '/dev/null',
    '-e',
    'trace=fsync',
    '-e',
    'inject=fsync:error=EIO',
    'true',
  ];
  const { error, status, stderr } = spawnSync('strace', probe, { encoding: 'utf8' });
  if (error !== undefined) return `strace can not be started (${error.message}): apt-get install strace`;
  return status === 0 ? undefined : `strace may not trace here: ${stderr.trim()}`;
}

/** What strace is to do, beside writing the calls down. */
export interface Tracing {
  readonly calls: readonly string[];
  /** Only calls about these files are seen, counted and tampered with. Exact paths; it knows no others. */
  readonly paths?: readonly string[];
  /** As strace has it, for example `fdatasync:error=EIO:when=3`. */
  readonly inject?: string;
}

export interface Traced {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly calls: readonly Call[];
  /** What to type to see it again. */
  readonly commandLine: string;
}

/** A place for this test file's folders and traces, removed when its tests are done. */
export const workFolder = mkdtempSync(join(tmpdir(), 'docket-strace-'));
afterAll(() => rmSync(workFolder, { recursive: true, force: true }));

/** The same compiled scripts for all runs of a test file: starting Node then takes half the time. */
export const childEnvironment = {
  ...process.env,
  UV_THREADPOOL_SIZE: '1',
  NODE_COMPILE_CACHE: join(workFolder, 'compiled'),
};
let runs = 0;

/** Runs a script under strace until it ends; `limits` are set by a shell that becomes it. */
export async function runTraced(
  script: string,
  args: readonly string[],
  tracing: Tracing,
  limits = '',
): Promise<Traced> {
  const traceFile = join(workFolder, `trace-${runs++}`);
  // The limits are for the script and not for strace, which writes a file as well.
  const limited = limits === '' ? [] : ['sh', '-c', `${limits}; exec "$@"`, 'sh'];
  const command = [...limited, process.execPath, script, ...args];
  // A file, so that what the script tells has a path and is seen where only some paths are.
  const tellingFile = `${traceFile}-told`;
  const telling = openSync(tellingFile, 'w');
  const paths = tracing.paths === undefined ? undefined : [...tracing.paths, tellingFile];
  const straceWords = straceArgs({ ...tracing, ...(paths && { paths }) }, traceFile);
  const child = spawn('strace', [...straceWords, ...command], {
    env: childEnvironment,
    stdio: ['ignore', telling, 'pipe'],
    detached: true,
  });
  closeSync(telling);
  let late = false;
  const guard = setTimeout(() => {
    late = true;
    killGroup(child);
  }, runMsMax);
  const { stderr, code, signal } = await ended(child);
  clearTimeout(guard);
  const calls = parseTrace(readFileSync(traceFile, 'utf8'));
  const stdout = readFileSync(tellingFile, 'utf8');
  rmSync(traceFile);
  rmSync(tellingFile);
  const shown = straceArgs(tracing, undefined).map(quoted).join(' ');
  const shownCommand = [...limited, 'node', relative(root, script), ...args].map(quoted).join(' ');
  const commandLine = `UV_THREADPOOL_SIZE=1 strace ${shown} ${shownCommand}`;
  if (late) throw new Error(`it had not ended after ${runMsMax} ms: ${commandLine}`);
  return { stdout, stderr, code, signal, calls, commandLine };
}

export interface Attached {
  /** Lets the process go, and tells what was seen. */
  detach(): Promise<readonly Call[]>;
}

/** Traces a process that runs already: all its threads, and none of the processes it started before. */
export async function attach(pid: number, tracing: Tracing): Promise<Attached> {
  const traceFile = join(workFolder, `trace-${runs++}`);
  const args = straceArgs(tracing, traceFile).filter((arg) => arg !== '--seccomp-bpf');
  const child = spawn('strace', [...args, '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const end = ended(child);
  const guard = setTimeout(() => killGroup(child), runMsMax);
  child.stderr.setEncoding('utf8');
  let told = '';
  while (!told.includes('attached')) {
    const [text] = await Promise.race([once(child.stderr, 'data'), end.then(() => [undefined])]);
    if (text === undefined) throw new Error(`strace did not attach to process ${pid}: ${told}`);
    told += String(text);
  }
  return {
    async detach() {
      child.kill('SIGINT');
      await end;
      clearTimeout(guard);
      return parseTrace(readFileSync(traceFile, 'utf8'));
    },
  };
}

/** What a command line that a test reports begins with: a folder in place of the test's own, gone by then. */
export const makeFolderD = 'D=$(mktemp -d)/log; ';

export function inFolderD(commandLine: string, folder: string): string {
  return commandLine.replaceAll(folder, '$D');
}

function straceArgs(tracing: Tracing, traceFile: string | undefined): string[] {
  const { calls, paths = [], inject } = tracing;
  return [
    // With it only the calls looked for are slow; but a signal that is to be sent at one gets lost.
    ...(inject?.includes('signal=') === true ? [] : ['--seccomp-bpf']),
    ...['-f', '-y', '-ttt', '-s', String(stringBytesMax)],
    ...(traceFile === undefined ? [] : ['-o', traceFile]),
    ...['-e', `trace=${calls.join(',')}`],
    ...(inject === undefined ? [] : ['-e', `inject=${inject}`]),
    ...paths.flatMap((path) => ['-P', path]),
  ];
}

async function ended(child: ChildProcess): Promise<Pick<Traced, 'stderr' | 'code' | 'signal'>> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  return { stderr, code, signal };
}

/** strace and all that it traces. */
function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, 'SIGKILL');
  }
}

function quoted(word: string): string {
  return /^[\w./:=,-]+$/.test(word) ? word : `'${word}'`;
}
