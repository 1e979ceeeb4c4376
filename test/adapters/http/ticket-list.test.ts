/** GET /v1/tickets over real read models: what is listed, to whom, and what a list must not give away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TicketListReader } from '../../../adapters/http/context.ts';
import type { Guard, TicketView } from '../../../domain/access/guard.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { awaitPosition } from '../../../projections/await-position.ts';
import type { Database } from '../../../projections/sql.ts';
import { ticketFigures } from '../../../projections/ticket-figures.ts';
import { answeringVisibly, ticketPage } from '../../../projections/ticket-list.ts';
import { project } from '../../projections/databases.ts';
import { allEvents } from '../../support/engine.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { actor } from '../../support/tickets.ts';
import { expectProblem, type Harness, type HarnessOptions, startServer } from './harness.ts';

const by = { actor: actor('agent') };

function readsOf(database: Database) {
  const ticketList: TicketListReader = {
    page: (question, wanted) => ticketPage(database, builtInWorkflows, question, wanted),
    answeringVisibly: (words, tickets) => answeringVisibly(database, words, tickets),
  };
  return {
    ticketList,
    ticketFigures: (ticketId: string) => ticketFigures(database, ticketId),
    awaitReadModels: (wait: { position: number; projections: readonly string[]; waitMsMax: number }) =>
      awaitPosition(database, { partition: 0, ...wait }),
  };
}

/** Whoever brings the authorization `clerk` is looked at by the guard's rules; everybody else sees all. */
function accessOf(rules: Partial<Guard>): NonNullable<HarnessOptions['context']> {
  return {
    authenticator: { authenticate: (given) => trustedPrincipal(given === 'clerk' ? 'clerk' : 'admin') },
    access: {
      guardOf: (principal) => {
        const guard = unrestrictedAccess.guardOf(principal);
        return principal.id === 'clerk' ? { ...guard, readsAll: false, ...rules } : guard;
      },
    },
  };
}

const isSecret = ({ fields }: TicketState) => fields.secret === true;
const hiding = (...names: readonly string[]): TicketView => ({
  complete: false,
  shows: (name) => !names.includes(name),
});
/** Secret tickets do not exist, and on sealed ones much is hidden. */
const rules: Partial<Guard> = {
  view: (ticket) => {
    if (isSecret(ticket)) return undefined;
    return ticket.fields.sealed === true
      ? hiding('salary', 'priority', 'subject', 'assignee', 'state', 'note', 'metrics', 'resolution')
      : hiding('note');
  },
  mayEverShow: (name) => name !== 'requester' && name !== 'ssn',
};

const clerk = { authorization: 'clerk' };
const ids = (body: unknown): readonly string[] =>
  (body as { tickets: { ticketId: string }[] }).tickets.map(({ ticketId }) => ticketId);
const nextOf = (body: unknown) => (body as { next?: string }).next;

let test: TestDatabase;
let server: Harness;

beforeAll(async () => {
  test = await testDatabase();
  server = await startServer({ context: { ...readsOf(test.database), ...accessOf(rules) } });
  const open = (ticketId: string, fields: object, data: object = {}) => ({
    type: 'OpenTicket',
    ticketId,
    ...by,
    data: { ...data, fields },
  });
  const commands = [
    open('L-1', { subject: 'the printer', priority: 'low', salary: 100 }, { requester: 'ann' }),
    open('L-2', { subject: 'a canary', sealed: true, priority: 'urgent', salary: 777 }, { requester: 'bob' }),
    open('L-3', { subject: 'a canary', secret: true, priority: 'urgent' }),
    open('L-4', { subject: 'the toner', priority: 'high', tags: ['a,b'] }),
    open('L-5', { subject: 'the mouse' }),
    { type: 'AssignTicket', ticketId: 'L-2', ...by, data: { agent: 'cleo' } },
    { type: 'AssignTicket', ticketId: 'L-4', ...by, data: { agent: 'cleo' } },
    { type: 'AddComment', ticketId: 'L-5', ...by, data: { body: 'squeaks like a parrot', public: false } },
    { type: 'AddComment', ticketId: 'L-5', ...by, data: { body: 'ordered another', public: true } },
  ];
  const answer = await server.post('/v1/commands', { commands });
  expect(answer.body).toMatchObject({ outcomes: commands.map(() => ({ status: 'accepted' })) });
  await project(test.database, await allEvents(server.log));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await test.drop();
});

