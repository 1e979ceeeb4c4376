/** The `docket` command as a person runs it: a real process, with its output and exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const entry = join(import.meta.dirname, '../../scripts/docket.ts');
const startMsMax = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  args: readonly string[],
  settings: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const {
    DATABASE_URL: _,
    DOCKET_DATA_DIR: __,
    DOCKET_LOG: ___,
    DOCKET_KEY: ____,
    ...inherited
  } = process.env;
  const env = { ...inherited, ...settings };
  const child = spawn(process.execPath, [entry, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended };
}

export function docket(...args: readonly string[]): Promise<Ended> {
  return start(args).ended;
}

/** As `docket`, with variables of the environment. */
export function docketWith(settings: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ended> {
  return start(args, settings).ended;
}

/** A result that was asked for as JSON. */
export function docketJson(...args: readonly string[]): Promise<unknown> {
  return docketJsonWith({}, ...args);
}

/** As `docketJson`, with variables of the environment. */
export async function docketJsonWith(
  settings: NodeJS.ProcessEnv,
  ...args: readonly string[]
): Promise<unknown> {
  const { code, stdout, stderr } = await start([...args, '--json'], settings).ended;
  if (code !== 0) throw new Error(`docket ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

export interface RunningServer {
  readonly url: string;
  /** Where its metrics are read; empty where they are not. */
  readonly metricsUrl: string;
  readonly pid: number;
  /** The text of the admin key. */
  readonly key: string;
  /** What a request needs to be let in with it. */
  readonly headers: Readonly<Record<string, string>>;
  /** As the platformâs, on an address of the server, with the admin key. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Ctrl-C, and what came of it. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** So that servers of several tests do not meet. */
export const anyMetricsPort = ['--metrics-port', '0'];

/**
 * `docket serve` on a free port, ready to take commands; `settings` are added to its environment, `options`
 * to its command line, and `metricsPort` says there where its metrics are.
 */
export async function serve(
  dataDir: string,
  settings: NodeJS.ProcessEnv = {},
  options: readonly string[] = [],
  metricsPort: readonly string[] = anyMetricsPort,
): Promise<RunningServer> {
  const { child, ended } = start(
    ['serve', '--port', '0', ...metricsPort, '--data-dir', dataDir, ...options],
    settings,
  );
  let end: Ended | undefined;
  void ended.then((result) => {
    end = result;
  });
  const giveUpAtMs = performance.now() + startMsMax;
  while (performance.now() < giveUpAtMs && end === undefined) {
    const record = readServerFile(dataDir);
    if (record !== undefined && record.pid === child.pid) {
      const stop = (signal: NodeJS.Signals = 'SIGINT') => {
        child.kill(signal);
        return ended;
      };
      const key = adminKeyOf(dataDir);
      const fetchWithKey = (path: string, init: RequestInit = {}) => {
        const headers = new Headers(init.headers);
        headers.set('authorization', `Bearer ${key}`);
        return fetch(new URL(path, record.url), { ...init, headers });
      };
      return {
        url: record.url,
        metricsUrl: record.metricsUrl ?? '',
        pid: record.pid,
        key,
        headers: { authorization: `Bearer ${key}` },
        fetch: fetchWithKey,
        stop,
      };
    }
    await sleep(20);
  }
  child.kill('SIGKILL');
  throw new Error(`docket serve did not start: ${(await ended).stderr}`);
}

/** Empty for a server that shares the keys of another one. */
function adminKeyOf(dataDir: string): string {
  const path = join(dataDir, 'admin.key');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}

function readServerFile(dataDir: string): { pid: number; url: string; metricsUrl?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
