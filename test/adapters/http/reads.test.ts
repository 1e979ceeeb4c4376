/** The reading routes: what they tell, and the position it is true at. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ThroughputAnswer, ThroughputQuestion } from '../../../adapters/http/context.ts';
import { Fault } from '../../../domain/errors.ts';
import { actor } from '../../support/tickets.ts';
import { type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };
const until = '2026-03-09T09:00:00.000Z';

let server: Harness;
const asked: { window: string; question: ThroughputQuestion }[] = [];
let counted: ThroughputAnswer = { asOf: { position: 0, recordedAt: undefined }, rows: [] };

beforeAll(async () => {
  const throughput = async (window: string, question: ThroughputQuestion) => {
    asked.push({ window, question });
    return counted;
  };
  server = await startServer({ context: { throughput } });
  const commands = [
    { type: 'OpenTicket', ticketId: 'R-1', ...by, data: { requester: 'ann', fields: { priority: 'high' } } },
    { type: 'AssignTicket', ticketId: 'R-1', ...by, data: { agent: 'bo', group: 'net' } },
    { type: 'HoldTicket', ticketId: 'R-1', ...by, data: { reason: 'vendor', until, timerId: 't1' } },
    { type: 'OpenTicket', ticketId: 'R-2', ...by, data: {} },
  ];
  const answer = await server.post('/v1/commands', { commands });
  expect(answer.body).toMatchObject({ outcomes: commands.map(() => ({ status: 'accepted' })) });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('GET /v1/tickets/:ticketId', () => {
  it('tells the ticket as its events made it, and what is legal now', async () => {
    const { status, body } = await server.get('/v1/tickets/R-1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ticketId: 'R-1',
      partition: 0,
      position: 3,
      revision: 3,
      workflow: 'support@1',
      state: 'on_hold/assigned/L0',
      lifecycle: 'on_hold',
      category: 'hold',
      final: false,
      regions: { lifecycle: 'on_hold', assignment: 'assigned', escalation: 'L0' },
      requester: 'ann',
      assignee: 'bo',
      group: 'net',
      hold: { reason: 'vendor', until, timerId: 't1' },
      openedAt: '2026-03-02T09:00:00.000Z',
      openedBy: actor('agent'),
      fields: { priority: 'high' },
      links: [],
      legal: expect.arrayContaining([expect.objectContaining({ command: 'ResumeTicket' })]),
    });
  });

  it('404 for a ticket that nobody opened, 400 for what can not be an id', async () => {
    const unknown = await server.get('/v1/tickets/R-9');
    expect([unknown.status, unknown.body]).toMatchObject([
      404,
      { code: 'ticket_not_found', ticketId: 'R-9' },
    ]);
    const wrong = await server.get('/v1/tickets/a%20b');
    expect([wrong.status, wrong.body]).toMatchObject([400, { errors: [{ path: 'ticketId' }] }]);
  });

  it('HEAD is answered like GET, without a body', async () => {
    const { status, body } = await server.send('/v1/tickets/R-1', { method: 'HEAD' });
    expect([status, body]).toEqual([200, undefined]);
  });

  it('a log that was closed: 503', async () => {
    await using closed = await startServer();
    await closed.log.close();
    const { status, body } = await closed.get('/v1/tickets/R-1');
    expect([status, body]).toMatchObject([503, { code: 'log_closed' }]);
  });
});

describe('GET /v1/tickets/:ticketId/events', () => {
  it('tells every event in order, with times that people can read', async () => {
    const { body } = await server.get('/v1/tickets/R-1/events');
    expect(body).toMatchObject({
      ticketId: 'R-1',
      partition: 0,
      position: 4,
      revision: 3,
      events: [
        {
          type: 'TicketOpened',
          revision: 1,
          position: 1,
          occurredAt: '2026-03-02T09:00:00.000Z',
          recordedAt: '2026-03-02T09:00:00.000Z',
          actor: actor('agent'),
          data: { requester: 'ann', fields: { priority: 'high' } },
        },
        { type: 'TicketAssigned', revision: 2, state: 'open/assigned/L0', workflow: 'support@1' },
        { type: 'TicketHeld', revision: 3, data: { reason: 'vendor', until, timerId: 't1' } },
      ],
    });
    expect(body).not.toHaveProperty('next');
  });

  it('pages by revision', async () => {
    const first = await server.get('/v1/tickets/R-1/events?limit=2');
    expect(first.body).toMatchObject({ events: [{ revision: 1 }, { revision: 2 }], next: 3 });
    const second = await server.get('/v1/tickets/R-1/events?limit=2&from=3');
    expect(second.body).toMatchObject({ events: [{ revision: 3 }] });
    expect(second.body).not.toHaveProperty('next');
    expect((await server.get('/v1/tickets/R-1/events?from=9')).body).toMatchObject({
      events: [],
      revision: 3,
    });
  });

  it.each([
    ['from=0', 'from', 'expected at least 1'],
    ['from=x', 'from', 'expected a whole number'],
    ['limit=1001', 'limit', 'expected at most 1000'],
    ['limit=1&limit=2', 'limit', 'expected string'],
    ['page=2', 'page', 'is not known here; leave it out'],
  ])('refuses ?%s and says what would be right', async (query, path, message) => {
    const { status, body } = await server.get(`/v1/tickets/R-1/events?${query}`);
    expect([status, body]).toMatchObject([400, { code: 'request_invalid', errors: [{ path, message }] }]);
  });

  it('404 for an unknown ticket', async () => {
    expect((await server.get('/v1/tickets/R-9/events')).body).toMatchObject({ code: 'ticket_not_found' });
  });
});

describe('GET /v1/workflows', () => {
  it('lists what is known, and says which one is the default', async () => {
    expect((await server.get('/v1/workflows')).body).toMatchObject({
      default: 'support@1',
      workflows: [{ id: 'support@1', name: 'support', version: '1' }, { id: 'incident@1' }],
    });
  });

  it.each(['support', 'support@1', 'support%401'])('tells %s with its transitions', async (name) => {
    const { status, body } = await server.get(`/v1/workflows/${name}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 'support@1',
      initial: 'new/unassigned/L0',
      regions: [{ name: 'lifecycle' }, { name: 'assignment' }, { name: 'escalation' }],
      lifecycle: expect.arrayContaining([{ state: 'on_hold', category: 'hold', final: false }]),
      transitions: expect.arrayContaining([
        expect.objectContaining({
          command: 'ResumeTicket',
          region: 'lifecycle',
          from: 'on_hold',
          to: 'open',
        }),
      ]),
    });
  });

  it('404 for another name', async () => {
    const { status, body } = await server.get('/v1/workflows/nope');
    expect([status, body]).toMatchObject([404, { code: 'workflow_unknown' }]);
  });
});

describe('GET /v1/throughput', () => {
  const at = Date.UTC(2026, 2, 2, 9);

  it('tells windows with their ends, and the position they are true at', async () => {
    counted = {
      asOf: { position: 4, recordedAt: at + 5 },
      rows: [{ windowStart: at, transitions: 4, type: 'X' }],
    };
    const { status, body } = await server.get('/v1/throughput?window=minute&by=type');
    expect(status).toBe(200);
    expect(body).toEqual({
      window: 'minute',
      position: 4,
      recordedAt: '2026-03-02T09:00:00.005Z',
      windows: [
        { from: '2026-03-02T09:00:00.000Z', to: '2026-03-02T09:01:00.000Z', transitions: 4, type: 'X' },
      ],
    });
    expect(asked.at(-1)).toEqual({
      window: 'minute',
      question: { from: undefined, to: undefined, limit: 60, by: ['type'] },
    });
  });

  it.each([
    ['1s', 'second'],
    ['1m', 'minute'],
    ['1h', 'hour'],
    ['1d', 'day'],
    ['day', 'day'],
  ])('window=%s', async (name, window) => {
    expect((await server.get(`/v1/throughput?window=${name}`)).body).toMatchObject({ window });
  });

  it('takes times as ISO 8601 and as epoch milliseconds', async () => {
    await server.get(
      `/v1/throughput?window=hour&from=${at}&to=2026-03-02T12:00:00%2B02:00&limit=3&by=state,type`,
    );
    expect(asked.at(-1)).toEqual({
      window: 'hour',
      question: { from: at, to: Date.UTC(2026, 2, 2, 10), limit: 3, by: ['state', 'type'] },
    });
  });

  it.each([
    ['', 'window'],
    ['window=week', 'window'],
    ['window=hour&from=yesterday', 'from'],
    ['window=hour&to=2026-03-02T12:00:00', 'to'],
    ['window=hour&limit=0', 'limit'],
    ['window=hour&by=agent', 'by[0]'],
  ])('refuses ?%s', async (query, path) => {
    const { status, body } = await server.get(`/v1/throughput?${query}`);
    expect([status, body]).toMatchObject([400, { code: 'request_invalid', errors: [{ path }] }]);
  });

  it('503 with Retry-After while the read models are out of reach', async () => {
    const throughput = () => Promise.reject(new Fault('database_unavailable', 'no route to 10.0.0.7'));
    await using away = await startServer({ context: { throughput } });
    const { status, body, headers } = await away.get('/v1/throughput?window=hour');
    expect([status, body]).toMatchObject([503, { code: 'database_unavailable', retry: true }]);
    expect(JSON.stringify(body)).not.toContain('10.0.0.7');
    expect(headers.get('retry-after')).toBe('1');
  });
});

describe('health', () => {
  it('is alive and ready when everything can be used', async () => {
    expect(await server.get('/healthz')).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(await server.get('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  it('is not ready, with reasons, while something is missing; and alive all the same', async () => {
    const readiness = {
      projector: async () => 'it is 3 minutes behind',
      database: () => Promise.reject(new Fault('database_unavailable', 'no route to 10.0.0.7')),
      slow: () => new Promise<undefined>(() => undefined),
      fine: async () => undefined,
    };
    await using missing = await startServer({ context: { readiness }, limits: { readyCheckMsMax: 20 } });
    await missing.log.close();
    const { status, body } = await missing.get('/readyz');
    expect([status, body]).toMatchObject([
      503,
      {
        code: 'not_ready',
        reasons: [
          'log: The log was closed.',
          'projector: it is 3 minutes behind',
          'database: PostgreSQL can not be reached or started.',
          'slow: no answer within 20 ms',
        ],
      },
    ]);
    expect((await missing.get('/healthz')).status).toBe(200);
  });
});
