/**
 * Turns whatever went wrong with a request into its problem document: what routes throw, what fastify
 * refuses, what Node can not even read as HTTP.
 *
 * It must never let an unknown error's message out; `report` gets it instead.
 */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../domain/errors.ts';
import { retryAfterSeconds } from './limits.ts';
import {
  type HttpErrorCode,
  type Problem,
  problem,
  problemMediaType,
  problemOfFault,
  RequestRefused,
} from './problem.ts';

/** Something that the operator should see: a fault, or a bug of the server. */
export type ReportFailure = (
  error: unknown,
  request: { readonly method: string; readonly url: string },
) => void;

/** What fastify refuses by itself, by its code. */
const problemOfFastify: ReadonlyMap<string, readonly [HttpErrorCode, string]> = new Map([
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    ['media_type_unsupported', 'the body is of a kind that nothing here takes'],
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    ['body_malformed', 'the body is not as long as content-length says'],
  ],
  ['FST_ERR_BAD_URL', ['request_invalid', 'the address holds a percent sign that begins no valid escape']],
]);

/** What Node's HTTP parser refuses, by its code; everything else there is not HTTP. */
const problemOfParser: ReadonlyMap<string, readonly [HttpErrorCode, string]> = new Map([
  ['HPE_HEADER_OVERFLOW', ['headers_too_large', 'send fewer or shorter headers, or a shorter address']],
  ['ERR_HTTP_REQUEST_TIMEOUT', ['request_timeout', 'send the whole request without pauses']],
]);

/** What no answer goes without; problems are also told before or outside of where other answers get it. */
export const guardedHeaders = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' } as const;

/** Told to callers as often as they ask for it: nothing is wrong that an operator could mend. */
const unreported: ReadonlySet<Problem['code']> = new Set(['overloaded', 'position_not_reached']);

/** Fastify's error handler. */
export function answerFailure(report: ReportFailure) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    return sendProblem(
      reply,
      reportedProblemOf(error, (cause) => report(cause, request)),
    );
  };
}

/** The problem of an error, which the operator is told of where it is none of the caller's. */
export function reportedProblemOf(error: unknown, report: (error: unknown) => void): Problem {
  const found = problemOf(error);
  if (found.status >= 500 && !unreported.has(found.code)) report(error);
  return found;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof RequestRefused) return error.problem;
  if (error instanceof Fault) return problemOfFault(error);
  const known = problemOfFastify.get(codeOf(error));
  if (known !== undefined) return problem(...known);
  return problem(
    'internal_error',
    'the request was not understood to the end; its cause is in the server log',
  );
}

/** Answers with a problem; Retry-After, unless set before, goes with what time may heal. */
export function sendProblem(reply: FastifyReply, found: Problem): FastifyReply {
  if (found.retry && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfterSeconds);
  if (found.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.headers(guardedHeaders).code(found.status).type(problemMediaType).send(JSON.stringify(found));
}

/** The same where fastify has no reply to offer yet. */
export function writeProblem(response: ServerResponse, found: Problem): void {
  const body = JSON.stringify(found);
  // HTTP/2 has no such header: there, one request says nothing about its connection.
  const ending = response.req.httpVersionMajor === 1 ? { connection: 'close' } : {};
  response.writeHead(found.status, { 'content-type': problemMediaType, ...guardedHeaders, ...ending });
  response.end(body);
}

/**
 * What came is not HTTP, too slow or too large: the last words on a connection. Returns their status;
 * undefined where nobody would hear them.
 */
export function answerParserError(error: unknown, socket: Duplex): number | undefined {
  if (codeOf(error) === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const known = problemOfParser.get(codeOf(error));
  const found = problem(...(known ?? (['request_invalid', 'what was sent is not HTTP/1.1'] as const)));
  const body = JSON.stringify(found);
  const head = [
    `HTTP/1.1 ${found.status} Refused`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(guardedHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  return found.status;
}

/** Of Node or fastify; empty where the error has none. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
