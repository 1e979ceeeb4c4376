/**
 * The `docket` command as a process of its own, as production runs it. It ends when the benchmark is stopped,
 * and never outlives it by more than a bounded time.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ownCpuSeconds, ownPeakBytes } from './process-cpu.ts';

const entry = join(import.meta.dirname, '../docket.ts');
const cpuPollMs = 50;
/** A measurement that takes longer than this hangs. */
const runMsMax = 300_000;

export interface DocketRun {
  /** What it printed with `--json`. */
  readonly answer: unknown;
  /** From its start to its end, Node's start included. */
  readonly seconds: number;
  /** CPU seconds of the process, up to the last look at it; `undefined` where the system does not tell. */
  readonly cpuSeconds: number | undefined;
  /** The most memory it ever held, up to the last look at it; `undefined` where the system does not tell. */
  readonly peakBytes: number | undefined;
}

/** Throws with what it said on stderr where it fails. */
export async function runDocket(
  args: readonly string[],
  options: { readonly databaseUrl?: string; readonly signal: AbortSignal },
): Promise<DocketRun> {
  const startedAtMs = performance.now();
  const { DATABASE_URL: _, ...environment } = process.env;
  const { databaseUrl, signal } = options;
  const child = spawn(process.execPath, [...process.execArgv, entry, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: databaseUrl === undefined ? environment : { ...environment, DATABASE_URL: databaseUrl },
    timeout: runMsMax,
    killSignal: 'SIGKILL',
    signal,
  });
  let cpuSeconds: number | undefined;
  let peakBytes: number | undefined;
  const poll = setInterval(() => {
    if (child.pid === undefined) return;
    cpuSeconds = ownCpuSeconds(child.pid) ?? cpuSeconds;
    peakBytes = ownPeakBytes(child.pid) ?? peakBytes;
  }, cpuPollMs);
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  try {
    const end = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject).once('close', (code, killedBy) => resolve(code ?? killedBy ?? 'nothing'));
    });
    if (end !== 0) throw new Error(`docket ${args.join(' ')} ended with ${end}: ${complaint.trim()}`);
    const seconds = (performance.now() - startedAtMs) / 1_000;
    return { answer: JSON.parse(output), seconds, cpuSeconds, peakBytes };
  } finally {
    clearInterval(poll);
  }
}
