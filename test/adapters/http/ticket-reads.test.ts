/** One ticket as it is and as it was: entity tags, positions that are waited for, and the past. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import type { Guard, TicketView } from '../../../domain/access/guard.ts';
import { completeView, unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import { Engine } from '../../../domain/engine.ts';
import { builtInWorkflows, defaultWorkflow } from '../../../domain/workflow/registry.ts';
import { actor, monday9 } from '../../support/tickets.ts';
import { expectProblem, type Harness, startServer } from './harness.ts';

const hourMs = 3_600_000;
const by = { actor: actor('agent') };

let server: Harness;

beforeAll(async () => {
  server = await startServer();
  const at = (hours: number) => ({ occurredAt: monday9 + hours * hourMs });
  const commands = [
    { type: 'OpenTicket', ticketId: 'P-1', ...by, ...at(0), data: { fields: { priority: 'low' } } },
    { type: 'OpenTicket', ticketId: 'P-2', ...by, ...at(0), data: {} },
    { type: 'AssignTicket', ticketId: 'P-1', ...by, ...at(3), data: { agent: 'bo' } },
    // Told late: it happened before the assignment.
    { type: 'ChangeFields', ticketId: 'P-1', ...by, ...at(2), data: { fields: { priority: 'high' } } },
  ];
  const answer = await server.post('/v1/commands', { commands });
  expect(answer.body).toMatchObject({ outcomes: commands.map(() => ({ status: 'accepted' })) });
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the entity tag of a ticket', () => {
  it('is its revision, and the answer is for its caller alone', async () => {
    const { headers, body } = await server.get('/v1/tickets/P-1');
    expect(headers.get('etag')).toBe('"3"');
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('vary')).toContain('authorization');
    expect(headers.get('docket-position')).toBe('4');
    expect(body).toMatchObject({ revision: 3, position: 4 });
  });

  it('does not change, nor the ticket, with events of others', async () => {
    const { headers, body } = await server.get('/v1/tickets/P-2');
    expect([headers.get('etag'), headers.get('docket-position')]).toEqual(['"1"', '4']);
    expect(body).toMatchObject({ position: 2 });
  });

  it.each(['"3"', 'W/"3"', '"1", "3"', '*', 'W/"9" , W/"3"'])(
    '304 without a body for if-none-match: %s',
    async (tag) => {
      const { status, headers, body } = await server.get('/v1/tickets/P-1', { 'if-none-match': tag });
      expect([status, body]).toEqual([304, undefined]);
      expect([headers.get('etag'), headers.get('cache-control')]).toEqual(['"3"', 'private, no-cache']);
    },
  );

  it.each(['"2"', '3', '"33"', 'garbage'])('the ticket for if-none-match: %s', async (tag) => {
    expect((await server.get('/v1/tickets/P-1', { 'if-none-match': tag })).status).toBe(200);
  });
});

describe('min-position', () => {
  it('waits until the log holds it', async () => {
    await using own = await startServer();
    const waiting = own.get('/v1/tickets/P-1?min-position=2');
    await own.post('/v1/tickets', { ...by, ticketId: 'P-1', data: {} });
    await own.post('/v1/tickets', { ...by, ticketId: 'P-2', data: {} });
    const { status, headers } = await waiting;
    expect([status, headers.get('docket-position')]).toEqual([200, '2']);
  });

  it.each(['/v1/tickets/P-1', '/v1/tickets/P-1/events'])(
    '%s: 503 with the position reached when the time is up',
    async (path) => {
      await using hasty = await startServer({ limits: { positionWaitMsMax: 10 } });
      expectProblem(await hasty.get(`${path}?min-position=1`), 503, 'position_not_reached', { position: 0 });
    },
  );

  it('of read models is asked of them by name', async () => {
    const asked: unknown[] = [];
    const awaitReadModels = async (wait: { position: number }) => {
      asked.push(wait);
      return { reached: wait.position <= 7, position: 7 };
    };
    await using own = await startServer({ context: { awaitReadModels } });
    expect((await own.get('/v1/throughput?window=day&min-position=7')).status).toBe(200);
    expectProblem(await own.get('/v1/throughput?window=day&min-position=8'), 503, 'position_not_reached', {
      position: 7,
    });
    expect(asked[0]).toEqual({ position: 7, projections: ['throughput'], waitMsMax: 5_000 });
  });

  it('no more may wait than the limit says', async () => {
    await using own = await startServer({ limits: { positionWaitMsMax: 200, positionWaitersMax: 2 } });
    const asked = Array.from({ length: 5 }, () => own.get('/v1/tickets/P-1?min-position=1'));
    const codes = (await Promise.all(asked)).map(({ body }) => (body as { code: string }).code);
    expect(codes.toSorted()).toEqual([
      'overloaded',
      'overloaded',
      'overloaded',
      'position_not_reached',
      'position_not_reached',
    ]);
  });
});

describe('a ticket as it was', () => {
  const then = async (query: string) => (await server.get(`/v1/tickets/P-1?${query}`)).body;

  it('at a position', async () => {
    expect(await then('at-position=1')).toMatchObject({
      revision: 1,
      position: 1,
      lifecycle: 'new',
      fields: { priority: 'low' },
      asOf: { position: 1 },
    });
    expect(await then('at-position=2')).toMatchObject({ revision: 1, position: 1, asOf: { position: 2 } });
    expect(await then('at-position=3')).toMatchObject({ revision: 2, position: 3, assignee: 'bo' });
    expect(await then('at-position=4')).toMatchObject({ revision: 3, fields: { priority: 'high' } });
  });

  it('at a time of commit, or of business, up to the first event after it', async () => {
    const at = (hours: number) => new Date(monday9 + hours * hourMs).toISOString();
    expect(await then(`at=${at(0)}`)).toMatchObject({ revision: 3, asOf: { at: at(0), time: 'recorded' } });
    expect(await then(`at=${at(2.5)}&time=occurred`)).toMatchObject({
      revision: 1,
      asOf: { time: 'occurred' },
    });
    expect(await then(`at=${at(3)}&time=occurred`)).toMatchObject({ revision: 3 });
    expect(await then(`at=${monday9 + 3 * hourMs}&time=occurred`)).toMatchObject({ revision: 3 });
  });

  it('has no entity tag', async () => {
    const { headers } = await server.get('/v1/tickets/P-1?at-position=1', { 'if-none-match': '*' });
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, 'no-store']);
  });

  it('404 where it did not exist yet', async () => {
    expectProblem(await server.get('/v1/tickets/P-2?at-position=1'), 404, 'ticket_not_found');
    const early = new Date(monday9 - 1).toISOString();
    expectProblem(await server.get(`/v1/tickets/P-1?at=${early}`), 404, 'ticket_not_found');
  });

  it('a position that the log has not reached is no past yet', async () => {
    await using hasty = await startServer({ limits: { positionWaitMsMax: 10 } });
    expectProblem(await hasty.get('/v1/tickets/P-1?at-position=99'), 503, 'position_not_reached');
  });

  it.each([
    ['at-position=1&at=2026-01-01T00:00:00Z', 'at'],
    ['time=occurred', 'time'],
    ['at=noon', 'at'],
  ])('refuses ?%s', async (query, path) => {
    expectProblem(await server.get(`/v1/tickets/P-1?${query}`), 400, 'request_invalid', {
      errors: [{ path, message: expect.any(String) }],
    });
  });

  it('shows what may be seen both then and now', async () => {
    const hidden: TicketView = { complete: false, shows: (name) => name !== 'priority' };
    const guardOf = (rule: Guard['view']) => ({
      guardOf: (principal: Parameters<typeof unrestrictedAccess.guardOf>[0]) => ({
        ...unrestrictedAccess.guardOf(principal),
        readsAll: false,
        view: rule,
      }),
    });
    const cases: readonly (readonly [Guard['view'], object | undefined])[] = [
      [() => completeView, { priority: 'low' }],
      [({ fields }) => (fields.priority === 'high' ? hidden : completeView), {}],
      [({ fields }) => (fields.priority === 'low' ? hidden : completeView), {}],
      [({ fields }) => (fields.priority === 'high' ? undefined : completeView), undefined],
      [({ fields }) => (fields.priority === 'low' ? undefined : completeView), undefined],
    ];
    for (const [rule, fields] of cases) {
      await using seen = await startServer({
        context: { access: guardOf(rule), reader: server.log, tickets: server.engine.present },
      });
      const answer = await seen.get('/v1/tickets/P-1?at-position=1');
      if (fields === undefined) expectProblem(answer, 404, 'ticket_not_found');
      else expect(answer.body).toMatchObject({ revision: 1, fields });
      if (fields !== undefined) expect((answer.body as { fields: object }).fields).toEqual(fields);
    }
  });
});

describe('a ticket in the memory of the only writer', () => {
  class OwnLog extends MemoryLog {
    override readonly soleWriter = true;
  }

  it('is told at once after its command was answered, with nothing read from the log', async () => {
    const clock = { now: () => monday9 };
    const log = new OwnLog({ clock });
    const engine = new Engine({ log, clock, workflows: builtInWorkflows, defaultWorkflow });
    let readings = 0;
    const reader = Object.assign(Object.create(log), {
      readTicket: (ticketId: string) => {
        readings += 1;
        return log.readTicket(ticketId);
      },
      head: () => log.head(),
    });
    await using own = await startServer({ sink: () => engine, context: { reader, tickets: engine.present } });
    await own.post('/v1/tickets', { ...by, ticketId: 'P-1', data: {} });
    for (let revision = 2; revision < 6; revision += 1) {
      const fields = { count: revision };
      await own.post('/v1/tickets/P-1/commands', { type: 'ChangeFields', ...by, data: { fields } });
      const { body, headers } = await own.get('/v1/tickets/P-1');
      expect([headers.get('etag'), body]).toMatchObject([
        `"${revision}"`,
        { revision, position: revision, fields },
      ]);
    }
    expect(readings).toBe(0);
  });
});
