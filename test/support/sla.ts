/** Promises for tests: one policy with a target for every metric, and an office that is closed at night. */
import { type Calendar, type Calendars, roundTheClock } from '../../domain/metrics/calendars.ts';
import { type SlaRules, slaPoliciesSchema } from '../../domain/sla/policies.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';

export const minute = 60_000;
export const hour = 60 * minute;
const day = 24 * hour;

/** Open from 09:00 to 17:00 UTC, every day of the week. */
export const office: Calendar = { name: 'office', businessMs: openBetween, addBusinessMs: openAfter };

function openBetween(from: EpochMs, to: EpochMs): number {
  return to <= from ? 0 : openUntil(to) - openUntil(from);
}

/** Business time since 1970. */
function openUntil(at: EpochMs): number {
  const days = Math.floor(at / day);
  return days * 8 * hour + Math.min(8 * hour, Math.max(0, at - days * day - 9 * hour));
}

function openAfter(from: EpochMs, ms: number): EpochMs {
  const total = openUntil(from) + ms;
  const days = Math.ceil(total / (8 * hour)) - 1;
  return days * day + 9 * hour + (total - days * 8 * hour);
}

export const calendars: Calendars = {
  of: () => office,
  find: (name) => [office, roundTheClock].find((each) => each.name === name),
  definition: 'office',
};

export const gold = {
  name: 'gold',
  version: '1',
  targets: [
    { metric: 'first_reply', priority: 'high', minutes: 60, hours: 'calendar' },
    { metric: 'first_reply', priority: '*', minutes: 240, hours: 'calendar' },
    { metric: 'next_reply', minutes: 120, hours: 'calendar' },
    { metric: 'requester_wait', minutes: 480, hours: 'calendar' },
    { metric: 'agent_work', minutes: 300, hours: 'calendar' },
    { metric: 'resolution', minutes: 960, hours: 'business' },
  ],
};

export function slaRules(...policies: readonly object[]): SlaRules {
  return { ...slaPoliciesSchema.parse({ policies }), calendars };
}

/** The same promises, as short as they may be, for histories that pass in seconds. */
export const shortSla: SlaRules = slaRules({
  ...gold,
  targets: gold.targets.map((target) => ({ ...target, minutes: 0.25 })),
});
