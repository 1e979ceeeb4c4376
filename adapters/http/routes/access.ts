/** The access policy, who changed what, why somebody may do something, and who the caller is. */
import { z } from 'zod';
import type { AccessOffice } from '../../../domain/access/administration-port.ts';
import { accessPolicySchema } from '../../../domain/access/policy.ts';
import { scopes } from '../../../domain/access/principal.ts';
import { actorSchema } from '../../../domain/ticket/values.ts';
import {
  auditJson,
  auditPageSchema,
  explainBodySchema,
  explanationSchema,
  policyBodySchema,
  policyJson,
  policyJsonSchema,
  problemsJsonSchema,
} from '../access-json.ts';
import type { HttpContext } from '../context.ts';
import type { HttpLimits } from '../limits.ts';
import { problem, RequestRefused } from '../problem.ts';
import { wholeNumber } from '../query-values.ts';
import { type Route, route } from '../route.ts';
import { deskOf, orRefused } from './access-desk.ts';
import { accessKeyRoutes } from './access-keys.ts';

const group = 'Access';
const scope = 'access:manage';
const versionTag = /^"(\d{1,15})"$/;

export function accessRoutes({ accessOffice, limits }: HttpContext): readonly Route[] {
  return [
    meRoute(),
    ...accessKeyRoutes(accessOffice, limits),
    ...policyRoutes(accessOffice),
    ...questionRoutes(accessOffice, limits),
  ];
}

function meRoute(): Route {
  return route({
    id: 'getMe',
    method: 'GET',
    path: '/v1/me',
    group,
    summary: 'Who the credential stands for',
    scope: 'any',
    answers: {
      200: {
        meaning: 'The principal, with what its credential is good for.',
        schema: z.object({
          id: z.string(),
          actor: actorSchema,
          roles: z.array(z.string()),
          groups: z.array(z.string()),
          scopes: z.array(z.enum(scopes)),
          policyVersion: z.int(),
        }),
      },
    },
    problems: [],
    example: {},
    handle: ({ principal, guard }) => ({
      id: principal.id,
      actor: principal.actor,
      roles: principal.roles,
      groups: principal.groups,
      scopes: [...principal.scopes],
      policyVersion: guard.policyVersion,
    }),
  });
}

function policyRoutes(office: AccessOffice): readonly Route[] {
  const ifMatch = z
    .string()
    .regex(versionTag, 'expected the version as GET gave it in etag, such as "3"')
    .meta({ description: 'The version that was seen; without it, whatever is there is replaced.' });
  return [
    route({
      id: 'getPolicy',
      method: 'GET',
      path: '/v1/access/policy',
      group,
      summary: 'The access policy: roles and rules',
      description: 'Version 0 is the built-in policy. Every version that ever was can be asked for.',
      scope,
      query: z.strictObject({ version: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional() }),
      answers: {
        200: {
          meaning: 'The policy.',
          schema: policyJsonSchema,
          headers: { etag: 'Its version in quotation marks, for If-Match.' },
        },
      },
      problems: ['policy_conflict'],
      example: {},
      handle: async ({ query: { version }, ...caller }, reply) => {
        const found = await deskOf(office, caller).policy(version);
        if (found === undefined) {
          throw new RequestRefused(problem('policy_conflict', `the policy had no version ${version} yet`));
        }
        return reply.header('etag', `"${found.version}"`).send(policyJson(found));
      },
    }),
    route({
      id: 'changePolicy',
      method: 'PUT',
      path: '/v1/access/policy',
      group,
      summary: 'Replace the access policy',
      scope,
      headers: z.looseObject({ 'if-match': ifMatch.optional() }),
      body: { schema: policyBodySchema, checked: 'here' },
      answers: {
        200: {
          meaning: 'Everything is decided by it from now on.',
          schema: policyJsonSchema,
          headers: { etag: 'Its version in quotation marks.' },
        },
      },
      problems: ['policy_invalid', 'policy_conflict'],
      example: {
        headers: { 'if-match': '"0"' },
        body: { policy: { roles: {}, rules: [] }, reason: 'closed' },
      },
      handle: async ({ headers, body: { policy, reason }, ...caller }, reply) => {
        const version = versionTag.exec(headers['if-match'] ?? '')?.[1];
        const expectedVersion = version === undefined ? undefined : Number(version);
        const changed = await deskOf(office, caller).changePolicy(policy, { expectedVersion, reason });
        const present = orRefused(changed);
        return reply.header('etag', `"${present.version}"`).send(policyJson(present));
      },
    }),
  ];
}

function questionRoutes(office: AccessOffice, limits: HttpLimits): readonly Route[] {
  return [
    route({
      id: 'checkPolicy',
      method: 'POST',
      path: '/v1/access/policy/check',
      group,
      summary: 'Say what is wrong with a policy, without using it',
      scope,
      body: { schema: accessPolicySchema, checked: 'here' },
      answers: { 200: { meaning: 'What is wrong with it, or nothing.', schema: problemsJsonSchema } },
      problems: [],
      example: { body: { roles: {}, rules: [] } },
      handle: async ({ body, ...caller }) => ({ problems: await deskOf(office, caller).checkPolicy(body) }),
    }),
    route({
      id: 'explainAccess',
      method: 'POST',
      path: '/v1/access/explain',
      group,
      summary: 'Why somebody may or may not do something',
      scope,
      body: { schema: explainBodySchema, checked: 'here' },
      answers: {
        200: { meaning: 'The rules that were asked, and what each said.', schema: explanationSchema },
      },
      problems: ['ticket_not_found', 'key_unknown'],
      example: {
        body: {
          operation: 'read',
          field: 'note',
          as: { actor: { id: 'ana', role: 'requester' }, roles: ['requester'] },
        },
      },
      handle: async ({ body: { operation, ticketId, field, as }, ...caller }) =>
        orRefused(await deskOf(office, caller).explain({ operation, ticketId, field, as })).explanation,
    }),
    route({
      id: 'listAccessChanges',
      method: 'GET',
      path: '/v1/access/audit',
      group,
      summary: 'Who changed which keys and rules, and when',
      description: 'Everything that was ever changed, oldest first. Hashes of secrets are left out.',
      scope,
      query: z.strictObject({
        after: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
        limit: wholeNumber(1, limits.accessPageMax).default(limits.accessPageDefault),
      }),
      answers: { 200: { meaning: 'A page of changes.', schema: auditPageSchema } },
      problems: [],
      example: { query: { limit: '10' } },
      handle: async ({ query: { after, limit }, ...caller }) => {
        const found = await deskOf(office, caller).audit(after, limit + 1);
        const entries = found.slice(0, limit);
        const next = found.length > limit ? entries.at(-1)?.position : undefined;
        return { entries: entries.map(auditJson), next };
      },
    }),
  ];
}
