/**
 * How much the server has taken on: requests and bytes of bodies that are not answered yet. Beyond their
 * bounds a request is refused at once, so that overload never turns into memory.
 */
import type { FastifyRequest } from 'fastify';
import { Fault } from '../../domain/errors.ts';
import type { HttpLimits } from './limits.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of its body that are counted; undefined where none are, or not any more. */
    bodyBytesHeld: number | undefined;
  }
}

/**
 * A request, which says itself what is counted of its body. A `WeakMap` of requests would be looked through
 * at each collection of garbage, and give each of them a hash to keep.
 */
type BodyHolder = Pick<FastifyRequest, 'bodyBytesHeld'>;

export class Load {
  readonly #limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>;
  #requests = 0;
  #bodyBytes = 0;
  /** Streams of events that are open: they are no requests in flight. Counted by whoever opens them. */
  streams = 0;

  constructor(limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>) {
    this.#limits = limits;
  }

  get requests(): number {
    return this.#requests;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Counts a request until it is given back; `false` where there are as many as may be. */
  takeRequest(): boolean {
    if (this.#requests >= this.#limits.requestsInFlightMax) return false;
    this.#requests += 1;
    return true;
  }

  /** Its answer is out or its client gone: until then what was parsed from its body lived, and counted. */
  giveRequest(request: BodyHolder): void {
    this.#requests -= 1;
    this.#bodyBytes -= request.bodyBytesHeld ?? 0;
    request.bodyBytesHeld = undefined;
  }

  /** Counts bytes of a body that arrived, until its request is answered. Throws `overloaded`. */
  takeBodyBytes(request: BodyHolder, bytes: number): void {
    if (this.#bodyBytes + bytes > this.#limits.bodyBytesInFlightMax) {
      const message = `request bodies of ${this.#bodyBytes} bytes are being worked on; try again later`;
      throw new Fault('overloaded', message);
    }
    this.#bodyBytes += bytes;
    request.bodyBytesHeld = (request.bodyBytesHeld ?? 0) + bytes;
  }

  /** Counts bytes no longer that are done with before their request is: lines of a stream. */
  giveBodyBytes(request: BodyHolder, bytes: number): void {
    const held = request.bodyBytesHeld;
    // Its end has given all of them back.
    if (held === undefined) return;
    request.bodyBytesHeld = held - bytes;
    this.#bodyBytes -= bytes;
  }
}
