/**
 * The backlog: tickets that still wait for a resolution, counted per instant. Zendesk counts once a day, at
 * about eleven at night (fivetran/dbt_zendesk, DECISIONLOG.md, "Zendesk Support Backlog Tickets"); here every
 * entering and leaving is counted in the slot that it happened in, so that a backlog can be told for the end
 * of a day in any zone whose offset is a multiple of a slot.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';

/** 15 minutes: every present-day time zone differs from UTC by a multiple of it. */
export const slotMs = 900_000;

/**
 * Whether a ticket is in the backlog while it is in this category: new, open, pending and hold, Zendesk's
 * "unsolved".
 */
export function isUnresolved(category: Category): boolean {
  return category === 'new' || category === 'open' || category === 'pending' || category === 'hold';
}

/** The beginning of the slot that a business time falls into. */
export function slotStart(at: EpochMs): EpochMs {
  return Math.floor(at / slotMs) * slotMs;
}
