/** What is hidden from a caller is in no answer of the server, and what is not allowed changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../domain/access/default-policy.ts';
import type { Principal } from '../../../domain/access/principal.ts';
import { accessBy, principal } from '../../support/access.ts';
import { actor } from '../../support/tickets.ts';
import { type Harness, startServer } from './harness.ts';

const access = accessBy(defaultPolicy);
const callers: Readonly<Record<string, Principal>> = {
  agent: principal(['agent'], { id: 'key:agent', actor: actor('agent', 'bo') }),
  ann: principal(['requester'], { id: 'key:ann', actor: actor('requester', 'ann') }),
  eve: principal(['requester'], { id: 'key:eve', actor: actor('requester', 'eve') }),
};
const as = (name: string) => ({ authorization: name });

let server: Harness;

beforeAll(async () => {
  const authenticate = (name: string | undefined) => callers[name ?? ''] ?? { refused: 'unknown' };
  server = await startServer({ context: { access, authenticator: { authenticate } } });
  const commands = [
    { type: 'OpenTicket', ticketId: 'A-1', data: { requester: 'ann', fields: { subject: 'broken' } } },
    { type: 'AssignTicket', ticketId: 'A-1', data: { agent: 'bo' } },
    { type: 'AddComment', ticketId: 'A-1', data: { body: 'among us', public: false } },
    { type: 'AddComment', ticketId: 'A-1', data: { body: 'to you', public: true } },
  ];
  const answer = await server.post('/v1/commands', { commands }, as('agent'));
  expect(answer.body).toMatchObject({ outcomes: commands.map(() => ({ status: 'accepted' })) });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('a ticket', () => {
  it('says of each legal command whether the caller may give it', async () => {
    const allowed = async (name: string) => {
      const { body } = await server.get('/v1/tickets/A-1', as(name));
      const { legal } = body as { legal: readonly { command: string; allowed: boolean }[] };
      return legal.filter((each) => each.allowed).map((each) => each.command);
    };
    expect(await allowed('ann')).toEqual(['RecordRequesterReply', 'AddComment']);
    expect(await allowed('agent')).toContain('ResolveTicket');
    expect(await allowed('agent')).not.toContain('RedactContent');
  });

  it('has a history without what is said inside', async () => {
    const { body } = await server.get('/v1/tickets/A-1/events', as('ann'));
    expect(body).toMatchObject({
      revision: 4,
      events: [
        { type: 'TicketOpened', data: { requester: 'ann', fields: { subject: 'broken' } } },
        { type: 'TicketAssigned', data: { agent: 'bo' } },
        { type: 'CommentAdded', data: {} },
        { type: 'CommentAdded', data: { body: 'to you', public: true } },
      ],
    });
    expect(JSON.stringify(body)).not.toContain('among us');
    const inside = await server.get('/v1/tickets/A-1/events', as('agent'));
    expect(JSON.stringify(inside.body)).toContain('among us');
  });

  it('of somebody else is not there, on whatever way', async () => {
    const reply = { type: 'RecordRequesterReply', data: { body: 'mine?' } };
    const ways = (id: string) =>
      [
        () => server.get(`/v1/tickets/${id}`, as('eve')),
        () => server.get(`/v1/tickets/${id}/events`, as('eve')),
        () => server.post(`/v1/tickets/${id}/commands`, reply, as('eve')),
        () => server.post('/v1/commands', { commands: [{ ...reply, ticketId: id }] }, as('eve')),
      ] as const;
    for (const [index, ask] of ways('A-1').entries()) {
      const [hidden, missing] = [await ask(), await ways('A-0')[index]?.()];
      expect(JSON.stringify(hidden.body)).toContain('ticket_not_found');
      expect(hidden.status).toBe(missing?.status);
      expect(JSON.stringify(hidden.body)).toBe(JSON.stringify(missing?.body).replaceAll('A-0', 'A-1'));
    }
  });

  it('is not changed by what is not allowed', async () => {
    const change = { type: 'ChangeFields', data: { fields: { subject: 'mine' } } };
    const { status, body } = await server.post('/v1/tickets/A-1/commands', change, as('ann'));
    expect([status, body]).toMatchObject([403, { code: 'access_denied', tried: 'ChangeFields' }]);
    const { body: ticket } = await server.get('/v1/tickets/A-1', as('agent'));
    expect(ticket).toMatchObject({ revision: 4, fields: { subject: 'broken' } });
  });
});
