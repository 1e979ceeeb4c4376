/**
 * Whether the capacity that a ladder found can be believed: what another tool got out of the same server, by
 * another method, must come close to it. It must never be made to agree: a difference is told as it is, and
 * where the machine gives no steady answer to one method, two methods can not be compared on it.
 *
 * What is compared: the ladder's highest rate that kept the objective (open loop, by its own generator) and
 * the most that as many connections got answered in a closed loop (wrk or ab), with the same actions on the
 * same tickets of the same server, again and again between the steps that decide. The two meet where the
 * objective is generous (a p99 of seconds): the ladder then ends where throughput does. What keeps them apart
 * is not the server's: the distance between steps, too few connections to keep the server busy while it waits
 * for the disk, and, where all share the same cores, a generator in JavaScript that takes more of them than
 * wrk. Read models must keep up in a ladder only; they are left aside here, and a ladder that ended for their
 * sake is known to answer at least what it answered.
 */
import { median } from '../statistics/robust.ts';
import type { CapacityAnalysis, ClosedLoopRun, SecondMethod } from './result.ts';

/** Of the closed loop's maximum. */
export const agreementShareMax = 0.15;
/** What the closed loop's own runs may differ by before it can be no measure for anything else. */
const spreadShareMax = agreementShareMax;
/** Of less, nothing is known about how steady the machine was. */
const runsMin = 2;

export type Agreement = Pick<SecondMethod, 'perSecond' | 'spreadShare' | 'verdict' | 'words'>;

/** Rates are above 0, in requests per second. */
export function agreement(
  capacity: Pick<CapacityAnalysis, 'perSecond' | 'atLeast'> | undefined,
  runs: readonly Pick<ClosedLoopRun, 'perSecond'>[],
): Agreement {
  const rates = runs.map(({ perSecond }) => perSecond).toSorted((one, other) => one - other);
  const [slowest, fastest] = [rates.at(0), rates.at(-1)];
  if (slowest === undefined || fastest === undefined || rates.length < runsMin)
    return unjudged('the closed loop did not run often enough to tell how steady the machine was');
  const perSecond = median(rates);
  const known = { perSecond, spreadShare: (fastest - slowest) / perSecond };
  if (capacity?.perSecond === undefined)
    return { ...known, verdict: 'not_judged', words: 'the ladder found no capacity' };
  const kept = capacity.perSecond;
  if (known.spreadShare > spreadShareMax) {
    const words =
      `the machine was not steady: the closed loop reached ${told(slowest)} to ${told(fastest)} in` +
      ` ${rates.length} runs, ${percent(known.spreadShare)} apart; the ladder kept ${told(kept)}`;
    return { ...known, verdict: 'not_judged', words };
  }
  const difference = kept / perSecond - 1;
  const apart = `${percent(Math.abs(difference))} ${difference < 0 ? 'less' : 'more'}`;
  const words = `the ladder kept ${told(kept)}, ${apart} than the ${told(perSecond)} of the closed loop`;
  if (Math.abs(difference) <= agreementShareMax)
    return { ...known, verdict: 'met', words: `${words}; within ${percent(agreementShareMax, 0)}` };
  if (capacity.atLeast && difference < 0)
    return { ...known, verdict: 'not_judged', words: `${words}, and did not come to the limit` };
  return { ...known, verdict: 'missed', words: `${words}; not within ${percent(agreementShareMax, 0)}` };
}

function unjudged(words: string): Agreement {
  return { perSecond: undefined, spreadShare: undefined, verdict: 'not_judged', words };
}

function told(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`;
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
