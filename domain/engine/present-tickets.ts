/**
 * Tickets as they are now, for readers: from the engine's memory where it is known to be what the log holds,
 * else from the log. Memory runs ahead of the log, by rounds that are decided and not durable yet, and a
 * round may still fail; so each ticket in memory knows the last revision that was answered for, and only a
 * state of that very revision is shown.
 *
 * It must never show what may still not happen, nor anything older than what somebody was already answered.
 */
import { Fault } from '../errors.ts';
import type { PlacedTicketReader, PresentTicket } from '../ports.ts';
import { stateOf } from '../ticket/cache.ts';
import { replay } from '../ticket/evolve.ts';
import { writesToOthers } from '../ticket/other-tickets.ts';
import type { TicketState } from '../ticket/state.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Decided, Entry, RoundContext } from './entry.ts';

export const presentTicketLimits = {
  /** How often a ticket is looked at again that changed while its durability was waited for. */
  looksMax: 3,
  /** Tickets that are read from the log at once; readers of further ones are refused with `overloaded`. */
  ticketsReadMax: 1_024,
};

/** Readings of one ticket: the one under way, and the one that whoever asks meanwhile will get. */
interface Readings {
  running: Promise<PresentTicket | undefined>;
  next: Promise<PresentTicket | undefined> | undefined;
}

export class PresentTickets implements PlacedTicketReader {
  readonly #context: Pick<RoundContext, 'cache' | 'log'>;
  readonly #decidedIsDurable: () => Promise<void>;
  readonly #readings = new Map<TicketId, Readings>();

  /** `decidedIsDurable` resolves when what memory holds at the time of the call is in the log. */
  constructor(context: Pick<RoundContext, 'cache' | 'log'>, decidedIsDurable: () => Promise<void>) {
    this.#context = context;
    this.#decidedIsDurable = decidedIsDurable;
  }

  async current(ticketId: TicketId): Promise<TicketState | undefined> {
    return (await this.present(ticketId))?.ticket;
  }

  async present(ticketId: TicketId): Promise<PresentTicket | undefined> {
    const { cache, log } = this.#context;
    // Where others write to the log, memory may be behind it.
    if (!log.soleWriter) return this.#read(ticketId);
    for (let looks = 0; looks < presentTicketLimits.looksMax; looks += 1) {
      const live = cache.find(ticketId);
      if (live === undefined || live.durableRevision === 0) break;
      if (live.durableRevision === live.revision) {
        return { ticket: stateOf(live), partition: 0, position: live.durablePosition };
      }
      try {
        await this.#decidedIsDurable();
      } catch {
        // The log alone knows what became of it; where it can not be read, that is what the reader is told.
        break;
      }
    }
    return this.#read(ticketId);
  }

  /**
   * One reading of a ticket at a time. Whoever comes while one is under way does not get its result, which
   * may be from before what they were answered, but that of the next, together with all who come meanwhile.
   */
  #read(ticketId: TicketId): Promise<PresentTicket | undefined> {
    const known = this.#readings.get(ticketId);
    if (known !== undefined) {
      known.next ??= known.running.then(
        () => this.#begin(ticketId),
        () => this.#begin(ticketId),
      );
      return known.next;
    }
    const most = presentTicketLimits.ticketsReadMax;
    if (this.#readings.size >= most) {
      return Promise.reject(new Fault('overloaded', `${most} tickets are being read: try again later`));
    }
    return this.#begin(ticketId);
  }

  #begin(ticketId: TicketId): Promise<PresentTicket | undefined> {
    const readings: Readings = { running: this.#fromLog(ticketId), next: undefined };
    this.#readings.set(ticketId, readings);
    const done = () => {
      if (readings.next === undefined) this.#readings.delete(ticketId);
    };
    readings.running.then(done, done);
    return readings.running;
  }

  async #fromLog(ticketId: TicketId): Promise<PresentTicket | undefined> {
    const { cache, log } = this.#context;
    const events = await log.readTicket(ticketId);
    const ticket = replay(ticketId, events);
    const last = events.at(-1);
    if (ticket === undefined || last === undefined) return undefined;
    const { partition, position } = last;
    // One that came from a snapshot learns here where its last event is, and is not read again for that.
    const live = log.soleWriter ? cache.find(ticketId) : undefined;
    if (live !== undefined && live.revision >= ticket.revision && live.durableRevision < ticket.revision) {
      live.durableRevision = ticket.revision;
      live.durablePosition = position;
    }
    return { ticket, partition, position };
  }
}

/**
 * To be called when an accepted command with events is durable, before it is answered. A command that writes
 * to several tickets does not know the places of its events: those tickets are read from the log once.
 */
export function noteDurable(
  entry: Entry,
  { revision, position, events }: Exclude<Decided, { status: 'rejected' }>,
): void {
  const { ticket, command } = entry;
  if (ticket === undefined || writesToOthers(command)) return;
  ticket.durableRevision = revision;
  ticket.durablePosition = position + events - 1;
}
