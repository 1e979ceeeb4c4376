/**
 * The events of all tickets, in order: in pages, as lines, and as a stream that goes on. All three tell the
 * same events in the same order and form, so that a reader can begin with one and go on with another.
 */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { EpochMs } from '../../../domain/ticket/values.ts';
import { acceptedForm } from '../accepted-form.ts';
import type { HttpContext } from '../context.ts';
import { problem, RequestRefused } from '../problem.ts';
import { queryTimeSchema, wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import { eventFilter, filterQuery } from '../stream/event-filter.ts';
import { eventStreamMediaType, openingFrame } from '../stream/event-frames.ts';
import {
  EventExports,
  eventLineSchema,
  eventLines,
  eventPage,
  eventPageSchema,
  notForever,
} from '../stream/event-pages.ts';
import { EventStreams } from '../stream/event-streams.ts';
import { positionAt } from '../stream/scan-events.ts';

const jsonMediaType = 'application/json';
const linesMediaType = 'application/x-ndjson';
/** For the reference: one event, as every form tells it. */
const exampleEvent = {
  ticketId: 'REQ0000001',
  revision: 1,
  partition: 0,
  position: 1,
  type: 'TicketOpened',
  schemaVersion: 1,
  workflow: 'support@1',
  state: 'new/unassigned/L0',
  occurredAt: '2026-03-02T09:00:00.000Z',
  recordedAt: '2026-03-02T09:00:00.004Z',
  actor: { id: 'ann', role: 'requester' },
  data: { requester: 'ann', fields: { priority: 'high' } },
};
const exampleEnd = { partition: 0, position: 1, next: 2, events: 1 };

const positionHeader = { 'docket-position': "The partition's last position when the events were asked for." };

export function eventRoutes(context: HttpContext): readonly Route[] {
  return [listEvents(context), streamEvents(context)];
}

/** Where to begin, in a query. */
function beginningQuery(partitions: number) {
  return {
    from: wholeNumber(1, Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ description: 'The position to begin with.' }),
    since: queryTimeSchema
      .optional()
      .meta({ description: 'Only events recorded at this time or later; with `from`, both hold.' }),
    partition: wholeNumber(0, partitions - 1)
      .default(0)
      .meta({ description: 'Positions count within a partition; a log in files or PostgreSQL has one.' }),
  };
}

function listEvents(context: HttpContext): Route {
  const { positions, reader, limits } = context;
  const exports = new EventExports(limits);
  const wholePosition = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  return route({
    id: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    group: 'Events',
    summary: 'The events of all tickets, in order of position',
    description: `A page of JSON has at most ${limits.eventsPageMax} events (\`limit\`, by default
${limits.eventsPageDefault}); it may have fewer, or none, where few pass the filter: go on with \`next\` as long
as it is not beyond \`position\`. With \`accept: ${linesMediaType}\` the answer is one event a line, at most
${limits.eventsExportMax}, and a last line that says where to go on; where that is missing, events are.`,
    scope: 'tickets:read',
    query: z.strictObject({
      ...beginningQuery(reader.partitions),
      ...filterQuery,
      limit: wholeNumber(1, limits.eventsExportMax).optional().meta({ description: 'Most events.' }),
      'min-position': wholePosition
        .optional()
        .meta({ description: `Waits at most ${limits.positionWaitMsMax} ms until the log holds it.` }),
    }),
    headers: z.looseObject({ accept: z.string().optional() }),
    answers: {
      200: {
        meaning: 'A page of events.',
        schema: eventPageSchema,
        otherForms: [
          {
            mediaType: linesMediaType,
            meaning: 'An event a line, then the end.',
            schema: eventLineSchema,
            example: `${JSON.stringify(exampleEvent)}\n${JSON.stringify(exampleEnd)}\n`,
          },
        ],
        headers: positionHeader,
        example: { partition: 0, position: 1, events: [exampleEvent], next: 2 },
      },
    },
    problems: ['not_acceptable', 'position_not_reached'],
    example: { query: { from: '1', limit: '10', type: 'TicketOpened,TicketResolved' } },
    handle: async ({ query, headers, principal, guard, raw }, reply) => {
      const form = acceptedForm(headers.accept, [jsonMediaType, linesMediaType]);
      if (form === undefined) {
        const detail = `events can be had as ${jsonMediaType} and ${linesMediaType}`;
        throw new RequestRefused(problem('not_acceptable', detail));
      }
      const lines = form === linesMediaType;
      const limit = query.limit ?? (lines ? limits.eventsExportMax : limits.eventsPageDefault);
      if (!lines && limit > limits.eventsPageMax) throw pageTooLarge(limits.eventsPageMax);
      const { partition } = query;
      await positions.log(query['min-position'], partition);
      const head = await reader.head(partition);
      const from = (await beginning(context, query, head)) ?? 1;
      const question = { partition, from, head, limit, filter: eventFilter(query) };
      reply.header('docket-position', head);
      const caller = { principal, guard };
      if (!lines) return reply.type(jsonMediaType).send(await eventPage(context, question, caller));
      if (raw.method === 'HEAD') return reply.type(linesMediaType).send();
      const release = exports.count(reply.raw);
      const text = notForever(eventLines(context, question, caller), reply.raw, limits);
      const body = Readable.from(text, { objectMode: false }).once('close', release);
      return reply.type(linesMediaType).send(body);
    },
  });
}

