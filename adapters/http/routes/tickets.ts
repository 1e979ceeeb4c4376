/**
 * The reading routes of one ticket: what it is now, and how it became so. Both are told from its durable
 * events, not from a read model, so they are never behind what a caller was just answered.
 */
import { z } from 'zod';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { type TicketId, ticketIdSchema } from '../../../domain/ticket/values.ts';
import type { HttpApp, HttpContext } from '../context.ts';
import { eventJson } from '../event-json.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { ticketJson } from '../ticket-json.ts';

export function ticketRoutes(app: HttpApp, context: HttpContext): void {
  const { reader, workflows, limits } = context;
  const params = z.strictObject({ ticketId: ticketIdSchema });

  app.get('/v1/tickets/:ticketId', { schema: { params } }, async (request) => {
    const { ticketId } = request.params;
    const { events, at } = await history(reader, ticketId);
    const ticket = replay(ticketId, events);
    if (ticket === undefined) throw unknownTicket(ticketId);
    return ticketJson(ticket, at, workflows);
  });

  const querystring = z.strictObject({
    from: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(1),
    limit: wholeNumber(1, limits.eventsPageMax).default(limits.eventsPageDefault),
  });
  app.get('/v1/tickets/:ticketId/events', { schema: { params, querystring } }, async (request) => {
    const { ticketId } = request.params;
    const { from, limit } = request.query;
    const { events, at } = await history(reader, ticketId);
    if (events.length === 0) throw unknownTicket(ticketId);
    // Revisions are contiguous from 1, so an event's place is its revision.
    const page = events.slice(from - 1, from - 1 + limit);
    const next = from + page.length;
    return {
      ticketId,
      ...at,
      revision: events.length,
      events: page.map(eventJson),
      /** The `from` of the next page, where there is one. */
      next: page.length > 0 && next <= events.length ? next : undefined,
    };
  });
}

interface History {
  readonly events: readonly RecordedEvent[];
  /** The position, in the ticket's partition, up to which nothing is missing. */
  readonly at: { readonly partition: number; readonly position: number };
}

/** The heads are read first: what the ticket's events then show is true at them, or later. */
async function history(reader: EventReader, ticketId: TicketId): Promise<History> {
  const partitions = Array.from({ length: reader.partitions }, (_, partition) => partition);
  const heads = await Promise.all(partitions.map((partition) => reader.head(partition)));
  const events = await reader.readTicket(ticketId);
  const last = events.at(-1);
  const partition = last?.partition ?? 0;
  return { events, at: { partition, position: Math.max(heads[partition] ?? 0, last?.position ?? 0) } };
}

function unknownTicket(ticketId: TicketId): RequestRefused {
  return new RequestRefused(problem('ticket_not_found', `there is no ticket ${ticketId}`, { ticketId }));
}
