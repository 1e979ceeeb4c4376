/**
 * The routes that write to one ticket: open it, and give it a command. Whatever they accept is durable when
 * they answer; the engine behind `CommandSink` is the only one who decides.
 */
import { z } from 'zod';
import { ticketIdSchema } from '../../../domain/ticket/values.ts';
import { commandBodySchema, openingBodySchema } from '../command-schemas.ts';
import type { HttpContext } from '../context.ts';
import type { IdempotentAnswers } from '../idempotency.ts';
import { acceptedSchema } from '../outcome-json.ts';
import { readCommandWith } from '../read-command.ts';
import { type Route, route } from '../route.ts';
import {
  addressOf,
  answerOutcome,
  conditionHeaders,
  idempotencyHeaders,
  refusals,
  writeTicket,
  writtenHeaders,
} from '../write-ticket.ts';

export function commandRoutes(context: HttpContext, answers: IdempotentAnswers): readonly Route[] {
  return [
    route({
      id: 'openTicket',
      method: 'POST',
      path: '/v1/tickets',
      group: 'Commands',
      summary: 'Open a ticket',
      scope: 'tickets:write',
      headers: z.object(idempotencyHeaders(context.limits)),
      body: { schema: openingBodySchema, checked: 'by handler' },
      answers: {
        201: {
          meaning: 'The ticket is open, and that is durable.',
          schema: acceptedSchema,
          headers: { location: 'Where the ticket is.', ...writtenHeaders },
        },
      },
      problems: refusals,
      example: { body: { data: { fields: { subject: 'The printer is on fire' } } } },
      // What is asked is handed on whole: leaving members out would make an object ten times as large.
      handle: (asked, reply) =>
        answers.answer(asked, reply, async (commandId) => {
          const command = readCommandWith(asked.body, { type: 'OpenTicket' }, asked);
          const conditions = { ifMatch: undefined, commandId };
          const outcome = await writeTicket(command, asked, conditions, context);
          const answer = answerOutcome(outcome, conditions);
          if (outcome.status === 'rejected') return answer;
          const headers = { ...answer.headers, location: addressOf(outcome.ticketId) };
          return { ...answer, status: 201, headers };
        }),
    }),
    route({
      id: 'commandTicket',
      method: 'POST',
      path: '/v1/tickets/{ticketId}/commands',
      group: 'Commands',
      summary: 'One command to a ticket',
      scope: 'tickets:write',
      params: z.strictObject({ ticketId: ticketIdSchema }),
      headers: z.object({ ...conditionHeaders, ...idempotencyHeaders(context.limits) }),
      body: { schema: commandBodySchema, checked: 'by handler' },
      answers: {
        200: { meaning: 'What it did is durable.', schema: acceptedSchema, headers: writtenHeaders },
      },
      problems: [...refusals, 'precondition_failed'],
      example: {
        params: { ticketId: 'REQ0000001' },
        body: { type: 'AssignTicket', commandId: 'my-1', data: { agent: 'ana' } },
      },
      handle: (asked, reply) =>
        answers.answer(asked, reply, async (commandId) => {
          const { ticketId } = asked.params;
          const command = readCommandWith(asked.body, { ticketId }, asked);
          const conditions = { ifMatch: asked.headers['if-match'], commandId };
          return answerOutcome(await writeTicket(command, asked, conditions, context), conditions);
        }),
    }),
  ];
}
