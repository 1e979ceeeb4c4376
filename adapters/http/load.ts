/**
 * How much the server has taken on: requests and bytes of bodies that are not answered yet. Beyond their
 * bounds a request is refused at once, so that overload never turns into memory.
 */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../../domain/errors.ts';
import type { HttpLimits } from './limits.ts';

export class Load {
  readonly #limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>;
  readonly #bytesOf = new WeakMap<IncomingMessage, number>();
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
  giveRequest(request: IncomingMessage): void {
    this.#requests -= 1;
    this.#bodyBytes -= this.#bytesOf.get(request) ?? 0;
    this.#bytesOf.delete(request);
  }

  /** Counts bytes of a body that arrived, until its request is answered. Throws `overloaded`. */
  takeBodyBytes(request: IncomingMessage, bytes: number): void {
    if (this.#bodyBytes + bytes > this.#limits.bodyBytesInFlightMax) {
      const message = `request bodies of ${this.#bodyBytes} bytes are being worked on; try again later`;
      throw new Fault('overloaded', message);
    }
    this.#bodyBytes += bytes;
    this.#bytesOf.set(request, (this.#bytesOf.get(request) ?? 0) + bytes);
  }

  /** Counts bytes no longer that are done with before their request is: lines of a stream. */
  giveBodyBytes(request: IncomingMessage, bytes: number): void {
    const held = this.#bytesOf.get(request);
    // Its end has given all of them back.
    if (held === undefined) return;
    this.#bytesOf.set(request, held - bytes);
    this.#bodyBytes -= bytes;
  }
}
