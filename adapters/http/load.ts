/**
 * How much the server has taken on: requests and bytes of bodies that are not answered yet. Beyond their
 * bounds a request is refused at once, so that overload never turns into memory.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../../domain/errors.ts';
import type { HttpLimits } from './limits.ts';

export class Load {
  readonly #limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>;
  readonly #bytesOf = new WeakMap<IncomingMessage, number>();
  #requests = 0;
  #bodyBytes = 0;

  constructor(limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>) {
    this.#limits = limits;
  }

  get requests(): number {
    return this.#requests;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** Counts a request until its response is finished or its client gone. Throws `overloaded`. */
  takeRequest(request: IncomingMessage, response: ServerResponse): void {
    const { requestsInFlightMax } = this.#limits;
    if (this.#requests >= requestsInFlightMax) {
      throw new Fault('overloaded', `${requestsInFlightMax} requests are being answered; try again later`);
    }
    this.#requests += 1;
    response.once('close', () => {
      this.#requests -= 1;
      // What was parsed from a body lives until the answer is out, so its bytes count until then.
      this.#bodyBytes -= this.#bytesOf.get(request) ?? 0;
      this.#bytesOf.delete(request);
    });
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
