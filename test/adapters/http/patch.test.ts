/** Changing fields by JSON Merge Patch: as RFC 7396 says for fields, and refused with advice for all else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actor } from '../../support/tickets.ts';
import { type Answer, expectProblem, type Harness, startServer } from './harness.ts';

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let tickets = 0;

async function open(fields: object): Promise<string> {
  tickets += 1;
  const ticketId = `P-${tickets}`;
  await server.post('/v1/tickets', { ticketId, actor: actor('agent'), data: { fields } });
  return ticketId;
}

function patch(ticketId: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return server.send(`/v1/tickets/${ticketId}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json', ...headers },
    body: JSON.stringify(body),
  });
}

const fieldsOf = async (ticketId: string) => (await server.get(`/v1/tickets/${ticketId}`)).body;

describe('PATCH /v1/tickets/{ticketId}', () => {
  it('sets, clears and keeps fields, in one event', async () => {
    const ticketId = await open({ priority: 'low', tag: 'x', kept: 1 });
    const answer = await patch(ticketId, { fields: { priority: 'high', tag: null, more: ['a'] } });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"2"']);
    expect(answer.body).toMatchObject({ status: 'accepted', events: 1, revision: 2 });
    expect(await fieldsOf(ticketId)).toMatchObject({ fields: { priority: 'high', kept: 1, more: ['a'] } });
    expect(await fieldsOf(ticketId)).not.toHaveProperty('fields.tag');
  });

  it.each([[{}], [{ fields: {} }], [{ fields: { priority: 'low', unknown: null } }]])(
    '%j changes nothing: 200 without an event',
    async (body) => {
      const answer = await patch(await open({ priority: 'low' }), body);
      expect([answer.status, answer.body]).toMatchObject([200, { events: 0, revision: 1 }]);
      expect(answer.headers.get('etag')).toBe('"1"');
    },
  );

  it('names what is no field, and the command that changes it', async () => {
    const ticketId = await open({});
    const answer = await patch(ticketId, { fields: { a: 1 }, assignee: 'ana', links: [], revision: 9, x: 1 });
    expectProblem(answer, 422, 'invalid_command', {
      errors: [
        {
          path: 'assignee',
          message: 'is no field; send one of the commands AssignTicket, UnassignTicket instead',
        },
        { path: 'links', message: 'is no field; send the command LinkTicket instead' },
        { path: 'revision', message: 'can not be changed; only fields can be patched' },
        { path: 'x', message: 'can not be changed; only fields can be patched' },
      ],
    });
    expect(await fieldsOf(ticketId)).toMatchObject({ fields: {}, revision: 1 });
  });

  it.each([
    null,
    [],
    'text',
    7,
    { fields: null },
    { fields: [] },
    { fields: { Bad: 1 } },
    { fields: { a: {} } },
  ])('%j: 422', async (body) => {
    expectProblem(await patch(await open({}), body), 422, 'invalid_command');
  });

  it('takes If-Match, an id and a key like a command', async () => {
    const ticketId = await open({});
    const stale = await patch(ticketId, { fields: { a: 1 } }, { 'if-match': '"2"' });
    expectProblem(stale, 412, 'precondition_failed', { revision: 1 });
    const named = () => patch(ticketId, { fields: { a: 1 } }, { 'docket-command-id': 'patch-1' });
    expect((await named()).body).toMatchObject({ revision: 2, repeated: false });
    expect((await named()).body).toMatchObject({ revision: 2, repeated: true });
    const both = { 'docket-command-id': 'patch-2', 'idempotency-key': 'k-1' };
    expectProblem(await patch(ticketId, { fields: { a: 2 } }, both), 400, 'request_invalid');
    expect(await server.log.readTicket(ticketId)).toHaveLength(2);
  });

  it.each(['application/json', 'text/plain', 'application/json-patch+json'])(
    'but not %s: 415, and what it takes',
    async (type) => {
      const answer = await patch(await open({}), { fields: {} }, { 'content-type': type });
      expectProblem(answer, 415, 'media_type_unsupported');
      expect(answer.headers.get('accept-patch')).toBe('application/merge-patch+json');
    },
  );

  it('of an unknown ticket: 404', async () => {
    expectProblem(await patch('NOWHERE', { fields: { a: 1 } }), 404, 'ticket_not_found');
  });
});
