/**
 * Events as one caller may see them: those of tickets that it may not read are left out, and what it may not
 * see of the others is taken out. What counts is the ticket as it is now, not as it was at the event: what
 * was hidden later is hidden in the past as well.
 */
import type { Guard, TicketView } from '../../../domain/access/guard.ts';
import type { TicketReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';

/** What was asked of tickets a moment ago, shared by all who are about to be told the same events. */
export class PresentTickets {
  readonly #tickets: TicketReader;
  readonly #ticketsMax: number;
  readonly #asked = new Map<TicketId, Promise<TicketState | undefined>>();

  constructor(tickets: TicketReader, ticketsMax: number) {
    this.#tickets = tickets;
    this.#ticketsMax = ticketsMax;
  }

  /** The event's ticket, at the event's revision or a later one: never as it was before the event. */
  async at({ ticketId, revision }: RecordedEvent): Promise<TicketState | undefined> {
    const known = await this.#asked.get(ticketId);
    if (known !== undefined && known.revision >= revision) return known;
    if (this.#asked.size >= this.#ticketsMax) this.#asked.clear();
    const asked = this.#tickets.current(ticketId);
    this.#asked.set(ticketId, asked);
    return asked;
  }

  /** Called often: what is remembered gets old. */
  forget(): void {
    this.#asked.clear();
  }
}

export async function visibleEvents(
  events: readonly RecordedEvent[],
  guard: Guard,
  tickets: PresentTickets,
): Promise<readonly RecordedEvent[]> {
  if (guard.readsAll) return events;
  const views = new Map<TicketState, TicketView | undefined>();
  const visible: RecordedEvent[] = [];
  for (const event of events) {
    const ticket = await tickets.at(event);
    if (ticket === undefined) continue;
    if (!views.has(ticket)) views.set(ticket, guard.view(ticket));
    const view = views.get(ticket);
    if (view !== undefined) visible.push(view.complete ? event : guard.redact(event, view));
  }
  return visible;
}
