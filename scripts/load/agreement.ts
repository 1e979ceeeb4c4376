/**
 * Whether the capacity that a ladder found can be believed: what another tool got out of the same server, by
 * another method, must come close to it. It must never be made to agree: a difference is told as it is.
 *
 * What is compared: the ladder's highest step that kept the objective (open loop, by its own generator) and
 * the most that a fixed number of connections got answered in a closed loop (wrk or ab), with the same
 * actions on the same server. The two meet where the objective is generous (a p99 of seconds): the ladder
 * then ends where throughput does. Three things keep them apart, and none of them is the server's: the
 * ladder's steps (capacity lies between the last step kept and the first missed), a closed loop that never
 * lets the server idle, and, where all share the same cores, a generator in JavaScript that takes more of
 * them than wrk.
 */

/** Of the closed loop's maximum. */
export const agreementShareMax = 0.15;

export interface Agreement {
  readonly agrees: boolean;
  /** Capacity over maximum, less 1: negative where the ladder found less. */
  readonly difference: number;
  readonly words: string;
}

/** Both in requests per second, both above 0. */
export function agreement(capacityPerSecond: number, closedLoopPerSecond: number): Agreement {
  const difference = capacityPerSecond / closedLoopPerSecond - 1;
  const agrees = Math.abs(difference) <= agreementShareMax;
  const apart = `${Math.abs(100 * difference).toFixed(1)} % ${difference < 0 ? 'less' : 'more'}`;
  const [ladder, loop] = [capacityPerSecond, closedLoopPerSecond].map((value) =>
    Math.round(value).toLocaleString('en'),
  );
  return {
    agrees,
    difference,
    words:
      `the ladder kept ${ladder}/s, ${apart} than the ${loop}/s of the closed loop; ` +
      `${agrees ? 'within' : 'not within'} ${100 * agreementShareMax} %`,
  };
}
