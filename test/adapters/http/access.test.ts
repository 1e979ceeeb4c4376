/** The routes about keys, rules and their changes, as a caller meets them: real keys on a real socket. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeys } from '../../../adapters/identity/api-keys.ts';
import { authenticator } from '../../../adapters/identity/authenticator.ts';
import { mintKey } from '../../../adapters/identity/key-text.ts';
import { openFileJournal } from '../../../adapters/journal/file-journal.ts';
import { lockFolder } from '../../../adapters/log/segment/lock.ts';
import { type AccessBook, openAccessBook } from '../../../domain/access/access-book.ts';
import { accessOffice } from '../../../domain/access/access-office.ts';
import { isRejected } from '../../../domain/access/administration.ts';
import { type AccessEvent, accessEventSchema } from '../../../domain/access/events.ts';
import { type Scope, scopes } from '../../../domain/access/principal.ts';
import type { Journal } from '../../../domain/ports.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { openAccessRules } from '../../../scripts/runtime/access-rules.ts';
import { SetClock } from '../../contracts/journal.ts';
import { temporaryFolder } from '../log/folders.ts';
import { type Answer, expectProblem, type Harness, startServer } from './harness.ts';

const clock = new SetClock();
let journal: Journal<AccessEvent>;
let book: AccessBook;
let server: Harness;
let admin: string;
/** Between a request's coming in and the decision about its command. */
let meanwhile: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  const folder = `${await temporaryFolder()}/access`;
  journal = await openFileJournal({
    folder,
    name: 'journal',
    schema: accessEventSchema,
    clock,
    lock: lockFolder,
  });
  const { access, rules, explainer } = openAccessRules(builtInWorkflows);
  book = await openAccessBook({ journal, clock, mint: mintKey, rules });
  server = await startServer({
    sink: (engine) => ({
      submit: async (commands, guard) => {
        await meanwhile();
        return engine.submit(commands, guard);
      },
    }),
    context: {
      authenticator: authenticator(new ApiKeys(book.registry, clock), undefined),
      access,
      accessOffice: accessOffice({ book, explainer, tickets: { current: async () => undefined } }),
    },
  });
  admin = await keyWith(...scopes);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await journal.close();
});

async function keyWith(...own: Scope[]): Promise<string> {
  const made = await book.createKey('test', {
    name: 'k',
    actor: { id: 'ana', role: 'lead' },
    roles: ['admin'],
    groups: [],
    scopes: own,
  });
  if (isRejected(made)) throw new Error(made.message);
  return made.text;
}

