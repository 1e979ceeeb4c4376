/**
 * What is done on the servers between the steps of a ladder, by others than the generator, and how much it
 * adds to the log: no answer that the generator saw tells of it, so that it must be counted there.
 * It must begin and end at rest, or a step would pay for what was done before it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from './place.ts';
import { caughtUp } from './read-models-under-test.ts';

/** One thing done between steps. */
export interface BesideSteps {
  readonly place: Place;
  /** Tickets that the generator asks about, too. */
  readonly tickets: readonly string[];
  /** Such as 'before the ladder'. */
  readonly when: string;
  /** Epoch milliseconds. */
  readonly runStartedAtMs: number;
}

/** For read models to be level with the log before the next step; what is still behind then shows in it. */
const restMsMax = 30_000;
/** A head that did not move for so long has rested: requests of a tool that was stopped are done by then. */
const restingMs = 300;
const looksMax = 100;

export class Beside {
  readonly #place: Place;
  readonly #signal: AbortSignal;
  #events = 0;

  constructor(place: Place, signal: AbortSignal) {
    this.#place = place;
    this.#signal = signal;
  }

  /** Events that the log grew by meanwhile, of all that was done. */
  get events(): number {
    return this.#events;
  }

  async during(work: () => Promise<void>): Promise<void> {
    await this.rest();
    const before = await this.#restingHead();
    await work();
    this.#events += (await this.#restingHead()) - before;
    await this.rest();
  }

  /** Until the read models hold all that is in the log, for a while at most. */
  async rest(): Promise<void> {
    const [target] = this.#place.targets;
    if (target === undefined) return;
    const head = await this.#place.log.head();
    await caughtUp(target, head, { msMax: restMsMax, signal: this.#signal });
  }

  async #restingHead(): Promise<number> {
    let head = await this.#place.log.head();
    for (let look = 0; look < looksMax; look += 1) {
      await sleep(restingMs, undefined, { signal: this.#signal });
      const next = await this.#place.log.head();
      if (next === head) return head;
      head = next;
    }
    return head;
  }
}
