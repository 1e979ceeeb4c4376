/**
 * The `docket` command as a process of its own, as production runs it: a server that is waited for and
 * stopped in order, or a command that is run to its end. What it says on stderr goes into a file, so that a
 * failure can be told; it must never outlive this process by choice.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import { Fault } from '../../domain/errors.ts';
import { serverFile } from '../runtime/data-folder.ts';

const entry = join(import.meta.dirname, '../docket.ts');
/** As package.json and docket.ts have them. */
const nodeFlags = ['--max-semi-space-size=64', '--no-allocation-site-pretenuring'];
/** Opening a log of ten million events and a new cluster beside it. */
const startMsMax = 180_000;
const startPollMs = 50;
const readyMsMax = 5_000;
/** A projector may be in the middle of a batch, and PostgreSQL writes its last checkpoint. */
const stopMsMax = 60_000;
const complaintCharactersMax = 2_000;

const announcedSchema = z.object({
  pid: z.int(),
  url: z.string(),
  certificate: z.string().optional(),
  metricsUrl: z.string().optional(),
});
/** What a server writes into its data folder about itself. */
export type Announced = z.infer<typeof announcedSchema>;

/** Undefined where no server has announced itself there. */
export async function readAnnounced(dataDir: string): Promise<Announced | undefined> {
  try {
    return announcedSchema.safeParse(JSON.parse(await readFile(serverFile(dataDir), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

export interface DocketServer extends Announced {
  /** Resolves when it has ended; tells how, where that was not in order. */
  stop(): Promise<string | undefined>;
}

export interface ServeSettings {
  readonly dataDir: string;
  readonly databaseUrl: string;
  /** Options of `docket serve`. */
  readonly options: readonly string[];
  /** Where its stderr goes. */
  readonly noteFile: string;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the server says that it can do its work, its projector with it. Throws
 * `Fault('server_unreachable')` with what it said.
 */
export async function startServer(settings: ServeSettings): Promise<DocketServer> {
  const { dataDir, options, noteFile, signal } = settings;
  const child = start(['serve', '--data-dir', dataDir, ...options], settings);
  child.stdout?.resume();
  const ended = endOf(child);
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    child.kill('SIGTERM');
    const timer = setTimeout(kill, stopMsMax);
    const how = await ended;
    clearTimeout(timer);
    return how === 'exit code 0' ? undefined : how;
  };
  const giveUpAtMs = performance.now() + startMsMax;
  while (performance.now() < giveUpAtMs && end === undefined && !signal.aborted) {
    const announced = await readAnnounced(dataDir);
    if (announced?.pid === child.pid && announced !== undefined && (await isReady(announced))) {
      return { ...announced, stop };
    }
    await sleep(startPollMs);
  }
  await stop();
  signal.throwIfAborted();
  throw new Fault('server_unreachable', `docket serve did not start: ${lastOf(noteFile)}`);
}

async function isReady({ url, certificate }: Announced): Promise<boolean> {
  const signal = AbortSignal.timeout(readyMsMax);
  const asked = requestText(new URL('/readyz', url), { signal }, certificate);
  return asked.then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Runs a command to its end; answers what it printed. Throws with what it said where it failed. */
export async function runDocket(
  args: readonly string[],
  settings: Omit<ServeSettings, 'options' | 'dataDir'>,
): Promise<string> {
  const child = start(args, settings);
  const kill = () => child.kill('SIGTERM');
  settings.signal.addEventListener('abort', kill);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const how = await endOf(child).finally(() => settings.signal.removeEventListener('abort', kill));
  settings.signal.throwIfAborted();
  if (how === 'exit code 0') return output;
  throw new Error(`docket ${args.join(' ')} ended with ${how}: ${lastOf(settings.noteFile)}`);
}

function start(
  args: readonly string[],
  { databaseUrl, noteFile }: Pick<ServeSettings, 'databaseUrl' | 'noteFile'>,
): ChildProcess {
  const { DOCKET_DATA_DIR: _, DOCKET_LOG: __, DOCKET_WEBHOOK_PORT: ___, ...inherited } = process.env;
  const notes = openSync(noteFile, 'a', 0o600);
  try {
    return spawn(process.execPath, [...nodeFlags, entry, ...args], {
      // A group of its own, so that Ctrl-C reaches it through us and in order.
      detached: true,
      stdio: ['ignore', 'pipe', notes],
      env: { ...inherited, DATABASE_URL: databaseUrl },
    });
  } finally {
    closeSync(notes);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

function lastOf(noteFile: string): string {
  const text = existsSync(noteFile) ? readFileSync(noteFile, 'utf8').trim() : '';
  return text.slice(-complaintCharactersMax) || 'it said nothing';
}
