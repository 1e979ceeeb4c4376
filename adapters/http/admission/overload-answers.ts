/**
 * The cheapest way to say no: answers that were made once, sent past everything that makes answers otherwise.
 * Retry-After goes round over a few seconds, so that those who were refused together do not come back so.
 *
 * Where even this is too much, the connection is not read for a time: what its caller sends meanwhile stays
 * with TCP. Not behind a proxy, whose connections are everybody's.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../../domain/errors.ts';
import { problemMediaType, problemOfFault } from '../problem.ts';

/** In whole seconds, as the field wants it. */
const retryAfterSeconds = ['1', '2', '3'];
/** Of a body that is read to its end, so that its connection can be kept. */
const bodyBytesReadMax = 64 * 1024;

const fault = new Fault('overloaded', 'more requests came than can be answered now; try again later');
const refusal = problemOfFault(fault);
const body = Buffer.from(JSON.stringify(refusal));
const headersOfAnswers: readonly OutgoingHttpHeaders[] = retryAfterSeconds.map((seconds) => ({
  'content-type': problemMediaType,
  'content-length': body.length,
  'retry-after': seconds,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
}));

export class OverloadAnswers {
  readonly #pausing: boolean;
  /** When each was paused, the longest ago first. At most as many as there are connections. */
  readonly #paused = new Map<Socket, number>();
  #sent = 0;

  constructor({ proxied }: { readonly proxied: boolean }) {
    this.#pausing = !proxied;
  }

  /** Connections that are not read at present. */
  get paused(): number {
    return this.#paused.size;
  }

  refuse(request: FastifyRequest, reply: FastifyReply): void {
    this.#send(request, reply, undefined);
  }

  /** For when refusing alone would be too much work: the caller is not heard until `resume`. */
  refuseAndPause(request: FastifyRequest, reply: FastifyReply): void {
    const pausing = this.#pausing && isFirstVersion(request);
    this.#send(request, reply, pausing ? () => this.#pauseAfter(request.raw) : undefined);
  }

  /** Reads connections again that were paused before a time, and `most` of them at most. */
  resume(pausedBeforeMs: number, most: number): void {
    let resumed = 0;
    for (const [socket, sinceMs] of this.#paused) {
      if (resumed >= most || sinceMs > pausedBeforeMs) return;
      this.#paused.delete(socket);
      socket.resume();
      resumed += 1;
    }
  }

  #send(request: FastifyRequest, reply: FastifyReply, sent: (() => void) | undefined): void {
    const headers = headersOfAnswers[this.#sent % headersOfAnswers.length];
    this.#sent += 1;
    reply.hijack();
    if (reply.raw.destroyed) return;
    const leaves = isFirstVersion(request) && hasLargeBody(request);
    reply.raw.writeHead(refusal.status, leaves ? { ...headers, connection: 'close' } : headers);
    reply.raw.end(body, sent);
  }

  /**
   * Not before Node has read the rest of the request away, for which it would read the connection again; and
   * not a turn of the event loop later, which may be long in coming when callers answer refusals at once.
   */
  #pauseAfter(request: IncomingMessage): void {
    if (request.readableEnded) this.#pause(request.socket);
    else request.once('end', () => this.#pause(request.socket));
  }

  #pause(socket: Socket): void {
    if (socket.destroyed) return;
    socket.pause();
    this.#paused.set(socket, performance.now());
  }
}

/** Connections of HTTP/2 are not to be managed one by one, and their answers not to name them. */
function isFirstVersion({ raw }: FastifyRequest): boolean {
  return raw.httpVersionMajor === 1;
}

function hasLargeBody({ headers }: FastifyRequest): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  return Number(headers['content-length'] ?? 0) > bodyBytesReadMax;
}
