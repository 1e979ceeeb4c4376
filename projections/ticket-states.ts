/**
 * States of tickets in memory, bounded: two generations, of which the older is dropped when the younger is
 * full.
 *
 * A ticket is never dropped while the batch that touched it may still be uncommitted. Generations change only
 * in `endBatch`, a dropped ticket was thus last touched two batches ago, and the projector commits a batch
 * before it prepares the one after the next.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { TicketId } from '../domain/ticket/values.ts';

/** Tickets in the younger generation before it becomes the older one; memory holds up to twice as many. */
export const ticketsPerGenerationMax = 100_000;

export class TicketStates<State> {
  readonly #ticketsMax: number;
  #young = new Map<TicketId, State>();
  #old = new Map<TicketId, State>();

  constructor(ticketsMax = ticketsPerGenerationMax) {
    this.#ticketsMax = ticketsMax;
  }

  /** A ticket of the older generation that is used again joins the younger. */
  find(ticketId: TicketId): State | undefined {
    const young = this.#young.get(ticketId);
    if (young !== undefined) return young;
    const old = this.#old.get(ticketId);
    if (old !== undefined) this.#young.set(ticketId, old);
    return old;
  }

  set(ticketId: TicketId, state: State): void {
    this.#young.set(ticketId, state);
  }

  /** Tickets of a batch that are neither in memory nor opened by the batch itself, each once. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    const missing = new Set<TicketId>();
    const opened = new Set<TicketId>();
    for (const { ticketId, revision } of events) {
      if (revision === 1) opened.add(ticketId);
      else if (!this.#young.has(ticketId) && !this.#old.has(ticketId) && !opened.has(ticketId)) {
        missing.add(ticketId);
      }
    }
    return [...missing];
  }

  /** To be called once the batch's rows are handed over, and never in between. */
  endBatch(): void {
    if (this.#young.size < this.#ticketsMax) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
