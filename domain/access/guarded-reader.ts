/**
 * The log as one principal sees it: without the events of tickets that it may not read, and without what is
 * hidden of the others. What may be seen of a ticket is what may be seen of it now, also of its past.
 *
 * It must never hold more than the batch it is given and the views it remembers, and never show an event for
 * which it did not ask.
 */
import type { EventReader, ReadOptions } from '../ports.ts';
import type { RecordedEvent } from '../ticket/events.ts';
import { replay } from '../ticket/evolve.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Guard, TicketView } from './guard.ts';

/** Tickets whose views are remembered at most; a few kilobytes each, with the state that they look at. */
export const viewsRememberedMax = 20_000;

/** What is known of a ticket: its view after `revision` events, undefined where it may not be read. */
interface KnownView {
  readonly revision: number;
  readonly view: TicketView | undefined;
}

/**
 * Reads through `reader`, and closes it with itself. Positions of events that are left out are skipped, so
 * batches may have gaps; a batch of which nothing is left is not given out. Each ticket is looked up once as
 * long as it is remembered, and again when it has newer events than were known.
 */
export function guardedReader(
  reader: EventReader,
  guard: Guard,
  remembered: number = viewsRememberedMax,
): EventReader {
  const views = new ViewMemory(reader, guard, remembered);
  return {
    partitions: reader.partitions,
    head: (partition) => reader.head(partition),
    close: () => reader.close(),
    read: (from, options) => readGuarded(reader, guard, views, from, options),
    readTicket: async (ticketId) => {
      const events = await reader.readTicket(ticketId);
      const ticket = replay(ticketId, events);
      const view = ticket === undefined ? undefined : guard.view(ticket);
      return view === undefined ? [] : events.map((event) => guard.redact(event, view));
    },
  };
}

async function* readGuarded(
  reader: EventReader,
  guard: Guard,
  views: ViewMemory,
  from: number,
  options: ReadOptions | undefined,
): AsyncGenerator<readonly RecordedEvent[]> {
  for await (const batch of reader.read(from, options)) {
    if (guard.readsAll) {
      yield batch;
      continue;
    }
    const shown: RecordedEvent[] = [];
    for (const event of batch) {
      const view = await views.of(event);
      if (view !== undefined) shown.push(guard.redact(event, view));
    }
    if (shown.length > 0) yield shown;
  }
}

class ViewMemory {
  readonly #reader: EventReader;
  readonly #guard: Guard;
  readonly #max: number;
  readonly #known = new Map<TicketId, KnownView>();

  constructor(reader: EventReader, guard: Guard, max: number) {
    this.#reader = reader;
    this.#guard = guard;
    this.#max = max;
  }

  /** Of the event's ticket as it is now, or was when it was last looked up; never as of before the event. */
  async of({ ticketId, revision }: RecordedEvent): Promise<TicketView | undefined> {
    const known = this.#known.get(ticketId);
    if (known !== undefined && known.revision >= revision) return known.view;
    const ticket = replay(ticketId, await this.#reader.readTicket(ticketId));
    if (ticket === undefined) throw new Error(`bug: ticket ${ticketId} has an event and no history`);
    const view = this.#guard.view(ticket);
    this.#known.delete(ticketId);
    this.#known.set(ticketId, { revision: ticket.revision, view });
    const oldest = this.#known.size > this.#max ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    return view;
  }
}
