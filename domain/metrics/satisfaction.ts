/**
 * Satisfaction: what the requester thought of it. First and latest rating are kept apart, and how often the
 * rating turned, after dbt_zendesk's `is_good_to_bad_satisfaction_score` and its like. A satisfaction score
 * is good ratings over all ratings, by the latest rating of each ticket; a ticket that was never rated does
 * not count.
 */
import type { ratings } from '../ticket/commands.ts';
import type { EpochMs } from '../ticket/values.ts';

export const satisfactionVersion = 1;

export type Rating = (typeof ratings)[number];

export interface Satisfaction {
  readonly first: Rating | undefined;
  readonly last: Rating | undefined;
  readonly firstRatedAt: EpochMs | undefined;
  readonly lastRatedAt: EpochMs | undefined;
  /** How often the rating turned from good to bad or back. */
  readonly changes: number;
}

export const neverRated: Satisfaction = Object.freeze({
  first: undefined,
  last: undefined,
  firstRatedAt: undefined,
  lastRatedAt: undefined,
  changes: 0,
});

/** The requester rates the ticket, for the first time or anew. */
export function rated(before: Satisfaction, rating: Rating, at: EpochMs): Satisfaction {
  const { first, last, firstRatedAt, changes } = before;
  return {
    first: first ?? rating,
    last: rating,
    firstRatedAt: firstRatedAt ?? at,
    lastRatedAt: at,
    changes: changes + (last !== undefined && last !== rating ? 1 : 0),
  };
}
