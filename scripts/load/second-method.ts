/**
 * The most that a server answers to a fixed number of connections, each asking again as soon as it is
 * answered, by a tool that is not ours: wrk, or ab where there is no wrk. It shares neither code nor method
 * with our generator, so that both being wrong alike is unlikely; and what came of it is counted in the log.
 * It must never be used for latency: a closed loop asks less while the server is slow, and so hides it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { requestText } from '../../adapters/http/request.ts';
import { Fault } from '../../domain/errors.ts';
import { RequestMaker } from './generator/requests.ts';
import type { Scenario } from './scenario.ts';
import { type AskedRequest, wrkScript } from './wrk-script.ts';

export interface ClosedLoop {
  /** Origin of a server over HTTP/1.1, such as http://127.0.0.1:7420. */
  readonly url: string;
  /** Its key must be allowed to do what the mix asks, and to read the log. */
  readonly key: string;
  readonly connections: number;
  readonly seconds: number;
  /** Before anything is counted. */
  readonly warmSeconds?: number;
  /** Without `advance`, which needs to know what became of the request before. */
  readonly mix?: Scenario['mix'];
  readonly seed?: number;
  /** To ask about; some are opened for it where there are none and the mix needs them. */
  readonly tickets?: readonly string[];
  /** What to ask with, the first of them that is on this machine. */
  readonly tools?: readonly Tool[];
}

export type Tool = 'wrk' | 'ab';

export interface ClosedLoopMaximum {
  /** Requests that succeeded, by the tool's own count and clock. */
  readonly perSecond: number;
  readonly tool: Tool;
  /** Requests that did not succeed, by the tool's count. */
  readonly failed: number;
  /** Events by which the log's head moved meanwhile, per second of the tool's clock. */
  readonly countedInLog: number;
  /** When it began, in epoch milliseconds, and how long it took; without the warm-up. */
  readonly startedAtMs: number;
  readonly seconds: number;
}

const defaultWarmSeconds = 2;
/** Different requests that are asked for again and again, made by the generator's own maker. */
const requestsMade = 2_000;
const ticketsOpened = 1_000;
/** Beyond what it was asked to take. */
const graceMs = 30_000;
const outputBytesMax = 1_000_000;
const answerMsMax = 30_000;

const complaintChars = 200;
/** More than ab can do in the longest run; without it, it stops after 50,000. */
const abRequestsMax = 100_000_000;
const openingOnly: Scenario['mix'] = [{ action: 'open', weight: 1 }];

/** By the tool's own count and clock. */
interface Played {
  readonly succeeded: number;
  readonly failed: number;
  readonly seconds: number;
}

const run = promisify(execFile);

/**
 * Faults: `input_unreadable` where the mix cannot be asked in a closed loop, or neither wrk nor ab is on this
 * machine; `server_unreachable` where the server does not answer as it should.
 */
export async function closedLoopMaximum(asked: ClosedLoop): Promise<ClosedLoopMaximum> {
  const { mix = openingOnly, warmSeconds = defaultWarmSeconds, seed = 1 } = asked;
  const stateful = mix.find(({ action }) => action === 'advance' || action === 'classify');
  if (stateful !== undefined)
    throw new Fault(
      'input_unreadable',
      `a closed loop can not ask for '${stateful.action}', which depends on the answers before: leave it out`,
    );
  const tool = await toolHere(asked.tools ?? ['wrk', 'ab']);
  const { tickets: given = [] } = asked;
  const needsOwn = given.length === 0 && mix.some(({ action }) => action !== 'open');
  const tickets = needsOwn ? await openTickets(asked) : given;
  const maker = new RequestMaker(mix, seed, tickets);
  const requests = Array.from({ length: requestsMade }, () => maker.next());
  const play = (seconds: number) => (tool === 'wrk' ? byWrk : byAb)(asked, requests, seconds);
  if (warmSeconds > 0) await play(warmSeconds);
  const before = await headOf(asked);
  const startedAtMs = Date.now();
  const { succeeded, failed, seconds } = await play(asked.seconds);
  const countedInLog = ((await headOf(asked)) - before) / seconds;
  return { perSecond: succeeded / seconds, tool, failed, countedInLog, startedAtMs, seconds };
}

async function toolHere(tools: readonly Tool[]): Promise<Tool> {
  for (const tool of tools) if (await isHere(tool)) return tool;
  throw new Fault(
    'input_unreadable',
    `${tools.join(' and ')} can not be found on this machine: install one, such as with apt-get install wrk`,
  );
}

