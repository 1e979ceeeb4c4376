/**
 * Keys, rules and their changes at a running server, for the command line. What it answers has the shape that
 * the server's JSON has; a refusal is thrown as `AccessRefused`, everything else that fails as `Fault`.
 */
import type { z } from 'zod';
import type { AccessQuestion, PolicyChange } from '../../domain/access/administration-port.ts';
import type { AccessPolicy } from '../../domain/access/policy.ts';
import type { EpochMs } from '../../domain/ticket/values.ts';
import {
  type AuditJson,
  auditPageSchema,
  explanationSchema,
  type KeyJson,
  keyJsonSchema,
  keysJsonSchema,
  type NewKeyJson,
  newKeyJsonSchema,
  type PolicyJson,
  policyJsonSchema,
  problemsJsonSchema,
} from './access-json.ts';
import { type AskOptions, ask, codeOf, faultOf, memberOf, type ServerTrust } from './asking.ts';

const requestMsMax = 30_000;
/** Keys or changes asked for at once. */
const pageItems = 1_000;
const refusals = ['invalid_command', 'key_unknown', 'policy_invalid', 'policy_conflict', 'ticket_not_found'];

/** What a new key is to stand for. */
export interface WantedKey {
  readonly name: string;
  readonly actor: { readonly id: string; readonly role: string } | undefined;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly expiresAt: EpochMs | undefined;
}

/** Keys, rules and their changes, wherever they are kept. */
export interface AccessDesk {
  keys(): Promise<readonly KeyJson[]>;
  createKey(wanted: WantedKey): Promise<NewKeyJson>;
  rotateKey(keyId: string, overlapMs: number): Promise<NewKeyJson>;
  revokeKey(keyId: string, reason: string): Promise<KeyJson>;
  policy(): Promise<PolicyJson>;
  checkPolicy(policy: AccessPolicy): Promise<readonly string[]>;
  changePolicy(policy: AccessPolicy, options: PolicyChange): Promise<PolicyJson>;
  explain(question: AccessQuestion): Promise<object>;
  audit(): Promise<readonly AuditJson[]>;
}

/** The wish was understood and refused; nothing was changed. */
export class AccessRefused extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'AccessRefused';
    this.code = code;
  }
}

export function httpAccessDesk(baseUrl: string, options: ServerTrust): AccessDesk {
  const asking: AskOptions = { requestMsMax, ...options };
  const send = async <Body>(
    method: string,
    path: string,
    schema: z.ZodType<Body>,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Body> => {
    const url = new URL(path, baseUrl);
    const json =
      body === undefined
        ? { headers }
        : { headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await ask(url, { ...json, method }, asking);
    if (answer.status >= 200 && answer.status < 300) return schema.parse(answer.body);
    const code = codeOf(answer);
    if (code === undefined || !(refusals.includes(code) || code === 'request_invalid'))
      throw faultOf(answer, url);
    throw new AccessRefused(code, memberOf(answer, 'detail') ?? code);
  };
  const keyPath = (keyId: string) => `/v1/access/keys/${encodeURIComponent(keyId)}`;
  return {
    keys: () =>
      allPages(async (after) => {
        const from = after === undefined ? '' : `&after=${after}`;
        const page = await send('GET', `/v1/access/keys?limit=${pageItems}${from}`, keysJsonSchema);
        return { items: page.keys, next: page.next };
      }),
    createKey: (wanted) => send('POST', '/v1/access/keys', newKeyJsonSchema, wanted),
    rotateKey: (keyId, overlapMs) =>
      send('POST', `${keyPath(keyId)}/rotate`, newKeyJsonSchema, {
        overlapSeconds: Math.ceil(overlapMs / 1_000),
      }),
    revokeKey: (keyId, reason) =>
      send('DELETE', `${keyPath(keyId)}?reason=${encodeURIComponent(reason)}`, keyJsonSchema),
    policy: () => send('GET', '/v1/access/policy', policyJsonSchema),
    checkPolicy: async (policy) =>
      (await send('POST', '/v1/access/policy/check', problemsJsonSchema, policy)).problems,
    changePolicy: (policy, { expectedVersion, reason }) =>
      send(
        'PUT',
        '/v1/access/policy',
        policyJsonSchema,
        { policy, reason },
        expectedVersion === undefined ? {} : { 'if-match': `"${expectedVersion}"` },
      ),
    explain: (question) => send('POST', '/v1/access/explain', explanationSchema, question),
    audit: () =>
      allPages(async (after = 0) => {
        const page = await send('GET', `/v1/access/audit?limit=${pageItems}&after=${after}`, auditPageSchema);
        return { items: page.entries, next: page.next };
      }),
  };
}

/** Each page names the next one; there are as many as there is something in them. */
async function allPages<Item, Mark>(
  page: (
    after: Mark | undefined,
  ) => Promise<{ readonly items: readonly Item[]; readonly next: Mark | undefined }>,
): Promise<readonly Item[]> {
  const found: Item[] = [];
  let after: Mark | undefined;
  do {
    const { items, next } = await page(after);
    found.push(...items);
    after = next;
  } while (after !== undefined);
  return found;
}