function ask(method: string, path: string, body?: object, key = admin, more = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${key}`, ...more };
  if (body === undefined) return server.send(path, { method, headers });
  const json = { ...headers, 'content-type': 'application/json' };
  return server.send(path, { method, headers: json, body: JSON.stringify(body) });
}

const wanted = { name: 'sync', roles: ['integration'], scopes: ['tickets:read', 'tickets:write'] };

async function newKey(more: object = {}): Promise<{ key: { keyId: string }; text: string }> {
  const answer = await ask('POST', '/v1/access/keys', { ...wanted, ...more });
  expect(answer.status).toBe(201);
  return answer.body as { key: { keyId: string }; text: string };
}

describe('without a credential', () => {
  it.each([
    ['GET', '/v1/me'],
    ['GET', '/v1/access/keys'],
    ['POST', '/v1/access/keys'],
    ['PUT', '/v1/access/policy'],
    ['GET', '/v1/access/audit'],
    ['GET', '/v1/tickets/REQ0000001'],
    ['POST', '/v1/tickets'],
  ])('%s %s is refused before its body is looked at', async (method, path) => {
    const answer = await server.send(path, { method, ...(method === 'GET' ? {} : { body: '{' }) });
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });
});

describe('a credential', () => {
  it('without the scope is told which one it lacks', async () => {
    const key = await keyWith('tickets:read');
    const answer = await ask('GET', '/v1/access/keys', undefined, key);
    expectProblem(answer, 403, 'scope_missing', { detail: expect.stringContaining('access:manage') });
  });

  it('of any kind can ask whose it is', async () => {
    const { text, key } = await newKey({ groups: ['printers'] });
    const answer = await ask('GET', '/v1/me', undefined, text);
    expect(answer.body).toEqual({
      id: `key:${key.keyId}`,
      actor: { id: 'sync', role: 'integration' },
      roles: ['integration'],
      groups: ['printers'],
      scopes: ['tickets:read', 'tickets:write'],
      policyVersion: expect.any(Number),
    });
  });

  it('that is revoked while its command is under way has done nothing', async () => {
    const { text, key } = await newKey();
    const head = await server.log.head();
    meanwhile = async () => void (await book.revokeKey('test', key.keyId, 'in the middle'));
    const answer = await ask('POST', '/v1/tickets', { data: {} }, text);
    meanwhile = async () => undefined;
    expectProblem(answer, 403, 'access_denied');
    expect(await server.log.head()).toBe(head);
    expectProblem(await ask('GET', '/v1/me', undefined, text), 401, 'unauthenticated');
  });
});

describe('keys', () => {
  it('are made, listed without secrets, rotated with an overlap, and revoked', async () => {
    const { key, text } = await newKey({ expiresAt: '2027-01-01T00:00:00Z' });
    const path = `/v1/access/keys/${key.keyId}`;
    const rotated = await ask('POST', `${path}/rotate`, { overlapSeconds: 60 });
    const fresh = (rotated.body as { text: string }).text;
    expect(rotated.body).toMatchObject({ key: { oldUntil: '2026-01-01T00:01:00.000Z' } });
    for (const each of [text, fresh]) expect((await ask('GET', '/v1/me', undefined, each)).status).toBe(200);

    const list = await ask('GET', '/v1/access/keys?limit=1000');
    expect(JSON.stringify(list.body)).not.toMatch(/[0-9a-f]{64}|dk_/);
    expect((list.body as { keys: object[] }).keys).toContainEqual(
      expect.objectContaining({ keyId: key.keyId, state: 'active', expiresAt: '2027-01-01T00:00:00.000Z' }),
    );

    const revoked = await ask('DELETE', `${path}?reason=left`);
    expect(revoked.body).toMatchObject({ state: 'revoked', revoked: { reason: 'left' } });
    for (const each of [text, fresh]) {
      expectProblem(await ask('GET', '/v1/me', undefined, each), 401, 'unauthenticated');
    }
    expectProblem(await ask('DELETE', `${path}?reason=again`), 404, 'key_unknown');
  });

  it('come in pages that fit together', async () => {
    const ids: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const after: string = next === '' ? '' : `&after=${next}`;
      const { body } = await ask('GET', `/v1/access/keys?limit=2${after}`);
      const page = body as { keys: { keyId: string }[]; next?: string };
      expect(page.keys.length).toBeLessThanOrEqual(2);
      ids.push(...page.keys.map(({ keyId }) => keyId));
      next = page.next;
    }
    expect(ids).toEqual(book.keys().map(({ keyId }) => keyId));
  });

  it.each([
    ['no scopes', { scopes: [] }, 400, 'request_invalid'],
    ['a scope that does not exist', { scopes: ['everything'] }, 400, 'request_invalid'],
    ['a member that is not known', { admin: true }, 400, 'request_invalid'],
    ['a role that the policy does not have', { roles: ['agnet'] }, 422, 'invalid_command'],
    ['an end that is over', { expiresAt: '2020-01-01T00:00:00Z' }, 422, 'invalid_command'],
  ])('with %s are refused', async (_what, change, status, code) => {
    const before = (await journal.read()).length;
    expectProblem(await ask('POST', '/v1/access/keys', { ...wanted, ...change }), status, code);
    expect(await journal.read()).toHaveLength(before);
  });
});

describe('the policy', () => {
  it('is read, checked and replaced by whoever has seen the present version', async () => {
    const first = await ask('GET', '/v1/access/policy');
    const { version, policy } = first.body as { version: number; policy: { rules: object[] } };
    expect(first.headers.get('etag')).toBe(`"${version}"`);
    const rule = { id: 'audit', table: 'ticket', operations: ['read'], roles: ['auditor'] };
    const changed = { ...policy, rules: [...policy.rules, rule] };
    expect((await ask('POST', '/v1/access/policy/check', changed)).body).toEqual({ problems: [] });
    const body = { policy: changed, reason: 'auditors asked' };
    const ifMatch = { 'if-match': `"${version}"` };
    const done = await ask('PUT', '/v1/access/policy', body, admin, ifMatch);
    expect(done.body).toMatchObject({ version: version + 1 });
    const again = await ask('PUT', '/v1/access/policy', body, admin, ifMatch);
    expectProblem(again, 409, 'policy_conflict', {
      detail: expect.stringContaining(`version ${version + 1}`),
    });
    expect((await ask('GET', `/v1/access/policy?version=${version}`)).body).toEqual({ version, policy });
  });

  it('with mistakes is refused with all of them', async () => {
    const rule = { id: 'twice', table: 'ticket', operations: ['read'] };
    const policy = { roles: {}, rules: [rule, rule] };
    const refused = await ask('PUT', '/v1/access/policy', { policy });
    expectProblem(refused, 422, 'policy_invalid', { reasons: [expect.stringContaining('rule twice')] });
    const checked = await ask('POST', '/v1/access/policy/check', policy);
    expect(checked.body).toEqual({ problems: [expect.stringContaining('rule twice')] });
  });

  it('is not replaced where If-Match is no version', async () => {
    const policy = { roles: {}, rules: [] };
    const answer = await ask('PUT', '/v1/access/policy', { policy }, admin, { 'if-match': 'W/"1"' });
    expectProblem(answer, 400, 'request_invalid');
  });
});

describe('questions', () => {
  it('say why, for the caller, a key, or anybody', async () => {
    const { key } = await newKey();
    const asks = [
      [{ operation: 'read' }, /^key:/],
      [{ operation: 'read', as: { keyId: key.keyId } }, new RegExp(`^key:${key.keyId}$`)],
      [
        { operation: 'read', field: 'note', as: { actor: { id: 'x', role: 'agent' }, roles: ['agent'] } },
        /./,
      ],
    ] as const;
    for (const [body, principal] of asks) {
      const { status, body: found } = await ask('POST', '/v1/access/explain', body);
      expect(status).toBe(200);
      expect(found).toMatchObject({ principal: expect.stringMatching(principal) });
    }
  });

  it('about a ticket or a key that does not exist say so', async () => {
    const ticket = await ask('POST', '/v1/access/explain', { operation: 'read', ticketId: 'NO-1' });
    expectProblem(ticket, 404, 'ticket_not_found');
    const as = { keyId: 'f'.repeat(16) };
    expectProblem(await ask('POST', '/v1/access/explain', { operation: 'read', as }), 404, 'key_unknown');
  });

  it('about the past show everything that was changed, by whom, in pages', async () => {
    const entries: { position: number; by: string }[] = [];
    let after: number | undefined = 0;
    while (after !== undefined) {
      const { body } = await ask('GET', `/v1/access/audit?limit=3&after=${after}`);
      const page = body as { entries: { position: number; by: string }[]; next?: number };
      entries.push(...page.entries);
      after = page.next;
    }
    expect(entries.map(({ position }) => position)).toEqual(
      (await journal.read()).map(({ position }) => position),
    );
    expect(new Set(entries.map(({ by }) => by)).size).toBe(2);
    expect(JSON.stringify(entries)).not.toMatch(/[0-9a-f]{64}/);
  });
});