function streamEvents(context: HttpContext): Route {
  const { reader, limits, leaving } = context;
  const streams = new EventStreams(context);
  leaving.addEventListener('abort', () => streams.end('server_stopping'), { once: true });
  return route({
    id: 'streamEvents',
    method: 'GET',
    path: '/v1/events/stream',
    group: 'Events',
    summary: 'The events of all tickets as they become durable, as server-sent events',
    description: `The id of each event is its position. Who comes back with \`last-event-id\` goes on exactly
after it, and misses nothing; without it, the stream begins with \`from\`, at \`since\`, or else with what comes
next. Positions of events that do not pass the filter, or may not be seen, are left out. A stream ends with an
event \`bye\` that says why, where the server ends it.`,
    scope: 'tickets:read',
    lasting: true,
    query: z.strictObject({ ...beginningQuery(reader.partitions), ...filterQuery }),
    headers: z.looseObject({
      'last-event-id': wholeNumber(0, Number.MAX_SAFE_INTEGER - 1)
        .optional()
        .meta({
          description: 'The id of the last event that was received; `from` and `since` then do not count.',
        }),
    }),
    answers: {
      200: {
        meaning: 'Events, without end.',
        mediaType: eventStreamMediaType,
        headers: positionHeader,
        example: `id: 1\nevent: TicketOpened\ndata: ${JSON.stringify(exampleEvent)}\n\n`,
      },
    },
    problems: ['overloaded', 'rate_limited', 'not_ready'],
    example: { query: { from: '1', type: 'TicketOpened' } },
    handle: async ({ query, headers, principal }, reply) => {
      if (leaving.aborted) throw new RequestRefused(problem('not_ready', 'the server stops'));
      const gone = streams.count(principal, reply.raw);
      const { partition } = query;
      const head = await reader.head(partition);
      const after = headers['last-event-id'];
      const next = after === undefined ? ((await beginning(context, query, head)) ?? head + 1) : after + 1;
      const begin = () => beginStream(reply, head, openingFrame(limits.streamRetryMs, next - 1));
      const filter = eventFilter(query);
      await streams.join(partition, { response: reply.raw, principal, filter, next, begin, gone });
    },
  });
}

/** Written by hand: whatever stands between a route and its response would gather and delay. */
function beginStream(reply: FastifyReply, head: number, opening: string): void {
  reply.header('docket-position', head).header('content-type', eventStreamMediaType);
  // Proxies of the nginx kind gather answers unless they are told not to.
  reply.header('x-accel-buffering', 'no');
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
  reply.raw.write(opening);
}

interface Beginning {
  readonly partition: number;
  readonly from?: number | undefined;
  readonly since?: EpochMs | undefined;
}

/** The position that a query begins with; `undefined` where it does not say. */
async function beginning(
  { reader }: Pick<HttpContext, 'reader'>,
  { partition, from, since }: Beginning,
  head: number,
): Promise<number | undefined> {
  if (since === undefined) return from;
  return Math.max(from ?? 1, await positionAt(reader, partition, since, head));
}

function pageTooLarge(eventsPageMax: number): RequestRefused {
  const message = `expected at most ${eventsPageMax}, or more with accept: ${linesMediaType}`;
  const errors = [{ path: 'querystring.limit', message }];
  return new RequestRefused(problem('request_invalid', `querystring.limit: ${message}`, { errors }));
}
