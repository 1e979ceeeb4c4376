/**
 * What an engine tells whoever measures it. It must cost next to nothing: it is told once for each call of
 * `submit` and once for each append, never once for each command, but for those that are refused. What is
 * told must not change what the engine does: an observer never throws and never waits.
 */
import type { AppendOutcome, EventLog, Write } from '../ports.ts';
import type { Rejection } from '../ticket/rejection.ts';

export interface EngineObserver {
  /** Milliseconds of a clock that never jumps: the engine itself has none. */
  now(): number;
  /**
   * A call of `submit` has all its answers, for `commands` commands that were taken in at `sinceMs`.
   * `requestId` is what its caller knows it by.
   */
  answered(commands: number, sinceMs: number, requestId: string | undefined): void;
  /** `workflow` is that of the ticket, as `name@version`; undefined where there is no such ticket. */
  rejected(rejection: Rejection, workflow: string | undefined): void;
  /**
   * Writes are about to go to the log. What is returned is told what became of them, once they are durable;
   * never where the log failed, for nobody knows then.
   */
  appending(writes: readonly Write[]): Appending;
}

export interface Appending {
  /** One outcome for each write, in their order. */
  settled(outcomes: readonly AppendOutcome[]): void;
}

/** Appends, and tells the observer, if there is one. Keeps no hold of the writes. */
export function appendTelling(
  observer: EngineObserver | undefined,
  log: EventLog,
  writes: readonly Write[],
): Promise<readonly AppendOutcome[]> {
  const appending = observer?.appending(writes);
  const appended = log.append(writes);
  if (appending === undefined) return appended;
  return appended.then((outcomes) => {
    appending.settled(outcomes);
    return outcomes;
  });
}
