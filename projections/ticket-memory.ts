/**
 * What a fold with one row per ticket remembers, and which tickets the present batch touched. What bounds it
 * is in ticket-states.ts.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { TicketId } from '../domain/ticket/values.ts';
import { TicketStates } from './ticket-states.ts';

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
  readonly #slots: TicketStates<Slot<Entry>>;
  #created: Slot<Entry>[] = [];
  #changed: Slot<Entry>[] = [];
  #batch = 1;

  constructor(ticketsMax?: number) {
    this.#slots = new TicketStates(ticketsMax);
  }

  /** A row as it was read back. */
  remember(ticketId: TicketId, entry: Entry): void {
    this.#slots.set(ticketId, { entry, batch: 0 });
  }

  /**
   * Takes in what an event makes of a ticket: its first row, to be appended, or a later version of it. Where
   * `next` gives the same entry back, nothing is written.
   */
  update(ticketId: TicketId, next: (before: Entry | undefined) => Entry): void {
    const slot = this.#slots.find(ticketId);
    if (slot === undefined) {
      const created = { entry: next(undefined), batch: this.#batch };
      this.#slots.set(ticketId, created);
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
    return this.#slots.find(ticketId)?.entry;
  }

  /** Tickets of a batch that are neither in memory nor opened by the batch itself, each once. */
  missing(events: readonly RecordedEvent[]): readonly TicketId[] {
    return this.#slots.missing(events);
  }

  endBatch(): TouchedTickets<Entry> {
    const touched = { created: this.#created.map(entryIn), changed: this.#changed.map(entryIn) };
    this.#created = [];
    this.#changed = [];
    this.#batch += 1;
    this.#slots.endBatch();
    return touched;
  }

  forget(): void {
    this.#slots.forget();
    this.#created = [];
    this.#changed = [];
  }
}

function entryIn<Entry>(slot: Slot<Entry>): Entry {
  return slot.entry;
}
