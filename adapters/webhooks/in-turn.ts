/**
 * One piece of work on a ticket at a time, in the order in which they came; different tickets do not wait.
 */
import type { TicketId } from '../../domain/ticket/values.ts';

export class InTurn {
  readonly #last = new Map<TicketId, Promise<unknown>>();

  async run<R>(ticketId: TicketId, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(ticketId) ?? Promise.resolve();
    const own = before.then(work, work);
    this.#last.set(ticketId, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(ticketId) === own) this.#last.delete(ticketId);
    }
  }
}
