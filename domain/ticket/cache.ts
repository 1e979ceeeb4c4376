/**
 * A bounded memory of ticket states. When it is full, tickets leave that were not used since the last look at
 * them ("second chance"): nearly the order of use, without keeping a list in order on the hot path.
 */
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

/** A ticket's place in the cache: whoever has it can read and replace the ticket without another look-up. */
export interface Slot {
  ticket: TicketState;
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

  set(ticket: TicketState): void {
    const slot = this.#slots.get(ticket.ticketId);
    if (slot !== undefined) {
      slot.ticket = ticket;
      slot.used = true;
      return;
    }
    if (this.#slots.size >= this.#ticketsMax) this.#makeRoom();
    this.#slots.set(ticket.ticketId, { ticket, used: true, held: true });
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

  /**
   * The tickets in memory, as they are when each is taken. The cache may change meanwhile: a ticket that
   * stays comes at least once, and no more come than there were at the beginning.
   */
  *states(): Generator<TicketState> {
    let left = this.#slots.size;
    for (const { ticket } of this.#slots.values()) {
      if (left === 0) return;
      left -= 1;
      yield ticket;
    }
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
