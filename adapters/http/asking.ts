/**
 * One request to a Docket server and what came back, for the clients in this folder. It must never follow a
 * redirect: the credential would go wherever that leads.
 */
import { type ErrorCode, errorTable, Fault, type FaultCode } from '../../domain/errors.ts';
import { requestText, type TextRequest } from './request.ts';

/** What a client brings to a server, and how it knows that it is the right one. */
export interface ServerTrust {
  /** An API key or a token. */
  readonly credential?: string | undefined;
  /** PEM, of a server with HTTPS: only who shows this one is believed. Absent: as public certificates say. */
  readonly certificate?: string | undefined;
}

export interface AskOptions extends ServerTrust {
  /** From the request's beginning to the end of its answer. */
  readonly requestMsMax: number;
  /** Gives up whatever is under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON; `undefined` where it is none. */
  readonly body: unknown;
  readonly retryAfterMs: number;
}

/** One request and its whole answer. Throws `Fault('server_unreachable')` where there is none. */
export async function ask(
  url: URL,
  init: Omit<TextRequest, 'signal'>,
  { requestMsMax, signal, credential, certificate }: AskOptions,
): Promise<Answer> {
  const late = AbortSignal.timeout(requestMsMax);
  const ended = signal === undefined ? late : AbortSignal.any([late, signal]);
  const authorization = credential === undefined ? {} : { authorization: `Bearer ${credential}` };
  const headers = { ...init.headers, ...authorization };
  try {
    const { status, retryAfter, text } = await requestText(
      url,
      { ...init, headers, signal: ended },
      certificate,
    );
    const retryAfterMs = Number(retryAfter ?? 0) * 1_000;
    return {
      status,
      body: parsed(text),
      retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : 0,
    };
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Fault('server_unreachable', `no answer from ${url.origin}; is the server running?`, { cause });
  }
}

/** What the server said went wrong, as the fault that it is there. */
export function faultOf(answer: Answer, url: URL): Fault {
  const code = codeOf(answer);
  const detail = memberOf(answer, 'detail') ?? `status ${answer.status}`;
  if (isFaultCode(code)) return new Fault(code, detail);
  // Nothing of it was decided, as with a full queue.
  if (code === 'rate_limited') return new Fault('overloaded', detail);
  if (answer.status === 401 || code === 'scope_missing') {
    return new Fault('credential_refused', `${url.origin} does not take the credential: ${detail}`);
  }
  return new Fault('server_unreachable', `${url.href} answered ${answer.status}: ${detail}`);
}

function isFaultCode(code: string | undefined): code is FaultCode {
  if (code === undefined || !Object.hasOwn(errorTable, code)) return false;
  return errorTable[code as ErrorCode].kind === 'fault';
}

/** The code of the problem document that was answered. */
export function codeOf(answer: Answer): string | undefined {
  return memberOf(answer, 'code');
}

export function memberOf({ body }: Answer, name: string): string | undefined {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