/** wrk ends with 1 after telling its version, so that only a program that cannot be started is missing. */
async function isHere(tool: string): Promise<boolean> {
  return run(tool, [tool === 'ab' ? '-V' : '-v']).then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT'),
  );
}

async function byWrk(asked: ClosedLoop, requests: readonly AskedRequest[], seconds: number): Promise<Played> {
  const script = wrkScript(requests, asked.key);
  return withFile('closed-loop.lua', script, async (path) => {
    const { connections, url } = asked;
    const args = ['-t1', `-c${connections}`, `-d${wholeSeconds(seconds)}s`, '-s', path, url];
    const { stdout } = await started('wrk', args, seconds);
    const told = wrkSchema.parse(JSON.parse(stdout.slice(stdout.lastIndexOf('{'))));
    const { requests: all, micros, refused, broken } = told;
    return { succeeded: all - refused, failed: refused + broken, seconds: micros / 1_000_000 };
  });
}

/** Requests that broke are not among those that wrk counts as requests; those refused are. */
const wrkSchema = z.object({
  requests: z.int(),
  micros: z.number().positive(),
  refused: z.int(),
  broken: z.int(),
});

/** One request again and again, because ab knows no more; its key can be seen by who lists the processes. */
async function byAb(asked: ClosedLoop, requests: readonly AskedRequest[], seconds: number): Promise<Played> {
  const [first] = requests;
  if (first === undefined || new Set(requests.map(({ action }) => action)).size > 1)
    throw new Fault('input_unreadable', 'ab can ask for one action only: install wrk, or use a mix of one');
  return withFile('closed-loop.json', first.body ?? '', async (path) => {
    const body = first.body === undefined ? [] : ['-p', path, '-T', 'application/json'];
    const args = ['-k', '-q', '-l', '-c', String(asked.connections), '-t', String(wholeSeconds(seconds))];
    const most = ['-n', String(abRequestsMax), '-H', `authorization: Bearer ${asked.key}`];
    const { stdout } = await started('ab', [...args, ...most, ...body, asked.url + first.path], seconds);
    const figure = (name: string) => Number(new RegExp(`^${name}: +([\\d.]+)`, 'm').exec(stdout)?.[1] ?? 0);
    const failed = figure('Failed requests') + figure('Non-2xx responses');
    return {
      succeeded: figure('Complete requests') - failed,
      failed,
      seconds: figure('Time taken for tests'),
    };
  });
}

async function started(tool: string, args: readonly string[], seconds: number): Promise<{ stdout: string }> {
  const timeout = seconds * 1_000 + graceMs;
  return run(tool, args, { timeout, killSignal: 'SIGKILL', maxBuffer: outputBytesMax }).catch((cause) => {
    throw new Fault('server_unreachable', `${tool} could not ask the server: ${cause}`, { cause });
  });
}

/** Both tools take whole seconds. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}

/** In a folder that only we can read, because a key is in it. */
async function withFile<T>(name: string, text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'docket-closed-loop-'));
  try {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const headSchema = z.object({ position: z.int() });
const outcomesSchema = z.object({ outcomes: z.array(z.object({ ticketId: z.string() })) });

async function headOf(asked: ClosedLoop): Promise<number> {
  return headSchema.parse(await answerOf(asked, '/v1/events?limit=1')).position;
}

async function openTickets(asked: ClosedLoop): Promise<readonly string[]> {
  const commands = Array.from({ length: ticketsOpened }, () => ({ type: 'OpenTicket', data: {} }));
  const { outcomes } = outcomesSchema.parse(
    await answerOf(asked, '/v1/commands', JSON.stringify({ commands })),
  );
  return outcomes.map(({ ticketId }) => ticketId);
}

async function answerOf({ url, key }: ClosedLoop, path: string, body?: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const signal = AbortSignal.timeout(answerMsMax);
  const request = body === undefined ? { headers, signal } : { method: 'POST', headers, signal, body };
  const { status, text } = await requestText(new URL(path, url), request).catch((cause) => {
    throw new Fault('server_unreachable', `${url} does not answer: ${cause}`, { cause });
  });
  if (status === 200) return JSON.parse(text);
  throw new Fault('server_unreachable', `${url}${path} answered ${status}: ${text.slice(0, complaintChars)}`);
}
