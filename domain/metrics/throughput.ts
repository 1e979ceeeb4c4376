/**
 * Throughput: committed transitions per time window, counted by commit time (`recordedAt`). Every event in
 * the log is one committed transition, the opening of a ticket included.
 */
import type { EpochMs } from '../ticket/values.ts';

/**
 * The windows that are kept, with their lengths in milliseconds. All begin at whole multiples since 1970 UTC.
 */
export const throughputWindows = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;
export type ThroughputWindow = keyof typeof throughputWindows;

/** The beginning of the window that a time falls into. */
export function windowStart(window: ThroughputWindow, at: EpochMs): EpochMs {
  const length = throughputWindows[window];
  return Math.floor(at / length) * length;
}
