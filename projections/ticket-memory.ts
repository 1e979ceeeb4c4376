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

/** A ticket's place in memory. Changed in place, so that an event costs one look-up. */
interface Slot<Entry> {
  entry: Entry;
  /** The last batch that touched it. */
  batch: number;
}

export class TicketMemory<Entry> {
  readonly #ticketsMax: number;
  #young = new Map<TicketId, Slot<Entry>>();
  #old = new Map<TicketId, Slot<Entry>>();
  #created: Slot<Entry>[] = [];
  #changed: Slot<Entry>[] = [];
  #batch = 1;

  constructor(ticketsMax = ticketsPerGenerationMax) {
    this.#ticketsMax = ticketsMax;
  }

  /** A row as it was read back. */
  remember(ticketId: TicketId, entry: Entry): void {
    this.#young.set(ticketId, { entry, batch: 0 });
  }

  /**
   * Takes in what an event makes of a ticket: its first row, to be appended, or a later version of it. Where
   * `next` gives the same entry back, nothing is written.
   */
  update(ticketId: TicketId, next: (before: Entry | undefined) => Entry): void {
    const slot = this.#find(ticketId);
    if (slot === undefined) {
      const created = { entry: next(undefined), batch: this.#batch };
      this.#young.set(ticketId, created);
      this.#created.push(created);
      return;
    }
    const entry = next(slot.entry);
    if (entry === slot.entry) return;
    slot.entry = entry;
    if (slot.batch === this.#batch) return;
    slot.batch = this.#batch;
    this.#changed.push(slot);
  }

  /** What is remembered of a ticket that has several rows, which its fold keeps account of itself. */
  find(ticketId: TicketId): Entry | undefined {
    return this.#find(ticketId)?.entry;
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

  endBatch(): TouchedTickets<Entry> {
    const touched = { created: this.#created.map(entryIn), changed: this.#changed.map(entryIn) };
    this.#created = [];
    this.#changed = [];
    this.#batch += 1;
    if (this.#young.size >= this.#ticketsMax) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    return touched;
  }

  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#created = [];
    this.#changed = [];
  }

  /** A ticket of the older generation that is used again joins the younger. */
  #find(ticketId: TicketId): Slot<Entry> | undefined {
    const young = this.#young.get(ticketId);
    if (young !== undefined) return young;
    const old = this.#old.get(ticketId);
    if (old !== undefined) this.#young.set(ticketId, old);
    return old;
  }
}

function entryIn<Entry>(slot: Slot<Entry>): Entry {
  return slot.entry;
}
