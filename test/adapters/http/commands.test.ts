/** The writing routes: what they accept, what they refuse and with which status, and in which order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { type Answer, expectProblem, type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let tickets = 0;

/** A new ticket, so that tests do not meet each other's. */
async function open(): Promise<string> {
  tickets += 1;
  const ticketId = `C-${tickets}`;
  const answer = await server.post('/v1/tickets', { ticketId, ...by, data: {} });
  expect(answer.status).toBe(201);
  return ticketId;
}

function command(ticketId: string, type: string, data: object = {}, more: object = {}): Promise<Answer> {
  return server.post(`/v1/tickets/${ticketId}/commands`, { type, ...by, data, ...more });
}

describe('POST /v1/tickets', () => {
  it('opens a ticket: 201, where it is, and its position', async () => {
    const answer = await server.post('/v1/tickets', { ticketId: 'OPEN-1', ...by, data: { group: 'net' } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/v1/tickets/OPEN-1');
    expect(answer.body).toMatchObject({
      status: 'accepted',
      ticketId: 'OPEN-1',
      revision: 2,
      events: 2,
      position: expect.any(Number),
      repeated: false,
    });
    expect((await server.get('/v1/tickets/OPEN-1')).status).toBe(200);
  });

  it('gives the next number where none is brought', async () => {
    const answer = await server.post('/v1/tickets', { ...by, data: {} });
    expect(answer.headers.get('location')).toMatch(/^\/v1\/tickets\/REQ\d{7}$/);
  });

  it('takes the type where it says the same as the address, and nothing else', async () => {
    expect((await server.post('/v1/tickets', { type: 'OpenTicket', ...by, data: {} })).status).toBe(201);
    expectProblem(
      await server.post('/v1/tickets', { type: 'CloseTicket', ...by, data: {} }),
      422,
      'invalid_command',
      {
        errors: [{ path: 'type', message: 'expected OpenTicket, as the address says; leave it out' }],
      },
    );
  });

  it('refuses an id that is taken and a workflow that nobody knows', async () => {
    const ticketId = await open();
    expectProblem(await server.post('/v1/tickets', { ticketId, ...by, data: {} }), 409, 'ticket_exists', {
      ticketId,
    });
    const unknown = await server.post('/v1/tickets', { ...by, workflow: 'nope', data: {} });
    expectProblem(unknown, 404, 'workflow_unknown', { detail: expect.stringContaining('support@1') });
  });
});

describe('POST /v1/tickets/:ticketId/commands', () => {
  it('answers what became of the ticket', async () => {
    const ticketId = await open();
    const answer = await command(ticketId, 'AssignTicket', { agent: 'bo' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'accepted',
      ticketId,
      revision: 2,
      state: 'open/assigned/L0',
    });
  });

  it('names the ticket that a split opened', async () => {
    const ticketId = await open();
    await command(ticketId, 'AssignTicket', { agent: 'bo' });
    const answer = await command(ticketId, 'SplitTicket', { splitOff: `${ticketId}-b` });
    expect(answer.body).toMatchObject({ status: 'accepted', newTicketId: `${ticketId}-b` });
  });

  it('illegal_transition: 409, with the state and what is legal there', async () => {
    const ticketId = await open();
    const answer = await command(ticketId, 'ResumeTicket');
    expectProblem(answer, 409, 'illegal_transition', {
      ticketId,
      tried: 'ResumeTicket',
      state: 'new/unassigned/L0',
      revision: 1,
      retry: false,
    });
    expect(answer.body).toMatchObject({
      legal: expect.arrayContaining([expect.objectContaining({ command: 'AssignTicket', to: ['open'] })]),
    });
  });

  it('role_not_permitted: 403', async () => {
    const ticketId = await open();
    const answer = await command(ticketId, 'AssignTicket', { agent: 'bo' }, { actor: actor('requester') });
    expectProblem(answer, 403, 'role_not_permitted', { tried: 'AssignTicket' });
  });

  it('condition_unmet: 409, with the guard', async () => {
    const ticketId = await open();
    const data = { agent: 'bo', eligibility: { available: false } };
    const answer = await command(ticketId, 'AssignTicket', data);
    expectProblem(answer, 409, 'condition_unmet', {
      guard: 'agentEligible',
      detail: expect.stringContaining('not available'),
    });
  });

  it('ticket_not_found: 404', async () => {
    expectProblem(await command('NOBODY', 'ResumeTicket'), 404, 'ticket_not_found', {
      ticketId: 'NOBODY',
      legal: [],
    });
  });

  it('revision_conflict: 409, with the revision it is at', async () => {
    const ticketId = await open();
    const answer = await command(
      ticketId,
      'AddComment',
      { body: 'hi', public: true },
      { expectedRevision: 7 },
    );
    expectProblem(answer, 409, 'revision_conflict', { revision: 1 });
  });

  it('invalid_command: 422, naming the field and what would be right', async () => {
    const ticketId = await open();
    expectProblem(await command(ticketId, 'AssignTicket', { agent: 5 }), 422, 'invalid_command', {
      tried: 'AssignTicket',
      errors: [{ path: 'data.agent', message: 'expected string' }],
    });
    expectProblem(await command(ticketId, 'HoldTicket', {}), 422, 'invalid_command', {
      errors: [
        { path: 'data.reason', message: expect.stringMatching(/^is required: expected caller or vendor/) },
      ],
    });
    const answer = await command(ticketId, 'ResumeTicket', {}, { ticketId: 'OTHER' });
    expectProblem(answer, 422, 'invalid_command', {
      errors: [{ path: 'ticketId', message: expect.any(String) }],
    });
  });

  it('gives a repeated command its first answer, and refuses its id with another body', async () => {
    const ticketId = await open();
    const commandId = `${ticketId}-assign`;
    const first = await command(ticketId, 'AssignTicket', { agent: 'bo' }, { commandId });
    const again = await command(ticketId, 'AssignTicket', { agent: 'bo' }, { commandId });
    expect(first.body).toMatchObject({ repeated: false });
    expect(again.status).toBe(200);
    expect(again.body).toEqual({ ...Object(first.body), repeated: true });
    const other = await command(ticketId, 'AssignTicket', { agent: 'cy' }, { commandId });
    expectProblem(other, 422, 'command_id_reused');
    expect((await server.get(`/v1/tickets/${ticketId}`)).body).toMatchObject({ revision: 2 });
  });

  it('contention: 409, and says that trying again may help', async () => {
    const contended: Outcome = {
      status: 'rejected',
      code: 'contention',
      message: 'other writers were faster',
      ticketId: 'T',
      tried: 'ResumeTicket',
      state: undefined,
      revision: undefined,
      guard: undefined,
      legal: [],
    };
    await using fake = await startServer({ sink: () => ({ submit: async () => [contended] }) });
    const answer = await fake.post('/v1/tickets/T/commands', { type: 'ResumeTicket', ...by });
    expectProblem(answer, 409, 'contention', { retry: true });
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('POST /v1/commands', () => {
  it('answers each command in its place, the malformed and the illegal too', async () => {
    const ticketId = await open();
    const answer = await server.post('/v1/commands', {
      commands: [
        { type: 'Nope' },
        { type: 'AssignTicket', ticketId, ...by, data: { agent: 'bo' } },
        { type: 'ResumeTicket', ticketId, ...by },
        null,
        { type: 'AddComment', ticketId, ...by, data: { body: '', public: true } },
        { type: 'AddComment', ticketId, ...by, data: { body: 'done', public: true } },
        { type: 'ResumeTicket', ...by },
      ],
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      outcomes: [
        {
          status: 'rejected',
          code: 'invalid_command',
          errors: [
            { path: 'commands[0].type', message: expect.stringMatching(/^expected one of OpenTicket, /) },
          ],
          legal: [],
        },
        { status: 'accepted', ticketId, revision: 2 },
        { status: 'rejected', code: 'illegal_transition', state: 'open/assigned/L0', revision: 2 },
        { code: 'invalid_command', errors: [{ path: 'commands[3]', message: 'expected object' }] },
        { code: 'invalid_command', tried: 'AddComment', errors: [{ path: 'commands[4].data.body' }] },
        { status: 'accepted', ticketId, revision: 3 },
        {
          status: 'rejected',
          code: 'invalid_command',
          message: expect.stringContaining('ticketId is required'),
        },
      ],
    });
  });

  it('keeps the order of thousands of commands, over many tickets', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `B-${index}`);
    const opened = ids.map((ticketId) => ({ type: 'OpenTicket', ticketId, ...by, data: {} }));
    const comments = Array.from({ length: 2_900 }, (_, index) => ({
      type: 'AddComment',
      ticketId: ids[index % 100],
      ...by,
      data: { body: String(index), public: false },
    }));
    const answer = await server.post('/v1/commands', { commands: [...opened, ...comments] });
    const expected = Array.from({ length: 3_000 }, (_, index) => ({
      status: 'accepted',
      ticketId: ids[index % 100],
      revision: Math.floor(index / 100) + 1,
    }));
    expect(answer.body).toMatchObject({ outcomes: expected });
    const { body } = await server.get('/v1/tickets/B-7/events?from=2&limit=2');
    expect(body).toMatchObject({ events: [{ data: { body: '7' } }, { data: { body: '107' } }] });
  });

  it('takes no commands for an answer, and refuses a body of another shape', async () => {
    expect((await server.post('/v1/commands', { commands: [] })).body).toEqual({ outcomes: [] });
    expectProblem(await server.post('/v1/commands', []), 400, 'request_invalid', {
      errors: [{ path: 'body', message: 'expected object' }],
    });
    expectProblem(await server.post('/v1/commands', { commands: [], more: 1 }), 400, 'request_invalid', {
      errors: [{ path: 'more', message: 'is not known here; leave it out' }],
    });
  });

  it('refuses more commands than its bound, and decides none of them', async () => {
    await using small = await startServer({ limits: { bulkCommandsMax: 2 } });
    const commands = ['a', 'b', 'c'].map((ticketId) => ({ type: 'OpenTicket', ticketId, ...by, data: {} }));
    expectProblem(await small.post('/v1/commands', { commands }), 413, 'too_many_items');
    expect(await small.log.head()).toBe(0);
  });
});
