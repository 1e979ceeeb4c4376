/**
 * The reading routes of one ticket: what it is now, and how it became so. Both are told from its durable
 * events, not from a read model, so they are never behind what a caller was just answered.
 */
import { z } from 'zod';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { type TicketId, ticketIdSchema } from '../../../domain/ticket/values.ts';
import type { HttpContext } from '../context.ts';
import { eventJson, eventJsonSchema } from '../event-json.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import { ticketJson, ticketJsonSchema } from '../ticket-json.ts';

const pageSchema = z.object({
  ticketId: ticketIdSchema,
  partition: z.int(),
  position: z.int(),
  revision: z.int(),
  events: z.array(eventJsonSchema),
  /** The `from` of the next page, where there is one. */
  next: z.int().optional(),
});

export function ticketRoutes({ reader, workflows, limits }: HttpContext): readonly Route[] {
  const params = z.strictObject({ ticketId: ticketIdSchema });
  const query = z.strictObject({
    from: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(1),
    limit: wholeNumber(1, limits.eventsPageMax).default(limits.eventsPageDefault),
  });
  return [
    route({
      id: 'getTicket',
      method: 'GET',
      path: '/v1/tickets/{ticketId}',
      group: 'Tickets',
      summary: 'A ticket: its state, its fields, and what is legal now',
      scope: 'tickets:read',
      params,
      answers: { 200: { meaning: 'The ticket.', schema: ticketJsonSchema } },
      problems: ['ticket_not_found'],
      example: { params: { ticketId: 'REQ0000001' } },
      handle: async ({ params: { ticketId }, guard }) => {
        const { events, at } = await history(reader, ticketId);
        const ticket = replay(ticketId, events);
        const view = ticket === undefined ? undefined : guard.view(ticket);
        if (ticket === undefined || view === undefined) throw unknownTicket(ticketId);
        return ticketJson(ticket, at, workflows, view, guard);
      },
    }),
    route({
      id: 'listTicketEvents',
      method: 'GET',
      path: '/v1/tickets/{ticketId}/events',
      group: 'Tickets',
      summary: 'The history of a ticket: its events, in order',
      scope: 'tickets:read',
      params,
      query,
      answers: { 200: { meaning: 'A page of events.', schema: pageSchema } },
      problems: ['ticket_not_found'],
      example: { params: { ticketId: 'REQ0000001' } },
      handle: async ({ params: { ticketId }, query: { from, limit }, guard }) => {
        const { events, at } = await history(reader, ticketId);
        const ticket = replay(ticketId, events);
        const view = ticket === undefined ? undefined : guard.view(ticket);
        if (view === undefined) throw unknownTicket(ticketId);
        // Revisions are contiguous from 1, so an event's place is its revision.
        const page = events.slice(from - 1, from - 1 + limit);
        const next = from + page.length;
        return {
          ticketId,
          ...at,
          revision: events.length,
          events: page.map((event) => eventJson(guard.redact(event, view))),
          next: page.length > 0 && next <= events.length ? next : undefined,
        };
      },
    }),
  ];
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
