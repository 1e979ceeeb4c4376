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

const day = throughputWindows.day;

/**
 * How long counts are kept, by how far the log's commit time has gone on since: every shorter window is
 * rolled up into the longer ones as it is counted, and days are kept for good.
 */
export const throughputRetentionMs: Readonly<Record<ThroughputWindow, number>> = {
  second: 7 * day,
  minute: 90 * day,
  hour: 3 * 366 * day,
  day: Number.POSITIVE_INFINITY,
};

/**
 * Windows that begin before this are no longer kept once something was committed at `at`; moves on by whole
 * hours. `undefined` where all are kept.
 */
export function keptSince(window: ThroughputWindow, at: EpochMs): EpochMs | undefined {
  const retention = throughputRetentionMs[window];
  return Number.isFinite(retention) ? windowStart('hour', at - retention) : undefined;
}

/** The beginning of the window that a time falls into. */
export function windowStart(window: ThroughputWindow, at: EpochMs): EpochMs {
  const length = throughputWindows[window];
  return Math.floor(at / length) * length;
}
