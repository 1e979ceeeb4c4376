/**
 * The answers against the log. What a report calls transitions per second is what the log holds of the
 * time, by its own times of commit; and every event that an answer acknowledged must be in it. Neither is
 * ever taken from what was sent.
 */
import type { LogUnderTest } from './place.ts';
import type { Counting } from './result.ts';
import type { StageWindow } from './stage-figures.ts';

/**
 * Events that one request of the mix can lead to, with room: of a request whose answer was lost nobody knows
 * whether it did.
 */
export const eventsPerRequestMax = 4;

/** How many events were recorded in each window; windows come in their order and do not overlap. */
export async function eventsIn(
  log: LogUnderTest,
  range: { readonly after: number; readonly upTo: number },
  windows: readonly StageWindow[],
): Promise<readonly number[]> {
  const counts = windows.map(() => 0);
  let at = 0;
  for await (const times of log.recordedTimes(range.after, range.upTo)) {
    for (const time of times) {
      // Times of commit never go back, so a window that has ended is done with.
      while (at < windows.length && time > (windows[at]?.toMs ?? 0)) at += 1;
      const window = windows[at];
      if (window !== undefined && time >= window.fromMs) counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  return counts;
}

export interface Counted {
  readonly logBefore: number;
  readonly logAfter: number;
  /** Events that answers told of, of preparations too. */
  readonly acknowledged: number;
  /** Requests that were sent and whose answer nobody saw. */
  readonly answersLost: number;
  readonly measuredEvents: number;
  readonly measuredSeconds: number;
}

/**
 * The log must hold every acknowledged event, and none beside them but those whose answers were lost. Where
 * none was, the two numbers are the same.
 */
export function countingOf(counted: Counted): Counting {
  const { logBefore, logAfter, acknowledged, answersLost, measuredEvents, measuredSeconds } = counted;
  const unexplained = logAfter - logBefore - acknowledged;
  return {
    logBefore,
    logAfter,
    acknowledged,
    unexplained,
    equal: unexplained >= 0 && unexplained <= answersLost * eventsPerRequestMax,
    logPerSecond: measuredSeconds > 0 ? measuredEvents / measuredSeconds : 0,
  };
}
