/**
 * All bytes of a delivery as they came, for its signature is over them; bounded for one and for all together.
 * It must never hold more of a body than the limits allow, whatever content-length claims.
 */
import type { IncomingMessage } from 'node:http';
import { Fault } from '../../domain/errors.ts';
import type { WebhookLimits } from './limits.ts';

/** What one body may not have. */
export class BodyTooLarge extends Error {
  constructor(bytesMax: number) {
    super(`a delivery may have ${bytesMax} bytes`);
    this.name = 'BodyTooLarge';
  }
}

/** The connection ended before the body did: nobody is left to be told. */
export class BodyBroken extends Error {
  constructor() {
    super('the connection broke before the body ended');
    this.name = 'BodyBroken';
  }
}

export class BodyRoom {
  readonly #limits: Pick<WebhookLimits, 'bodyBytesMax' | 'bodyBytesInFlightMax'>;
  #bytes = 0;

  constructor(limits: Pick<WebhookLimits, 'bodyBytesMax' | 'bodyBytesInFlightMax'>) {
    this.#limits = limits;
  }

  /**
   * The bytes count until `release` is called. Throws `BodyTooLarge`, `BodyBroken` and
   * `Fault('overloaded')`.
   */
  receive(payload: IncomingMessage): Promise<{ readonly body: Buffer; release(): void }> {
    const { bodyBytesMax, bodyBytesInFlightMax } = this.#limits;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const release = () => {
        this.#bytes -= bytes;
        bytes = 0;
      };
      const fail = (error: Error) => {
        // Whatever still arrives is read and dropped, until the refusal has closed the connection.
        payload.off('data', take).resume();
        release();
        reject(error);
      };
      const take = (chunk: Buffer) => {
        bytes += chunk.length;
        this.#bytes += chunk.length;
        if (bytes > bodyBytesMax) return fail(new BodyTooLarge(bodyBytesMax));
        if (this.#bytes > bodyBytesInFlightMax) {
          return fail(
            new Fault('overloaded', 'too many deliveries are being worked on; send it again later'),
          );
        }
        chunks.push(chunk);
      };
      const broken = () => {
        if (!payload.complete) fail(new BodyBroken());
      };
      payload.on('data', take).on('error', broken).on('close', broken);
      payload.on('end', () => resolve({ body: Buffer.concat(chunks), release }));
    });
  }
}
