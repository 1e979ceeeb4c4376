/**
 * A bounded memory of ticket states. When it is full, tickets leave that were not used since the last look at
 * them ("second chance"): nearly the order of use, without keeping a list in order on the hot path.
 */
import type { TicketPlace } from '../ports.ts';
import type { WorkflowState } from '../workflow/table.ts';
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

/**
 * A ticket's place in the cache: whoever has it can read and replace the ticket without another look-up. It
 * is also where the log notes its own place of the ticket.
 */
export interface Slot extends TicketPlace {
  ticket: TicketState;
  /** The ticket's configuration; undefined where it must be looked up. */
  at: WorkflowState | undefined;
  used: boolean;
  /** False once the ticket has left the cache; the slot must then not be used any more. */
  held: boolean;
}

export class TicketCache {
  readonly #ticketsMax: number;
  readonly #slots = new Map<TicketId, Slot>();
  /** Where the next look for a ticket to leave begins. */
  #hand: MapIterator<[TicketId, Slot]> = this.#slots.entries();

  constructor(ticketsMax: number) {
    this.#ticketsMax = Math.max(1, ticketsMax);
  }

  find(ticketId: TicketId): Slot | undefined {
    const slot = this.#slots.get(ticketId);
    if (slot !== undefined) slot.used = true;
    return slot;
  }

  get(ticketId: TicketId): TicketState | undefined {
    return this.find(ticketId)?.ticket;
  }

  set(ticket: TicketState): Slot {
    const held = this.#slots.get(ticket.ticketId);
    if (held !== undefined) {
      held.ticket = ticket;
      held.at = undefined;
      held.used = true;
      return held;
    }
    if (this.#slots.size >= this.#ticketsMax) this.#makeRoom();
    const slot = { ticket, at: undefined, placeEpoch: 0, placeRow: 0, used: true, held: true };
    this.#slots.set(ticket.ticketId, slot);
    return slot;
  }

  delete(ticketId: TicketId): void {
    const slot = this.#slots.get(ticketId);
    if (slot === undefined) return;
    slot.held = false;
    this.#slots.delete(ticketId);
  }

  clear(): void {
    for (const ticketId of [...this.#slots.keys()]) this.delete(ticketId);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** Goes round at most twice: at the second pass nothing counts as used any more. */
  #makeRoom(): void {
    for (let looks = 0; looks <= 2 * this.#slots.size + 1; looks += 1) {
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = this.#slots.entries();
        continue;
      }
      const [ticketId, slot] = next.value;
      if (!slot.used) {
        this.delete(ticketId);
        return;
      }
      slot.used = false;
    }
  }
}
