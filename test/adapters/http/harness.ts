/**
 * A server over a real engine and a log in memory, on a real socket, and a client that is nothing but
 * fetch, or its like for the other protocols.
 */
import { expect } from 'vitest';

import type { Rates } from '../../../adapters/http/admission/rates.ts';
import type { HttpContext } from '../../../adapters/http/context.ts';

import type { HttpLimits } from '../../../adapters/http/limits.ts';
import { openApiDocument } from '../../../adapters/http/openapi/document.ts';
import type { HttpObserver } from '../../../adapters/http/request-watch.ts';
import { buildServer, type HttpServer } from '../../../adapters/http/server.ts';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { Engine, type EngineLimits } from '../../../domain/engine.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import type { SlaRules } from '../../../domain/sla/policies.ts';
import { builtInWorkflows, defaultWorkflow } from '../../../domain/workflow/registry.ts';
import { httpParts } from '../../../scripts/bench/http-parts.ts';
import { monday9 } from '../../support/tickets.ts';
import { type CheckAnswer, contractOf } from './contract.ts';
import { type Protocol, requesterOf, testCertificate } from './requester.ts';

/** Made once: what a server may answer does not depend on its settings. */
let checkAnswer: CheckAnswer | undefined;

export interface Harness {
  readonly url: string;
  readonly log: MemoryLog;
  readonly engine: Engine;
  readonly server: HttpServer;
  /** What the server reported to its operator. */
  readonly reported: unknown[];
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Sends a body as it is. */
  send(path: string, init: RequestInit): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly type: string | null;
  /** Parsed from JSON. */
  readonly body: unknown;
}

/** What servers speak whose test does not say: set by files that run the tests of others once more. */
export const spoken: { protocol: Protocol } = { protocol: 'http1' };

export interface HarnessOptions {
  readonly protocol?: Protocol;
  readonly limits?: Partial<HttpLimits>;
  readonly unreadyMsMin?: number;
  readonly rates?: Partial<Rates>;
  /** Proxies that are believed: tests then say in `x-forwarded-for` where they come from. */
  readonly proxies?: number;
  readonly engineLimits?: Partial<EngineLimits>;
  /** What tickets are promised; nothing where it is absent. */
  readonly sla?: SlaRules;
  readonly observer?: HttpObserver;
  /** Stands between server and engine. */
  readonly sink?: (engine: Engine) => CommandSink;
  readonly context?: Partial<
    Omit<HttpContext, 'limits' | 'load' | 'rates' | 'stopping' | 'leaving' | 'positions' | 'report'>
  >;
}

export async function startServer(options: HarnessOptions = {}): Promise<Harness> {
  const clock = { now: () => monday9 };
  const log = new MemoryLog({ clock });
  const workflows = builtInWorkflows;
  const limits = options.engineLimits ?? {};
  const engine = new Engine({ log, clock, workflows, defaultWorkflow, limits, sla: options.sla });
  const reported: unknown[] = [];
  const protocol = options.protocol ?? spoken.protocol;
  const server = buildServer({
    ...httpParts(engine, log),
    sink: options.sink?.(engine) ?? engine,
    limits: { farewellMs: 1, ...options.limits },
    unreadyMsMin: options.unreadyMsMin ?? 0,
    tls: protocol === 'http1' ? undefined : testCertificate,
    rates: options.rates ?? {},
    proxies: options.proxies ?? 0,
    observer: options.observer,
    report: (error) => reported.push(error),
    ...options.context,
  });
  checkAnswer ??= contractOf(openApiDocument(server.routes, 'test'));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const requester = requesterOf(protocol, url);
  const send = async (path: string, init: RequestInit) => {
    const answer = await answerOf(await requester.send(path, init));
    checkAnswer?.({ ...answer, method: init.method ?? 'GET', path });
    return answer;
  };
  return {
    url,
    log,
    engine,
    server,
    reported,
    send,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, body, headers = {}) =>
      send(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      requester.close();
      await log.close();
    },
  };
}

/** The answer is a problem document with this status and code. */
export function expectProblem(answer: Answer, status: number, code: string, more: object = {}): void {
  expect(answer.type).toMatch(/^application\/problem\+json/);
  expect(answer.body).toMatchObject({
    type: `urn:docket:error:${code}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
    code,
    ...more,
  });
  expect(answer.status).toBe(status);
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    type: response.headers.get('content-type'),
    body: bodyOf(text, response.headers.get('content-type')),
  };
}

function bodyOf(text: string, type: string | null): unknown {
  if (text === '') return undefined;
  return type?.split(';')[0]?.endsWith('json') === true ? JSON.parse(text) : text;
}