describe('GET /v1/tickets', () => {
  it('tells tickets as GET of one does, without what is legal, and the position of the read models', async () => {
    const { status, body, headers } = await server.get('/v1/tickets?sort=id');
    expect(status).toBe(200);
    expect(headers.get('docket-position')).toBe('9');
    expect(body).toMatchObject({ position: 9 });
    expect(ids(body)).toEqual(['L-1', 'L-2', 'L-3', 'L-4', 'L-5']);
    const one = (await server.get('/v1/tickets/L-4')).body as Record<string, unknown>;
    const { legal: _legal, ...told } = one;
    const [, , , fourth] = (body as { tickets: unknown[] }).tickets;
    expect(fourth).toEqual({ ...told, updatedAt: '2026-03-02T09:00:00.000Z' });
  });

  it.each([
    ['assignee=cleo', ['L-2', 'L-4']],
    ['assignee=', ['L-1', 'L-3', 'L-5']],
    ['assignee=cleo&priority=high', ['L-4']],
    ['priority=low,high', ['L-1', 'L-4']],
    ['field.salary=777', ['L-2']],
    ['field.tags=a%5C,b', ['L-4']],
    ['field.secret=true', ['L-3']],
    ['category=new', ['L-1', 'L-3', 'L-5']],
    ['workflow=incident', []],
    ['opened-from=2026-03-03T00:00:00Z', []],
    ['opened-to=2026-03-03T00:00:00Z&closed=false&limit=1', ['L-1']],
    ['q=parrot', ['L-5']],
    ['q=L-3', ['L-3']],
    ['requester=ann,bob', ['L-1', 'L-2']],
  ])('?%s', async (query, expected) => {
    expect(ids((await server.get(`/v1/tickets?sort=id&${query}`)).body)).toEqual(expected);
  });

  it('comes in the order that was asked for', async () => {
    const order = async (sort: string) => ids((await server.get(`/v1/tickets?sort=${sort}`)).body);
    expect(await order('priority')).toEqual(['L-2', 'L-3', 'L-4', 'L-1', 'L-5']);
    expect(await order('-updated')).toEqual(['L-5', 'L-4', 'L-2', 'L-3', 'L-1']);
    expect(await order('-id')).toEqual(['L-5', 'L-4', 'L-3', 'L-2', 'L-1']);
  });

  it('goes on from page to page, each ticket once', async () => {
    const seen: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const { body } = await server.get(`/v1/tickets?limit=2&sort=priority${next && `&cursor=${next}`}`);
      seen.push(...ids(body));
      next = nextOf(body);
    }
    expect(seen).toEqual(['L-2', 'L-3', 'L-4', 'L-1', 'L-5']);
  });

  it.each([
    ['status', 'colour=red', 'colour', 'is not known here; leave it out'],
    ['a field', 'field.Bad-Name=1', 'field.Bad-Name', 'is not known here; leave it out'],
    ['order', 'sort=colour', 'sort', 'expected opened or updated or id'],
    ['limit', 'limit=201', 'limit', 'expected at most 200'],
    ['category', 'category=new,old', 'category[1]', 'expected new or open'],
    ['time', 'opened-from=yesterday', 'opened-from', 'expected an ISO 8601 time'],
    ['twice', 'assignee=a&assignee=b', 'assignee', 'expected string'],
    [
      'fields',
      Array.from({ length: 11 }, (_, i) => `field.f${i}=1`).join('&'),
      'field.f10',
      'at most 10 fields',
    ],
  ])(
    'refuses what it does not understand and says what would be right: %s',
    async (_, query, path, message) => {
      const answer = await server.get(`/v1/tickets?${query}`);
      expectProblem(answer, 400, 'request_invalid', {
        errors: [{ path, message: expect.stringContaining(message) }],
      });
    },
  );

  it('refuses cursors that it did not give, and those for another question', async () => {
    const { body } = await server.get('/v1/tickets?limit=1&sort=id');
    const next = nextOf(body) ?? '';
    expect((await server.get(`/v1/tickets?limit=3&sort=id&cursor=${next}`)).status).toBe(200);
    const mine = Buffer.from(JSON.stringify(['L-1'])).toString('base64url');
    const changed = `${next.slice(0, -2)}${next.endsWith('A') ? 'BB' : 'AA'}`;
    for (const query of [
      `sort=-id&cursor=${next}`,
      `sort=id&assignee=cleo&cursor=${next}`,
      `sort=id&cursor=${mine}`,
      `sort=id&cursor=${changed}`,
      'sort=id&cursor=x',
    ]) {
      expectProblem(await server.get(`/v1/tickets?${query}`), 400, 'cursor_invalid');
    }
    expect(Buffer.from(next, 'base64url').toString('latin1')).not.toContain('L-1');
  });

  it('waits for min-position, and says how far it is', async () => {
    expect((await server.get('/v1/tickets?min-position=9')).status).toBe(200);
    await using hasty = await startServer({
      context: readsOf(test.database),
      limits: { positionWaitMsMax: 20 },
    });
    const answer = await hasty.get('/v1/tickets?min-position=10');
    expectProblem(answer, 503, 'position_not_reached', { position: 9, retry: true });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('a list that takes too long is answered, without a word of the database', async () => {
    const cancelled = Object.assign(new Error('canceling statement due to statement timeout'), {
      code: '57014',
    });
    const ticketList = { ...readsOf(test.database).ticketList, page: () => Promise.reject(cancelled) };
    await using slow = await startServer({ context: { ticketList } });
    expectProblem(await slow.get('/v1/tickets'), 503, 'answer_timeout');
  });

  it('more lists at once than may be: overloaded', async () => {
    await using full = await startServer({ context: readsOf(test.database), limits: { listsAtOnceMax: 0 } });
    expectProblem(await full.get('/v1/tickets'), 503, 'overloaded');
  });
});

describe('a caller who may not see everything', () => {
  it('does not find tickets that it may not read', async () => {
    const { body } = await server.get('/v1/tickets?sort=id', clerk);
    expect(ids(body)).toEqual(['L-1', 'L-2', 'L-4', 'L-5']);
    expect(JSON.stringify(body)).not.toContain('L-3');
  });

  it.each([
    ['a filter by a hidden field', 'field.salary=777', []],
    ['a filter by a visible field', 'field.salary=100', ['L-1']],
    ['a filter by its absence', 'field.salary=', ['L-4', 'L-5']],
    ['a filter by a hidden assignee', 'assignee=cleo', ['L-4']],
    ['a filter by a hidden state', 'category=open', ['L-4']],
    ['whether it is closed', 'closed=false', ['L-1', 'L-4', 'L-5']],
    ['a filter by a hidden priority', 'priority=urgent', []],
    ['the order of a hidden priority', 'sort=priority', ['L-4', 'L-1', 'L-5']],
    ['words of hidden texts', 'q=canary', []],
    ['words of hidden notes', 'q=parrot', []],
    ['words of public comments', 'q=ordered', ['L-5']],
    ['words that leave out hidden ones', 'q=L-5%20or%20mouse%20-parrot', ['L-5']],
    ['only words to leave out', 'q=-canary', []],
    ['its id', 'q=L-2', ['L-2']],
    ['the id of a ticket that may not be read', 'q=L-3', []],
  ])('does not learn it by %s', async (_, query, expected) => {
    const { status, body } = await server.get(
      `/v1/tickets?sort=id&${query}`.replace('sort=id&sort', 'sort'),
      clerk,
    );
    expect([status, ids(body)]).toEqual([200, expected]);
    expect(nextOf(body)).toBeUndefined();
  });

  it.each(['requester=ann', 'field.ssn=1', 'requester='])(
    'may not even ask by what it never sees: %s',
    async (query) => {
      expectProblem(await server.get(`/v1/tickets?${query}`, clerk), 403, 'access_denied');
    },
  );

  it('is told no hidden field of a ticket that it may read', async () => {
    const { body } = await server.get('/v1/tickets?q=L-2', clerk);
    expect(JSON.stringify(body)).not.toMatch(/777|canary|urgent/);
  });

  it('gets short pages that go on, where much is hidden, and a cursor that says nothing', async () => {
    await using narrow = await startServer({
      context: {
        ...readsOf(test.database),
        ...accessOf({ view: (t) => (t.ticketId === 'L-5' ? hiding() : undefined) }),
      },
      limits: { listRoundsMax: 1, listRowsPerRound: 1 },
    });
    const first = await narrow.get('/v1/tickets?sort=id&limit=1', clerk);
    expect(ids(first.body)).toEqual([]);
    const cursor = nextOf(first.body) ?? '';
    expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('L-2');
    const seen: string[] = [];
    for (let next: string | undefined = cursor; next !== undefined; ) {
      const { body } = await narrow.get(`/v1/tickets?sort=id&limit=1&cursor=${next}`, clerk);
      seen.push(...ids(body));
      next = nextOf(body);
    }
    expect(seen).toEqual(['L-5']);
  });
});

describe('GET /v1/tickets/{ticketId}/metrics', () => {
  it('tells what was measured, its clocks and the position', async () => {
    const { status, body, headers } = await server.get('/v1/tickets/L-4/metrics');
    expect([status, headers.get('docket-position')]).toEqual([200, '9']);
    expect(body).toMatchObject({
      ticketId: 'L-4',
      position: 9,
      measuredAt: expect.stringMatching(/Z$/),
      figures: {
        statusCategory: 'open',
        assignee: 'cleo',
        openedAt: '2026-03-02T09:00:00.000Z',
        firstAssignedAt: '2026-03-02T09:00:00.000Z',
        reopenCount: 0,
        openMs: expect.any(Number),
        requesterWaitMs: expect.any(Number),
        assignees: ['cleo'],
      },
      clocks: [],
    });
  });

  it('leaves out what the caller may not see, and refuses where it may see none of it', async () => {
    const seen = { view: () => hiding('assignee', 'sla', 'state') };
    await using half = await startServer({
      sink: () => server.engine,
      context: { ...readsOf(test.database), ...accessOf(seen), tickets: server.engine.present },
    });
    const { body } = await half.get('/v1/tickets/L-4/metrics', clerk);
    expect(body).not.toHaveProperty('clocks');
    expect(JSON.stringify(body)).not.toMatch(/cleo|"status/);
    expectProblem(await server.get('/v1/tickets/L-2/metrics', clerk), 403, 'access_denied');
    expectProblem(await server.get('/v1/tickets/L-3/metrics', clerk), 404, 'ticket_not_found');
  });

  it('404 for a ticket that nobody opened; 503 for one that the read models do not hold yet', async () => {
    expectProblem(await server.get('/v1/tickets/L-9/metrics'), 404, 'ticket_not_found');
    await server.post('/v1/tickets', { ...by, ticketId: 'L-8', data: {} });
    expectProblem(await server.get('/v1/tickets/L-8/metrics'), 503, 'position_not_reached', { position: 9 });
  });
});
