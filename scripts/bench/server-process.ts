/**
 * `docket serve` as a process of its own, with everything that production gives it, until it is stopped. It
 * is told by its parent's end, and killed where it takes too long: it must never outlive the benchmark.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { adminKeyFile, serverFile } from '../runtime/data-folder.ts';

const entry = join(import.meta.dirname, '../docket.ts');
const startMsMax = 60_000;
const stopMsMax = 30_000;
/** Between two looks at whether it is there: the most by which a start seems slower than it is. */
const lookEveryMs = 5;

const recordSchema = z.object({ pid: z.int(), url: z.url() });

export interface ServerProcess {
  /** Tries until the server answers; throws where it answers something else than that the ticket is open. */
  openTicket(ticketId: string): Promise<void>;
  /** In order, as Ctrl-C does. */
  stop(): Promise<void>;
}

/** Resolves when the address is known. Throws with what it said where it ends before. */
export async function startServer(dataDir: string, signal: AbortSignal): Promise<ServerProcess> {
  const { DATABASE_URL: _, DOCKET_DATA_DIR: __, DOCKET_LOG: ___, ...environment } = process.env;
  const args = ['serve', '--port', '0', '--no-webhooks', '--data-dir', dataDir];
  const child = spawn(process.execPath, [...process.execArgv, entry, ...args], {
    env: environment,
    // The channel tells it when its parent is gone.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve()).once('close', () => resolve());
  });
  const stop = () => stopProcess(child, ended);
  try {
    const url = await addressOf(child, dataDir, signal);
    const authorization = `Bearer ${readFileSync(adminKeyFile(dataDir), 'utf8').trim()}`;
    return { stop, openTicket: (ticketId) => openTicket(url, authorization, ticketId, signal) };
  } catch (error) {
    await stop();
    throw new Error(`docket serve on ${dataDir} did not start: ${said.trim()}`, { cause: error });
  }
}

async function addressOf(child: ChildProcess, dataDir: string, signal: AbortSignal): Promise<string> {
  const deadlineMs = performance.now() + startMsMax;
  while (performance.now() < deadlineMs && child.exitCode === null && child.signalCode === null) {
    signal.throwIfAborted();
    const record = recordSchema.safeParse(readRecord(dataDir));
    if (record.success && record.data.pid === child.pid) return record.data.url;
    await pause(lookEveryMs);
  }
  throw new Error('it ended, or took too long');
}

/** What an earlier server left may be there still, and a new one may be half written. */
function readRecord(dataDir: string): unknown {
  try {
    return JSON.parse(readFileSync(serverFile(dataDir), 'utf8'));
  } catch {
    return undefined;
  }
}

async function openTicket(
  url: string,
  authorization: string,
  ticketId: string,
  signal: AbortSignal,
): Promise<void> {
  const body = JSON.stringify({ ticketId, data: { fields: { subject: 'The printer on floor 3 jams' } } });
  const headers = { 'content-type': 'application/json', authorization };
  const deadlineMs = performance.now() + startMsMax;
  for (;;) {
    const asked = fetch(new URL('/v1/tickets', url), { method: 'POST', headers, body, signal });
    const answer = await asked.catch((error: unknown) => {
      signal.throwIfAborted();
      if (performance.now() > deadlineMs) throw error;
      return undefined;
    });
    if (answer?.status === 201) return;
    if (answer !== undefined && answer.status !== 503) {
      throw new Error(`a ticket was answered with ${answer.status}: ${await answer.text()}`);
    }
    await pause(lookEveryMs, undefined, { signal });
  }
}

async function stopProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGINT');
  const patience = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(patience);
}
