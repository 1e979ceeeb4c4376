/**
 * One clock for all threads of a process: `performance.now()` counts from when its own thread began, so that
 * instants must be translated before they are sent.
 */

/** Milliseconds of the machine's monotonic clock, which all threads read alike. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** An instant of the shared clock as one of this thread's `performance.now()`. */
export function ownInstantMs(sharedMs: number): number {
  return sharedMs - sharedNowMs() + performance.now();
}
