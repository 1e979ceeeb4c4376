/**
 * What looks after webhooks: the sources that there are, and the deliveries that could not be carried out.
 * Deliveries themselves come in elsewhere, on a port of their own. A letter holds what its source sent, as it
 * sent it, which no access rule looks through: hence a scope of its own.
 */
import { z } from 'zod';
import { nameSchema } from '../../../domain/ticket/values.ts';
import type { HttpContext } from '../context.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import {
  letterIdSchema,
  letterJson,
  letterSchema,
  lettersSchema,
  replayedSchema,
  sourcesSchema,
} from '../webhook-json.ts';

const exampleId = 'github.0f1e2d3c4b5a6978';

export function webhookRoutes(context: HttpContext): readonly Route[] {
  return [
    listSources(context),
    listLetters(context),
    getLetter(context),
    replayLetter(context),
    dropLetter(context),
  ];
}

function listSources({ webhooks }: HttpContext): Route {
  return route({
    id: 'listWebhookSources',
    method: 'GET',
    path: '/v1/webhooks/sources',
    group: 'Webhooks',
    summary: 'The sources that webhooks may come from, and what came from them',
    scope: 'webhooks:manage',
    answers: { 200: { meaning: 'All sources.', schema: sourcesSchema } },
    problems: [],
    example: {},
    handle: () => ({ sources: webhooks.sources() }),
  });
}

function listLetters({ webhooks, limits }: HttpContext): Route {
  return route({
    id: 'listDeadLetters',
    method: 'GET',
    path: '/v1/webhooks/dead-letters',
    group: 'Webhooks',
    summary: 'Deliveries that could not be carried out, oldest first, without what they held',
    scope: 'webhooks:manage',
    query: z.strictObject({
      source: z.string().max(32).optional(),
      early: z
        .enum(['true', 'false'])
        .default('false')
        .transform((text) => text === 'true')
        .meta({ description: 'Those too whose ticket may only not have been opened yet.' }),
      limit: wholeNumber(1, limits.deadLettersPageMax).default(limits.deadLettersPageDefault),
    }),
    answers: { 200: { meaning: 'The letters, and how many there are in all.', schema: lettersSchema } },
    problems: [],
    example: { query: { source: 'github' } },
    handle: ({ query }) => {
      const { total, letters } = webhooks.letters(query);
      return { total, deadLetters: letters.map((letter) => letterJson(letter, false)) };
    },
  });
}

function getLetter({ webhooks }: HttpContext): Route {
  return route({
    id: 'getDeadLetter',
    method: 'GET',
    path: '/v1/webhooks/dead-letters/{letterId}',
    group: 'Webhooks',
    summary: 'One of them, with what was delivered',
    scope: 'webhooks:manage',
    params: z.strictObject({ letterId: letterIdSchema }),
    answers: { 200: { meaning: 'The letter.', schema: letterSchema } },
    problems: ['dead_letter_unknown'],
    example: { params: { letterId: exampleId } },
    handle: ({ params: { letterId } }) => {
      const letter = webhooks.letter(letterId);
      if (letter === undefined) throw unknownLetter(letterId);
      return letterJson(letter, true);
    },
  });
}

function replayLetter({ webhooks }: HttpContext): Route {
  return route({
    id: 'replayDeadLetter',
    method: 'POST',
    path: '/v1/webhooks/dead-letters/{letterId}/replay',
    group: 'Webhooks',
    summary: 'Try it again, by the mapping and on the ticket as they are now',
    description:
      'What of it was carried out before is not done twice. Once it is done, there is no such letter.',
    scope: 'webhooks:manage',
    params: z.strictObject({ letterId: letterIdSchema }),
    answers: { 200: { meaning: 'What became of it; refused ones stay.', schema: replayedSchema } },
    problems: ['dead_letter_unknown', 'overloaded', 'journal_failed'],
    example: { params: { letterId: exampleId } },
    handle: async ({ params: { letterId }, principal }) => {
      const replayed = await webhooks.replay(letterId, principal.id);
      if (replayed.status === 'unknown') throw unknownLetter(letterId);
      return { id: letterId, ...replayed };
    },
  });
}

function dropLetter({ webhooks }: HttpContext): Route {
  return route({
    id: 'dropDeadLetter',
    method: 'DELETE',
    path: '/v1/webhooks/dead-letters/{letterId}',
    group: 'Webhooks',
    summary: 'Give it up for good',
    scope: 'webhooks:manage',
    params: z.strictObject({ letterId: letterIdSchema }),
    query: z.strictObject({ reason: nameSchema.meta({ description: 'Written down with who dropped it.' }) }),
    answers: { 204: { meaning: 'It is dropped; should the source send it again, nothing happens.' } },
    problems: ['dead_letter_unknown', 'overloaded', 'journal_failed'],
    example: { params: { letterId: exampleId }, query: { reason: 'a test of the webhook' } },
    handle: async ({ params: { letterId }, query: { reason }, principal }, reply) => {
      if (!(await webhooks.drop(letterId, principal.id, reason))) throw unknownLetter(letterId);
      return reply.code(204).send();
    },
  });
}

function unknownLetter(letterId: string): RequestRefused {
  return new RequestRefused(problem('dead_letter_unknown', `there is no dead letter ${letterId}`));
}
