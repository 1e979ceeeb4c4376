/**
 * Tells an observer of every request how it ended, exactly once: answered, refused before it came to a
 * route, not even readable as HTTP, or left by its caller. It must never tell what a caller chose: routes go
 * by their templates, methods and errors by names that are known beforehand.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LaneName } from './admission/admission.ts';
import { codeOf } from './failures.ts';
import { requestIdOf } from './request-id.ts';

export type RefusalReason = 'overload' | 'rate' | 'failed_credentials';

export interface HttpObserver {
  /**
   * A request has ended. `route` is a template, or `unmatched`; `status` is 499 where its caller left before
   * there was an answer. `ms` is undefined for what lasts as long as its caller likes, such as streams.
   */
  ended(
    method: string,
    route: string,
    status: number,
    ms: number | undefined,
    requestId: string | undefined,
  ): void;
  /** `lane` is `none` where the request had not come to its route. */
  refused(lane: LaneName, reason: RefusalReason): void;
  /** A connection failed, or what came on it is not HTTP. */
  connectionFailed(code: string): void;
}

/** As nginx logs it. */
const callerLeft = 499;
const unmatched = 'unmatched';
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const errorCodes: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_HTTP_REQUEST_TIMEOUT',
  'HPE_HEADER_OVERFLOW',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_CONTENT_LENGTH',
  'HPE_INVALID_CHUNK_SIZE',
  'HPE_INVALID_EOF_STATE',
  'HPE_INVALID_HEADER_TOKEN',
  'HPE_INVALID_METHOD',
  'HPE_INVALID_TRANSFER_ENCODING',
  'HPE_INVALID_URL',
  'HPE_INVALID_VERSION',
]);

export class RequestWatch {
  readonly #observer: HttpObserver;
  /** Connections that got a last word because of what came on them, and its status. */
  readonly #lastWords = new WeakMap<object, number>();
  /** By how fastify writes an address. At most as many as there are routes. */
  readonly #templates = new Map<string, string>();

  constructor(observer: HttpObserver) {
    this.#observer = observer;
  }

  /** Hears of connections whose HTTP/2 fails, or that are one too many: of these nothing else is told. */
  listen(server: Server): void {
    server.on('drop', () => this.#observer.connectionFailed('dropped'));
    server.on('sessionError', (error: Error) => this.#observer.connectionFailed(knownCode(error)));
  }

  /** A request that fastify took at `sinceMs` has its response closed. */
  ended(request: FastifyRequest, { raw: response }: FastifyReply, sinceMs: number): void {
    const isLasting = request.hasOwnBounds || request.matched?.isLasting === true;
    const ms = isLasting ? undefined : performance.now() - sinceMs;
    const status = response.headersSent ? response.statusCode : this.#lastWordTo(request);
    const route = request.matched?.template ?? this.#templateOf(request);
    const requestId = ms === undefined ? undefined : requestIdOf(request.raw.headers);
    this.#observer.ended(knownMethod(request.method), route, status, ms, requestId);
  }

  /** A request that was answered before fastify had taken it. */
  refusedEarly({ method = '' }: IncomingMessage, status: number): void {
    this.#observer.ended(knownMethod(method), unmatched, status, undefined, undefined);
  }

  /** `status` is that of the last word that was said on the connection; undefined where there was none. */
  connectionFailed(error: unknown, socket: Duplex, status: number | undefined): void {
    this.#observer.connectionFailed(knownCode(error));
    // Where not even TLS came about, there was no request.
    if (status === undefined || !isOfParser(codeOf(error))) return;
    this.#lastWords.set(socket, status);
    // It was said to a request that had come to its route, which tells of it as it closes, or else to nobody.
    socket.once('close', () => {
      if (this.#lastWords.delete(socket)) {
        this.#observer.ended('other', unmatched, status, undefined, undefined);
      }
    });
  }

  #lastWordTo({ raw }: FastifyRequest): number {
    const said = this.#lastWords.get(raw.socket);
    this.#lastWords.delete(raw.socket);
    return said ?? callerLeft;
  }

  /** Of a request that was refused before its route saw it, or that comes to none. */
  #templateOf({ routeOptions: { url } }: FastifyRequest): string {
    if (url === undefined) return unmatched;
    const known = this.#templates.get(url) ?? url.replaceAll(/:(\w+)/g, '{$1}');
    this.#templates.set(url, known);
    return known;
  }
}

function knownMethod(method: string): string {
  return methods.has(method) ? method : 'other';
}

function knownCode(error: unknown): string {
  const code = codeOf(error);
  return errorCodes.has(code) ? code : 'other';
}

function isOfParser(code: string): boolean {
  return code.startsWith('HPE_') || code.startsWith('ERR_HTTP_');
}
