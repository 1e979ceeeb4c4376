/**
 * Lists of tickets, from the read models: filters, orders, full-text search and cursors. A list may be behind
 * what a caller was just answered; it says its position, and min-position waits for one.
 */
import { z } from 'zod';
import { listedFrom } from '../../../projections/ticket-list.ts';
import type { HttpContext } from '../context.ts';
import { isoTime } from '../event-json.ts';
import { ListCursors } from '../list-cursor.ts';
import { listQuerySchema, questionOf } from '../list-question.ts';
import { positionHeader, positionHeaderMeaning, positionSchema } from '../position-waits.ts';
import { type Route, route } from '../route.ts';
import { shownTicket } from '../shown-ticket.ts';
import { ticketJsonSchema } from '../ticket-json.ts';
import { TicketLists } from '../ticket-list.ts';

const listSchema = z.object({
  position: positionSchema,
  tickets: z.array(
    ticketJsonSchema
      .omit({ legal: true, clocks: true })
      .extend({ updatedAt: z.string().meta({ description: 'When its last event happened.' }) }),
  ),
  next: z
    .string()
    .optional()
    .meta({ description: 'The `cursor` of the next page; a page may come short and still have a next one.' }),
});

export function ticketListRoutes(context: HttpContext): readonly Route[] {
  const { workflows, positions, limits, cursorSecret } = context;
  const lists = new TicketLists(context);
  const cursors = new ListCursors(cursorSecret);
  return [
    route({
      id: 'listTickets',
      method: 'GET',
      path: '/v1/tickets',
      group: 'Tickets',
      summary: 'Tickets by filters, in an order, page by page',
      description:
        'All filters hold together; several values of one, joined by commas, are alternatives. Following `next`' +
        ' gives every ticket that does not change meanwhile exactly once; by opened and id every ticket.',
      scope: 'tickets:read',
      query: listQuerySchema(limits),
      answers: {
        200: {
          meaning: 'A page of the tickets that the caller may see, without what is legal now.',
          schema: listSchema,
          headers: { [positionHeader]: positionHeaderMeaning },
        },
      },
      problems: [
        'access_denied',
        'cursor_invalid',
        'answer_timeout',
        'position_not_reached',
        'overloaded',
        'database_unavailable',
      ],
      example: { query: { category: 'new,open', sort: 'priority', q: 'printer', limit: '20' } },
      handle: async ({ query, guard }, reply) => {
        const question = questionOf(query);
        const after = query.cursor === undefined ? undefined : cursors.open(question, query.cursor);
        await positions.readModels(listedFrom(question), query['min-position']);
        const page = await lists.page({ question, after, limit: query.limit, guard });
        reply.header(positionHeader, page.position);
        return {
          position: page.position,
          tickets: page.tickets.map(({ listed, view }) => {
            const shown = shownTicket(listed, workflows, { guard, view });
            return { ...shown, legal: undefined, clocks: undefined, updatedAt: isoTime(listed.updatedAt) };
          }),
          next: page.next === undefined ? undefined : cursors.seal(question, page.next),
        };
      },
    }),
  ];
}
