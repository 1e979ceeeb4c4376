/**
 * The reading routes of one ticket: what it is now, what it was, and how it became so. All are told from its
 * durable events, not from a read model, so they are never behind what a caller was just answered.
 */
import { z } from 'zod';
import type { EventReader } from '../../../domain/ports.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { type TicketId, ticketIdSchema } from '../../../domain/ticket/values.ts';
import type { HttpContext } from '../context.ts';
import { etagOf, isNamed } from '../entity-tag.ts';
import { eventJson, eventJsonSchema } from '../event-json.ts';
import {
  asOfJson,
  asOfSchema,
  type Moment,
  momentOf,
  pastQuery,
  ticketAt,
  viewOfPast,
} from '../past-ticket.ts';
import {
  minPositionQuery,
  positionHeader,
  positionHeaderMeaning,
  positionSchema,
} from '../position-waits.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import { shownTicket, ticketText } from '../shown-ticket.ts';
import { ticketJsonSchema } from '../ticket-json.ts';

const params = z.strictObject({ ticketId: ticketIdSchema });
const jsonType = 'application/json; charset=utf-8';

export function ticketRoutes(context: HttpContext): readonly Route[] {
  return [getTicket(context), listTicketEvents(context)];
}

function getTicket({ reader, tickets, workflows, positions }: HttpContext): Route {
  return route({
    id: 'getTicket',
    method: 'GET',
    path: '/v1/tickets/{ticketId}',
    group: 'Tickets',
    summary: 'A ticket: its state, its fields, and what is legal now',
    description:
      'Or as it was, with at-position or at. A position that the log has not reached is waited for, as with' +
      ' min-position.',
    scope: 'tickets:read',
    params,
    query: z.strictObject({ ...minPositionQuery, ...pastQuery }),
    headers: z.looseObject({ 'if-none-match': z.string().optional() }),
    answers: {
      200: {
        meaning: 'The ticket. `position` is that of its last event.',
        schema: ticketJsonSchema.extend({ asOf: asOfSchema.optional() }),
        headers: {
          etag: 'The revision, in quotes; not with a ticket as it was.',
          [positionHeader]: positionHeaderMeaning,
        },
      },
      304: { meaning: 'The caller has this revision already, as if-none-match says.' },
    },
    problems: ['ticket_not_found', 'position_not_reached', 'overloaded'],
    example: { params: { ticketId: 'REQ0000001' } },
    handle: async ({ params: { ticketId }, query, headers, guard }, reply) => {
      const moment = momentOf(query);
      await positions.log(positionWanted(query['min-position'], moment));
      // Before the ticket: what its events then show is true at this head, or later.
      const head = await headOf(reader);
      const present = await tickets.present(ticketId);
      const view = present && guard.view(present.ticket);
      if (present === undefined || view === undefined) throw unknownTicket(ticketId);
      reply.header(positionHeader, Math.max(head(present.partition), present.position));
      if (moment !== undefined) {
        const then = ticketAt(ticketId, await reader.readTicket(ticketId), moment);
        const viewThen = then && viewOfPast(guard, present, then);
        if (then === undefined || viewThen === undefined) throw unknownTicket(ticketId);
        return { ...shownTicket(then, workflows, { guard, view: viewThen }), asOf: asOfJson(moment) };
      }
      const entityTag = etagOf(present.ticket.revision);
      reply.header('etag', entityTag).header('cache-control', 'private, no-cache');
      reply.header('vary', 'authorization');
      if (isNamed(entityTag, headers['if-none-match'])) return reply.code(304).send();
      return reply.type(jsonType).send(ticketText(shownTicket(present, workflows, { guard, view })));
    },
  });
}

const pageSchema = z.object({
  ticketId: ticketIdSchema,
  partition: z.int(),
  position: positionSchema,
  revision: z.int(),
  events: z.array(eventJsonSchema),
  next: z.int().optional().meta({ description: 'The `from` of the next page, where there is one.' }),
});

function listTicketEvents({ reader, positions, limits }: HttpContext): Route {
  const query = z.strictObject({
    from: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(1),
    limit: wholeNumber(1, limits.eventsPageMax).default(limits.eventsPageDefault),
    ...minPositionQuery,
  });
  return route({
    id: 'listTicketEvents',
    method: 'GET',
    path: '/v1/tickets/{ticketId}/events',
    group: 'Tickets',
    summary: 'The history of a ticket: its events, in order',
    scope: 'tickets:read',
    params,
    query,
    answers: {
      200: {
        meaning: 'A page of events.',
        schema: pageSchema,
        headers: { [positionHeader]: positionHeaderMeaning },
      },
    },
    problems: ['ticket_not_found', 'position_not_reached', 'overloaded'],
    example: { params: { ticketId: 'REQ0000001' } },
    handle: async ({ params: { ticketId }, query: { from, limit, ...wanted }, guard }, reply) => {
      await positions.log(wanted['min-position']);
      const head = await headOf(reader);
      const events = await reader.readTicket(ticketId);
      const ticket = replay(ticketId, events);
      const view = ticket === undefined ? undefined : guard.view(ticket);
      if (view === undefined) throw unknownTicket(ticketId);
      const { partition, position: last } = events.at(-1) ?? { partition: 0, position: 0 };
      const position = Math.max(head(partition), last);
      reply.header(positionHeader, position);
      // Revisions are contiguous from 1, so an event's place is its revision.
      const page = events.slice(from - 1, from - 1 + limit);
      const next = from + page.length;
      return {
        ticketId,
        partition,
        position,
        revision: events.length,
        events: page.map((event) => eventJson(guard.redact(event, view))),
        next: page.length > 0 && next <= events.length ? next : undefined,
      };
    },
  });
}

/** A past that the log has not reached is no past yet. */
function positionWanted(minPosition: number | undefined, moment: Moment | undefined): number | undefined {
  if (moment === undefined || !('position' in moment)) return minPosition;
  return Math.max(minPosition ?? 0, moment.position);
}

/** The last durable position of each partition, at this time. */
async function headOf(reader: EventReader): Promise<(partition: number) => number> {
  if (reader.partitions === 1) {
    const head = await reader.head(0);
    return () => head;
  }
  const partitions = Array.from({ length: reader.partitions }, (_, partition) => partition);
  const heads = await Promise.all(partitions.map((partition) => reader.head(partition)));
  return (partition) => heads[partition] ?? 0;
}

function unknownTicket(ticketId: TicketId): RequestRefused {
  return new RequestRefused(problem('ticket_not_found', `there is no ticket ${ticketId}`, { ticketId }));
}
