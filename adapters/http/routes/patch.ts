/** Changing only fields of a ticket, by JSON Merge Patch: one `ChangeFields`, however many fields it has. */
import { z } from 'zod';
import { commandIdSchema, fieldChangesSchema, ticketIdSchema } from '../../../domain/ticket/values.ts';
import { mergePatchMediaType } from '../body.ts';
import type { HttpContext } from '../context.ts';
import type { IdempotentAnswers } from '../idempotency.ts';
import { readMergePatch } from '../merge-patch.ts';
import { acceptedSchema } from '../outcome-json.ts';
import { type Route, route } from '../route.ts';
import {
  answerOutcome,
  conditionHeaders,
  idempotencyHeaders,
  refusals,
  writeTicket,
  writtenHeaders,
} from '../write-ticket.ts';

const patchSchema = z.strictObject({
  fields: fieldChangesSchema.optional().meta({
    description: 'A value sets the field, null clears it; fields that are not named stay as they are.',
  }),
});

export function patchRoutes(context: HttpContext, answers: IdempotentAnswers): readonly Route[] {
  return [
    route({
      id: 'patchTicket',
      method: 'PATCH',
      path: '/v1/tickets/{ticketId}',
      group: 'Tickets',
      summary: 'Change some fields of a ticket',
      description:
        'A JSON Merge Patch (RFC 7396) of the fields of the ticket. Everything else of a ticket changes by commands; members that are no fields are refused, with the command that changes them.',
      scope: 'tickets:write',
      params: z.strictObject({ ticketId: ticketIdSchema }),
      headers: z.object({
        ...conditionHeaders,
        ...idempotencyHeaders(context.limits),
        'docket-command-id': commandIdSchema.optional().meta({
          description: 'The commandId of the change, which the body has no place for.',
        }),
      }),
      body: { schema: patchSchema, checked: 'by handler', mediaTypes: [mergePatchMediaType] },
      answers: {
        200: {
          meaning: 'What changed is durable; `events` is 0 where nothing did.',
          schema: acceptedSchema,
          headers: writtenHeaders,
        },
      },
      problems: [...refusals, 'precondition_failed'],
      example: {
        params: { ticketId: 'REQ0000001' },
        headers: { 'if-match': '"1"' },
        body: { fields: { priority: 'high', category: null } },
      },
      handle: ({ params: { ticketId }, headers, body, ...asked }, reply) =>
        answers.answer(asked, reply, async (commandId) => {
          const named = { ticketId, commandId: headers['docket-command-id'] };
          const command = readMergePatch(body, named, asked);
          const conditions = { ifMatch: headers['if-match'], commandId };
          return answerOutcome(await writeTicket(command, asked, conditions, context), conditions);
        }),
    }),
  ];
}
