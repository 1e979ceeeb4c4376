/**
 * API keys. Every change is made in the name of the caller's credential. A secret is in one answer, the one
 * that made it, and in no other.
 */
import { z } from 'zod';
import type { AccessOffice } from '../../../domain/access/administration-port.ts';
import { keyIdSchema } from '../../../domain/access/events.ts';
import {
  keyJson,
  keyJsonSchema,
  keysJsonSchema,
  newKeyBodySchema,
  newKeyJson,
  newKeyJsonSchema,
  rotateBodySchema,
} from '../access-json.ts';
import type { HttpLimits } from '../limits.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import { deskOf, orRefused } from './access-desk.ts';

const group = 'Access';
const scope = 'access:manage';
const keyParams = z.strictObject({ keyId: keyIdSchema });
const exampleKey = { keyId: '3f2a90c1d4e5b687' };

export function accessKeyRoutes(office: AccessOffice, limits: HttpLimits): readonly Route[] {
  const page = z.strictObject({
    after: keyIdSchema.optional(),
    limit: wholeNumber(1, limits.accessPageMax).default(limits.accessPageDefault),
  });
  return [
    route({
      id: 'listKeys',
      method: 'GET',
      path: '/v1/access/keys',
      group,
      summary: 'API keys, without their secrets',
      description: 'In the order in which they were made; those that were revoked or have expired too.',
      scope,
      query: page,
      answers: { 200: { meaning: 'A page of keys.', schema: keysJsonSchema } },
      problems: ['key_unknown'],
      example: { query: { limit: '10' } },
      handle: async ({ query: { after, limit }, ...caller }) => {
        const keys = await deskOf(office, caller).keys();
        const from = after === undefined ? 0 : keys.findIndex(({ keyId }) => keyId === after) + 1;
        if (after !== undefined && from === 0) {
          throw new RequestRefused(problem('key_unknown', `there is no key ${after}`));
        }
        const found = keys.slice(from, from + limit);
        const next = from + limit < keys.length ? found.at(-1)?.keyId : undefined;
        return { keys: found.map(keyJson), next };
      },
    }),
    route({
      id: 'createKey',
      method: 'POST',
      path: '/v1/access/keys',
      group,
      summary: 'Make an API key',
      description: 'Its text is in this answer and is never told again: only a hash of it is kept.',
      scope,
      body: { schema: newKeyBodySchema, checked: 'here' },
      answers: { 201: { meaning: 'The key holds from now on.', schema: newKeyJsonSchema } },
      problems: ['invalid_command'],
      example: { body: { name: 'zendesk-sync', roles: ['integration'], scopes: ['tickets:write'] } },
      handle: async ({ body: { actor, ...grant }, ...caller }, reply) => {
        const own = actor ?? { id: grant.name, role: 'integration' };
        const made = await deskOf(office, caller).createKey({ ...grant, actor: own });
        return reply.code(201).send(newKeyJson(orRefused(made)));
      },
    }),
    ...changeRoutes(office),
  ];
}

/** What is done to a key that is there. */
function changeRoutes(office: AccessOffice): readonly Route[] {
  return [
    route({
      id: 'rotateKey',
      method: 'POST',
      path: '/v1/access/keys/{keyId}/rotate',
      group,
      summary: 'Give a key a new secret',
      description: 'The old secret holds beside the new one for as long as is asked for, then no more.',
      scope,
      params: keyParams,
      body: { schema: rotateBodySchema, checked: 'here' },
      answers: { 200: { meaning: 'The new secret holds from now on.', schema: newKeyJsonSchema } },
      problems: ['key_unknown', 'invalid_command'],
      example: { params: exampleKey, body: { overlapSeconds: 3_600 } },
      handle: async ({ params: { keyId }, body: { overlapSeconds }, ...caller }) =>
        newKeyJson(orRefused(await deskOf(office, caller).rotateKey(keyId, overlapSeconds * 1_000))),
    }),
    route({
      id: 'revokeKey',
      method: 'DELETE',
      path: '/v1/access/keys/{keyId}',
      group,
      summary: 'Revoke a key',
      description: 'It holds no more, for requests that are under way too. It stays in the list.',
      scope,
      params: keyParams,
      query: z.strictObject({ reason: z.string().min(1).max(1_000) }),
      answers: { 200: { meaning: 'The key as it is now.', schema: keyJsonSchema } },
      problems: ['key_unknown'],
      example: { params: exampleKey, query: { reason: 'left the company' } },
      handle: async ({ params: { keyId }, query: { reason }, ...caller }) =>
        keyJson(orRefused(await deskOf(office, caller).revokeKey(keyId, reason))),
    }),
  ];
}
