/** Timelines for the tests of the metrics: what happened when, and which status it led to. */
import { type Calendars, everyHourCounts } from '../../../domain/metrics/calendars.ts';
import { foldTicketMetrics, type TicketMetrics } from '../../../domain/metrics/ticket-metrics.ts';
import type { RecordedEvent, TicketEvent } from '../../../domain/ticket/events.ts';
import type { Actor, EpochMs, Role } from '../../../domain/ticket/values.ts';
import type { Category } from '../../../domain/workflow/transition.ts';
import { newEvent } from '../../support/events.ts';
import { actor } from '../../support/tickets.ts';

/**
 * When, the category afterwards (also the name of the status), what, who (an agent unless said), for whom.
 */
export type Line = readonly [
  at: EpochMs,
  category: Category,
  event: TicketEvent,
  by?: Role,
  onBehalfOf?: Actor,
];

/** The figures after each line of a timeline. */
export function eachOf(
  lines: readonly Line[],
  calendars: Calendars = everyHourCounts,
): readonly TicketMetrics[] {
  const all: TicketMetrics[] = [];
  for (const [index, [at, category, event, by = 'agent', onBehalfOf]] of lines.entries()) {
    const envelope = { occurredAt: at, actor: actor(by), onBehalfOf, state: category };
    const recorded: RecordedEvent = {
      ...newEvent(event, envelope),
      ticketId: 'T-1',
      revision: index + 1,
      partition: 0,
      position: index + 1,
      recordedAt: at,
    };
    all.push(foldTicketMetrics(all.at(-1), recorded, { lifecycle: category, category }, calendars));
  }
  return all;
}

/** The figures after the whole timeline. */
export function timeline(lines: readonly Line[], calendars: Calendars = everyHourCounts): TicketMetrics {
  const last = eachOf(lines, calendars).at(-1);
  if (last === undefined) throw new Error('an empty timeline');
  return last;
}
