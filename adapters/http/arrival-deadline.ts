/**
 * Refuses bodies that are late to arrive. Node has one bound for all requests, which a stream of commands
 * needs to be long; bodies that are read as a whole have this one, shorter.
 */
import type { IncomingMessage } from 'node:http';
import type { HttpLimits } from './limits.ts';

interface Arriving {
  readonly sinceMs: number;
  readonly onLate: () => void;
}

export class ArrivalDeadline {
  readonly #requestMsMax: number;
  /** Bodies that are not complete, oldest first. */
  readonly #arriving = new Map<IncomingMessage, Arriving>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ requestMsMax, arrivalSweepMs }: Pick<HttpLimits, 'requestMsMax' | 'arrivalSweepMs'>) {
    this.#requestMsMax = requestMsMax;
    this.#sweep = setInterval(() => this.#refuseLate(), arrivalSweepMs);
    // A server that no longer listens must not keep its process alive.
    this.#sweep.unref();
  }

  /** Calls `onLate` once, unless `arrived` is called in time. */
  watch(request: IncomingMessage, onLate: () => void): void {
    this.#arriving.set(request, { sinceMs: performance.now(), onLate });
  }

  arrived(request: IncomingMessage): void {
    this.#arriving.delete(request);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #refuseLate(): void {
    const before = performance.now() - this.#requestMsMax;
    for (const [request, { sinceMs, onLate }] of this.#arriving) {
      if (sinceMs > before) return;
      this.#arriving.delete(request);
      onLate();
    }
  }
}
