/**
 * A bounded memory of ticket states. When it is full, tickets leave that were not used since the last look at
 * them ("second chance"): nearly the order of use, without keeping a list in order on the hot path.
 *
 * It must never let a ticket go that the present round of the engine looked up: it would be decided on as if
 * it did not exist. A round that needs more tickets than the bound makes it grow until the rounds after it.
 */
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

/** A ticket's place in the cache: whoever has it can read and replace the ticket without another look-up. */
export interface Slot {
  ticket: TicketState;
  used: boolean;
  /** The round that used it last. */
  round: number;
  /** False once the ticket has left the cache; the slot must then not be used any more. */
  held: boolean;
}

export class TicketCache {
  readonly #ticketsMax: number;
  readonly #roundsKept: number;
  #round = 0;
  readonly #slots = new Map<TicketId, Slot>();
  /** Where the next look for a ticket to leave begins. */
  #hand: MapIterator<[TicketId, Slot]> = this.#slots.entries();

  /** Tickets of the last `roundsKept` rounds stay, whatever the bound. */
  constructor(ticketsMax: number, roundsKept = 1) {
    this.#ticketsMax = Math.max(1, ticketsMax);
    this.#roundsKept = roundsKept;
  }

  beginRound(): void {
    this.#round += 1;
  }

  find(ticketId: TicketId): Slot | undefined {
    const slot = this.#slots.get(ticketId);
    if (slot !== undefined) this.#use(slot);
    return slot;
  }

  get(ticketId: TicketId): TicketState | undefined {
    return this.find(ticketId)?.ticket;
  }

  set(ticket: TicketState): void {
    const slot = this.#slots.get(ticket.ticketId);
    if (slot !== undefined) {
      slot.ticket = ticket;
      this.#use(slot);
      return;
    }
    let room = true;
    while (room && this.#slots.size >= this.#ticketsMax) room = this.#makeRoom();
    this.#slots.set(ticket.ticketId, { ticket, used: true, round: this.#round, held: true });
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

  #use(slot: Slot): void {
    slot.used = true;
    slot.round = this.#round;
  }

  /**
   * Lets one ticket go; false where all are needed. Goes round at most twice: at the second pass nothing
   * counts as used any more.
   */
  #makeRoom(): boolean {
    const keptFrom = this.#round - this.#roundsKept + 1;
    for (let looks = 0; looks <= 2 * this.#slots.size + 1; looks += 1) {
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = this.#slots.entries();
        continue;
      }
      const [ticketId, slot] = next.value;
      if (slot.round >= keptFrom) continue;
      if (!slot.used) {
        this.delete(ticketId);
        return true;
      }
      slot.used = false;
    }
    return false;
  }
}
