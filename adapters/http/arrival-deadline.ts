/**
 * Refuses bodies that are late to arrive. Node has one bound for all requests, which a stream of commands
 * needs to be long; bodies that are read as a whole have this one, shorter.
 */
import type { HttpLimits } from './limits.ts';
import { UnderWay } from './under-way.ts';

interface Arriving {
  readonly sinceMs: number;
  readonly onLate: () => void;
}

export class ArrivalDeadline {
  readonly #requestMsMax: number;
  /** Bodies that are not complete. */
  readonly #arriving = new UnderWay<Arriving>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ requestMsMax, arrivalSweepMs }: Pick<HttpLimits, 'requestMsMax' | 'arrivalSweepMs'>) {
    this.#requestMsMax = requestMsMax;
    this.#sweep = setInterval(() => this.#refuseLate(), arrivalSweepMs);
    // A server that no longer listens must not keep its process alive.
    this.#sweep.unref();
  }

  /** Calls `onLate`, unless `arrived` is called in time, once, with the place that this answers. */
  watch(onLate: () => void): number {
    return this.#arriving.add({ sinceMs: performance.now(), onLate });
  }

  arrived(place: number): void {
    this.#arriving.remove(place);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #refuseLate(): void {
    const before = performance.now() - this.#requestMsMax;
    for (const { sinceMs, onLate } of this.#arriving.all()) if (sinceMs <= before) onLate();
  }
}
