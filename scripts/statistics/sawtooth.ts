/**
 * The memory of a collected heap is a sawtooth; only its troughs tell whether it leaks. What lies between two
 * collections must never come in here: it rises in each healthy process.
 */
import { type Growth, lastingGrowth } from './lasting-growth.ts';
import type { Point } from './theil-sen.ts';

export interface SawtoothBounds {
  /** What the heap may grow to. */
  readonly limitBytes: number;
  /** A slope under this is of no interest. */
  readonly bytesPerHourMin?: number;
  readonly horizonHours?: number;
}

/** A heap's own wandering; a leak of less takes weeks to matter to a process of half a gigabyte. */
const defaultBytesPerHourMin = 1024 ** 2;

/**
 * Of the heap right after each major collection: x in hours, y in bytes. See `lastingGrowth` for the rule and
 * its source.
 */
export function sawtooth(
  troughs: readonly Point[],
  { limitBytes, bytesPerHourMin = defaultBytesPerHourMin, horizonHours }: SawtoothBounds,
): Growth {
  return lastingGrowth(troughs, {
    limit: limitBytes,
    perHourMin: bytesPerHourMin,
    ...(horizonHours === undefined ? {} : { horizonHours }),
  });
}
