/**
 * Ageing: how old the tickets of the backlog are, and how long nothing has happened to them. An age is the
 * time since the opening, of a ticket that is still unresolved; it is put into buckets so that a backlog can
 * be read at a glance. The bounds are Docket's own: the first day, the working week, the month, the quarter.
 */
import type { EpochMs } from '../ticket/values.ts';
import type { Category } from '../workflow/transition.ts';
import { isUnresolved } from './backlog.ts';

export const ageingVersion = 1;

const dayMs = 86_400_000;

/** In order; each holds the ages below its bound that no earlier one holds. */
export const ageBuckets = [
  { name: 'under 1 day', belowMs: dayMs },
  { name: '1 to 3 days', belowMs: 3 * dayMs },
  { name: '3 to 7 days', belowMs: 7 * dayMs },
  { name: '7 to 30 days', belowMs: 30 * dayMs },
  { name: '30 to 90 days', belowMs: 90 * dayMs },
  { name: '90 days and more', belowMs: Number.POSITIVE_INFINITY },
] as const;
export type AgeBucket = (typeof ageBuckets)[number]['name'];

/** Milliseconds since the opening; none once the ticket is resolved, closed or cancelled. */
export function ageMs(openedAt: EpochMs, category: Category, now: EpochMs): number | undefined {
  return isUnresolved(category) ? Math.max(0, now - openedAt) : undefined;
}

/** Milliseconds since the last change of status, whatever the status is. */
export function sinceLastChangeMs(statusSince: EpochMs, now: EpochMs): number {
  return Math.max(0, now - statusSince);
}

export function ageBucket(age: number): AgeBucket {
  return ageBuckets.find(({ belowMs }) => age < belowMs)?.name ?? '90 days and more';
}
