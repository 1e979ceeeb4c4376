/** An answer as a value, complete before anything of it is sent, so that it can be kept and given again. */
import type { FastifyReply } from 'fastify';
import { jsonMediaType } from './body.ts';
import { retryAfterSeconds } from './limits.ts';
import { type Problem, problemMediaType } from './problem.ts';

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; `content-type` is always among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the same request may be answered otherwise later, so that this is not to be kept. */
  readonly passing?: boolean;
}

export const jsonHeaders = { 'content-type': `${jsonMediaType}; charset=utf-8` } as const;

export function problemAnswer(found: Problem, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status: found.status,
    headers: {
      ...headers,
      ...(found.retry ? { 'retry-after': String(retryAfterSeconds) } : {}),
      'content-type': problemMediaType,
    },
    body: JSON.stringify(found),
    passing: found.retry,
  };
}

export function sendAnswer(reply: FastifyReply, { status, headers, body }: HttpAnswer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}
