/** If-Match: what a caller saw is what gets changed, or nothing is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import { actor } from '../../support/tickets.ts';
import { type Answer, expectProblem, type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let tickets = 0;

/** A new ticket at revision 1. */
async function open(): Promise<string> {
  tickets += 1;
  const ticketId = `M-${tickets}`;
  const answer = await server.post('/v1/tickets', { ticketId, ...by, data: {} });
  expect(answer.headers.get('etag')).toBe('"1"');
  return ticketId;
}

function comment(ticketId: string, ifMatch: string, more: object = {}): Promise<Answer> {
  const body = { type: 'AddComment', ...by, data: { body: 'hello', public: true }, ...more };
  return server.post(`/v1/tickets/${ticketId}/commands`, body, { 'if-match': ifMatch });
}

describe('If-Match', () => {
  it.each(['"1"', '*', ' "1" ', '"7", "1"', '"1","7"', 'W/"1", "1"', ', "1",', '"abc", "1"'])(
    '%s is taken at revision 1, and answers the next tag',
    async (ifMatch) => {
      const answer = await comment(await open(), ifMatch);
      expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"2"']);
    },
  );

  it.each(['"2"', '"0"', '"7", "8"', 'W/"1"', '"abc"', '""', '"01"', '"1.0"', '"9999999999999999"'])(
    '%s is not: 412, the present tag, and nothing is written',
    async (ifMatch) => {
      const ticketId = await open();
      const head = await server.log.head();
      const answer = await comment(ticketId, ifMatch);
      expectProblem(answer, 412, 'precondition_failed', { ticketId, revision: 1, tried: 'AddComment' });
      expect(answer.headers.get('etag')).toBe('"1"');
      expect(await server.log.head()).toBe(head);
    },
  );

  it.each(['1', '"1', '1"', '"1" "2"', '"a"b"', 'w/"1"', '*, "1"', ','])('%s: 400', async (ifMatch) => {
    const answer = await comment(await open(), ifMatch);
    expectProblem(answer, 400, 'request_invalid', { detail: expect.stringContaining('If-Match') });
  });

  it('of an unknown ticket: 404, as without it', async () => {
    expectProblem(await comment('NOWHERE', '"1"'), 404, 'ticket_not_found');
    expectProblem(await comment('NOWHERE', '*'), 404, 'ticket_not_found');
  });

  it('and expectedRevision may say the same, and not different things', async () => {
    const ticketId = await open();
    const different = await comment(ticketId, '"1"', { expectedRevision: 2 });
    expectProblem(different, 400, 'request_invalid');
    expect((await comment(ticketId, '"1"', { expectedRevision: 1 })).status).toBe(200);
  });

  it('lets only one of many who saw the same revision through', async () => {
    const ticketId = await open();
    const answers = await Promise.all(Array.from({ length: 20 }, () => comment(ticketId, '"1", "9"')));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array(19).fill(412)]);
  });

  it('tells nothing of a ticket that its caller may not see', async () => {
    const head = { ticketId: 'HIDDEN', state: undefined, revision: undefined, guard: undefined, legal: [] };
    const guarded: typeof unrestrictedAccess = {
      guardOf: (principal) => ({
        ...unrestrictedAccess.guardOf(principal),
        refuse: ({ type, ticketId }) =>
          ticketId !== 'HIDDEN' || type === 'OpenTicket'
            ? undefined
            : { ...head, status: 'rejected', code: 'ticket_not_found', message: 'no ticket', tried: type },
      }),
    };
    await using hiding = await startServer({ context: { access: guarded } });
    await hiding.post('/v1/tickets', { ticketId: 'HIDDEN', ...by, data: {} });
    const body = { type: 'StartWork', ...by, data: {} };
    for (const ifMatch of ['"1"', '"2"', '"1", "2"', '"3", "2"', '*', 'W/"1"']) {
      const answer = await hiding.post('/v1/tickets/HIDDEN/commands', body, { 'if-match': ifMatch });
      expectProblem(answer, 404, 'ticket_not_found');
      expect(answer.headers.get('etag')).toBeNull();
      expect(answer.body).not.toHaveProperty('revision');
    }
  });
});
