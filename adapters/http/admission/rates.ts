/**
 * How much one caller may send: quotas per window, by who is counted. They keep one caller from taking what
 * is everybody's; what the server can bear at all is for admission.ts to find out.
 *
 * The defaults are far above what one integration needs, and below what would harm: at its full rate one key
 * takes about two thirds of what a server of two cores answers.
 */

/** A bucket of `quota` units, which fills again evenly in `windowSeconds`. */
export interface Rate {
  /** At least 1. */
  readonly quota: number;
  /** Whole seconds, at least 1. */
  readonly windowSeconds: number;
}

export const ratesDefault = {
  /** Requests with one credential. */
  requestsPerKey: { quota: 1_200_000, windowSeconds: 60 },
  /** Commands inside the bulk requests of one credential. */
  commandsPerKey: { quota: 60_000_000, windowSeconds: 60 },
  /** Requests from one address, or one /64 network of IPv6. Loopback is not counted. */
  requestsPerAddress: { quota: 1_200_000, windowSeconds: 60 },
  /** Requests from one address whose credential did not hold. Beyond it nothing from there is looked at. */
  failuresPerAddress: { quota: 60, windowSeconds: 60 },
} as const satisfies Record<string, Rate>;
export type RateName = keyof typeof ratesDefault;
export type Rates = Readonly<Record<RateName, Rate>>;

const secondsOfUnit: ReadonlyMap<string, number> = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
]);
/** RFC 9651 takes integers of 15 digits; more than this in one window would be no limit. */
const quotaMax = 1_000_000_000_000;

/** `100/s`, `6000/m` or `360000/h` as a rate; `undefined` where it is none of them. */
export function parseRate(text: string): Rate | undefined {
  const [, digits, unit = ''] = /^(\d{1,13})\/([smh])$/.exec(text) ?? [];
  const quota = Number(digits);
  const windowSeconds = secondsOfUnit.get(unit);
  if (windowSeconds === undefined || !(quota >= 1 && quota <= quotaMax)) return undefined;
  return { quota, windowSeconds };
}
