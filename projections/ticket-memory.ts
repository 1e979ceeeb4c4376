/**
 * What a fold remembers per ticket, and which tickets the present batch touched. Bounded: two generations,
 * of which the older is dropped when the younger is full.
 *
 * A ticket is never dropped while the batch that touched it may still be uncommitted. Generations change only
 * in `endBatch`, a dropped ticket was thus last touched two batches ago, and the projector commits a batch
 * before it prepares the one after the next.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { TicketId } from '../domain/ticket/values.ts';

/** Tickets in the younger generation before it becomes the older one; memory holds up to twice as many. */
export const ticketsPerGenerationMax = 100_000;

export interface TouchedTickets<Entry> {
  readonly created: readonly Entry[];
  readonly changed: readonly Entry[];
}

export class TicketMemory<Entry> {
  readonly #ticketsMax: number;
  #young = new Map<TicketId, Entry>();
  #old = new Map<TicketId, Entry>();
  #created = new Map<TicketId, Entry>();
  #changed = new Map<TicketId, Entry>();

  constructor(ticketsMax = ticketsPerGenerationMax) {
    this.#ticketsMax = ticketsMax;
  }

  get(ticketId: TicketId): Entry | undefined {
    return this.#young.get(ticketId) ?? this.#old.get(ticketId);
  }

  /** A row as it was read back. */
  remember(ticketId: TicketId, entry: Entry): void {
    this.#young.set(ticketId, entry);
  }

  /** The ticket's first row, to be appended. */
  create(ticketId: TicketId, entry: Entry): void {
    this.#young.set(ticketId, entry);
    this.#created.set(ticketId, entry);
  }

  /** A later version of a row: the one in this batch's appended rows, or one to be replaced. */
  change(ticketId: TicketId, entry: Entry): void {
    this.#young.set(ticketId, entry);
    if (this.#created.has(ticketId)) this.#created.set(ticketId, entry);
    else this.#changed.set(ticketId, entry);
  }

  /** Tickets of a batch that are neither in memory nor opened by the batch itself, each once. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    const missing = new Set<TicketId>();
    const opened = new Set<TicketId>();
    for (const { ticketId, revision } of events) {
      if (revision === 1) opened.add(ticketId);
      else if (this.get(ticketId) === undefined && !opened.has(ticketId)) missing.add(ticketId);
    }
    return [...missing];
  }

  endBatch(): TouchedTickets<Entry> {
    const touched = { created: [...this.#created.values()], changed: [...this.#changed.values()] };
    this.#created = new Map();
    this.#changed = new Map();
    if (this.#young.size >= this.#ticketsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return touched;
  }

  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#created = new Map();
    this.#changed = new Map();
  }
}
