/**
 * A clock that moves only when told to, and the works that were scheduled on it. The simulation hands both
 * to the log, so that an idle quarter of a second takes no time and happens at the same step again.
 */
import type { Clock } from '../../domain/ports.ts';

interface Work {
  readonly due: number;
  readonly work: () => void;
}

export class VirtualTime implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #works = new Set<Work>();

  now(): number {
    return this.#now;
  }

  /** As a timer: returns how to call it off. */
  readonly schedule = (work: () => void, delayMs: number): (() => void) => {
    const entry = { due: this.#now + delayMs, work };
    this.#works.add(entry);
    return () => void this.#works.delete(entry);
  };

  /** Lets time pass; whatever comes due runs in the order of its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#works].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      this.#works.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.work();
    }
    this.#now = end;
  }

  /** Whoever had scheduled something died. */
  forget(): void {
    this.#works.clear();
  }
}
