/**
 * How many may be refused now. A refusal costs about half of what an answer does, so while the process has no
 * time to spare it refuses a share of what it answers, and leaves the others waiting: who has no answer yet
 * sends nothing more. With time to spare, as when the disk is slow, refusing costs nobody anything.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';

/** From this utilization on the event loop has no time to spare. */
const busyFrom = 0.9;
/** Refusals for each answer, where there is none. */
const shareOfAnswers = 0.1;

export class RefusalBudget {
  readonly #most: number;
  #answers = 0;
  #owed = 0;
  #before: EventLoopUtilization = performance.eventLoopUtilization();

  /** `most` at once where there is time to spare. */
  constructor(most: number) {
    this.#most = most;
  }

  answered(): void {
    this.#answers += 1;
  }

  /**
   * What may be refused from now until it is asked again: at least one, so that nobody waits for ever. A
   * process that is asked late is short of time, even where it was not its own loop that used it.
   */
  next(late: boolean): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    this.#owed = Math.min(this.#most, (this.#owed % 1) + this.#answers * shareOfAnswers);
    this.#answers = 0;
    return !late && utilization < busyFrom ? this.#most : Math.max(1, Math.floor(this.#owed));
  }
}
