/**
 * A bounded memory of ticket states. Two generations stand in for exact recency: whatever was used since the
 * younger one began is kept, and a look-up costs no list surgery on the hot path.
 */
import type { TicketState } from './state.ts';
import type { TicketId } from './values.ts';

export class TicketCache {
  readonly #ticketsMax: number;
  #young = new Map<TicketId, TicketState>();
  #old = new Map<TicketId, TicketState>();

  /** Holds at most `ticketsMax` tickets, and always the half of that number used last. */
  constructor(ticketsMax: number) {
    this.#ticketsMax = ticketsMax;
  }

  get(ticketId: TicketId): TicketState | undefined {
    const young = this.#young.get(ticketId);
    if (young !== undefined) return young;
    const old = this.#old.get(ticketId);
    if (old !== undefined) this.set(old);
    return old;
  }

  set(ticket: TicketState): void {
    this.#young.set(ticket.ticketId, ticket);
    if (this.#young.size < this.#ticketsMax / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(ticketId: TicketId): void {
    this.#young.delete(ticketId);
    this.#old.delete(ticketId);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }
}
