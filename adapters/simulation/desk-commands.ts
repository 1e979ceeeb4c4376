/**
 * The commands of a simulated support desk, in order of business time: a discrete-event simulation that holds
 * only the tickets that are alive. The same options give the same commands, always.
 */
import type { Command } from '../../domain/ticket/commands.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import { Arrivals } from './arrivals.ts';
import { Desk } from './desk.ts';
import { dialects } from './dialects.ts';
import { rates } from './rates.ts';
import { defaultGroups, Staff } from './staff.ts';
import { TicketLife } from './ticket-life.ts';

export interface DeskOptions {
  /** A whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly workflow?: 'support' | 'incident';
  /**
   * How many tickets arrive; follow-ups come beside them. Without `hours`, all of them are seen to their end.
   */
  readonly tickets?: number;
  /** When the desk opens, in business time; Monday 2026-01-05 00:00 UTC where absent. */
  readonly from?: EpochMs;
  /** The simulation ends after this much business time, wherever tickets are then. */
  readonly hours?: number;
  /** Mean arrivals per week. */
  readonly ticketsPerWeek?: number;
  readonly agentsCount?: number;
  readonly groups?: readonly string[];
  /** Ticket ids are this and a number; `sim<seed>-` where absent. */
  readonly ticketPrefix?: string;
  /** Share of commands that no transition exists for, sent on purpose. */
  readonly wrongShare?: number;
  /** Share of commands that are sent again as they are, with the same command id. */
  readonly repeatedShare?: number;
  /** Arrivals wait while so many tickets are alive. */
  readonly liveTicketsMax?: number;
  /** Told after each moment how many tickets are alive and how many were opened. */
  readonly onMoment?: (desk: { readonly live: number; readonly opened: number }) => void;
}

export const deskDefaults = {
  workflow: 'support',
  tickets: Number.POSITIVE_INFINITY,
  from: Date.UTC(2026, 0, 5),
  hours: Number.POSITIVE_INFINITY,
  ticketsPerWeek: 5_000,
  agentsCount: 60,
  groups: defaultGroups,
  wrongShare: 0.01,
  repeatedShare: 0.02,
  liveTicketsMax: 50_000,
} as const satisfies Partial<DeskOptions>;

const hourMs = 3_600_000;

/** Endless unless `tickets` or `hours` ends it. Throws `RangeError` for options that make no desk. */
export function* deskCommands(options: DeskOptions): Generator<Command, void, undefined> {
  const settings = { ...deskDefaults, ticketPrefix: `sim${options.seed}-`, ...options };
  if (!Number.isSafeInteger(settings.seed) || settings.seed < 0) {
    throw new RangeError(`the seed must be a whole number from 0 on, not ${settings.seed}`);
  }
  const { seed, from, ticketPrefix, liveTicketsMax } = settings;
  const desk = new Desk({
    seed,
    from,
    ticketPrefix,
    staff: new Staff(settings.groups, settings.agentsCount),
  });
  const life = new TicketLife(desk, dialects[settings.workflow]);
  const arrivals = new Arrivals(desk.random, rates.arrivalsPerHourOfWeek, settings.ticketsPerWeek);
  const shares = { wrong: settings.wrongShare, repeated: settings.repeatedShare };
  const until = from + settings.hours * hourMs;
  let arrived = 0;
  let nextArrivalAt = arrivals.after(from);
  for (;;) {
    const mayArrive = arrived < settings.tickets && desk.live.length < liveTicketsMax;
    const arrives = mayArrive && nextArrivalAt <= desk.queue.nextAt;
    const now = arrives ? nextArrivalAt : desk.queue.nextAt;
    if (!(now < until) || now === Number.POSITIVE_INFINITY) return;
    // An arrival that had to wait for room comes at the present moment, never before it.
    desk.now = Math.max(desk.now, now);
    const ticket = arrives ? life.begin() : desk.queue.take();
    if (ticket === undefined) return;
    if (arrives) {
      arrived += 1;
      nextArrivalAt = arrivals.after(desk.now);
    } else {
      life.step(ticket);
    }
    desk.spoil(ticket, shares);
    yield* desk.outbox;
    desk.outbox.length = 0;
    settings.onMoment?.({ live: desk.live.length, opened: desk.opened });
  }
}
