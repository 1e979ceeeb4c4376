/** The events of all tickets as answers that end: pages and lines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem, type Harness, startServer } from '../harness.ts';
import { comment, openTicket, revocable } from './desk.ts';
import { eventually } from './event-client.ts';

const lines = { accept: 'application/x-ndjson' };
/** What is the same over and over would fit into any buffer once it is compressed. */
const plainLines = { ...lines, 'accept-encoding': 'identity' };
const limits = { streamPageEventsMax: 4, eventsExportBatchMax: 4 };

let server: Harness;
beforeAll(async () => {
  server = await startServer({ limits });
  await openTicket(server, 'T-1');
  await comment(server, 'T-1', 40);
  await openTicket(server, 'T-2', { source: 'mail' });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Page {
  readonly events: readonly { readonly position: number }[];
  readonly next: number;
  readonly position: number;
}

async function page(query: string): Promise<Page> {
  const { status, body, headers } = await server.get(`/v1/events${query}`);
  expect(status).toBe(200);
  const read = body as Page;
  expect(headers.get('docket-position')).toBe(String(read.position));
  return read;
}

const positions = ({ events }: Page) => events.map(({ position }) => position);

async function linesOf(harness: Harness, query = ''): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${harness.url}/v1/events${query}`, { headers: lines });
  expect(response.headers.get('content-type')).toBe('application/x-ndjson');
  const text = await response.text();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('GET /v1/events', () => {
  it('tells a page that says where to go on, and at the end that there is nothing more yet', async () => {
    const first = await page('?limit=30');
    expect([first.position, first.next, positions(first)]).toEqual([42, 31, range(1, 30)]);
    const second = await page(`?limit=30&from=${first.next}`);
    expect([second.next, positions(second)]).toEqual([43, range(31, 42)]);
    const third = await page(`?limit=30&from=${second.next}`);
    expect([third.next, third.events]).toEqual([43, []]);
    expect((await page('?from=1000')).next).toBe(1_000);
  });

  it('stops looking after a bound, and says how far it came', async () => {
    await using other = await startServer({ limits: { ...limits, eventsScannedMax: 20 } });
    await openTicket(other, 'T-1');
    await comment(other, 'T-1', 40);
    await openTicket(other, 'T-2');
    const pages = [];
    for (const from of [1, 21, 41]) pages.push(await other.get(`/v1/events?type=TicketOpened&from=${from}`));
    expect(pages.map(({ body }) => body)).toMatchObject([
      { position: 42, next: 21, events: [{ position: 1 }] },
      { position: 42, next: 41, events: [] },
      { position: 42, next: 43, events: [{ position: 42 }] },
    ]);
  });

  it('ends a page that grows too large, but not before its first event', async () => {
    await using other = await startServer({ limits: { eventsPageCharactersMax: 3_000 } });
    await openTicket(other, 'T-1');
    await comment(other, 'T-1', 3, 'x'.repeat(2_000));
    const { body } = await other.get('/v1/events?from=2');
    expect(body).toMatchObject({ position: 4, next: 4, events: [{ position: 2 }, { position: 3 }] });
    await using small = await startServer({ limits: { eventsPageCharactersMax: 1 } });
    await openTicket(small, 'T-1');
    await comment(small, 'T-1', 1);
    const one = await small.get('/v1/events');
    expect(one.body).toMatchObject({ next: 2, events: [{ position: 1 }] });
  });

  it('finds the events of a ticket without looking at others', async () => {
    const own = await page('?ticket=T-2');
    expect([own.next, positions(own)]).toEqual([43, [42]]);
    expect(positions(await page('?ticket=T-1&from=39&limit=2'))).toEqual([39, 40]);
    expect(positions(await page('?ticket=T-2&source=chat'))).toEqual([]);
  });

  it('begins at a time', async () => {
    expect(positions(await page('?since=2026-03-02T09:00:00Z&limit=1'))).toEqual([1]);
    expect(positions(await page('?since=2026-03-02T09:00:00Z&from=7&limit=1'))).toEqual([7]);
    expect(await page('?since=2026-03-02T09:00:00.001Z')).toMatchObject({ events: [], next: 43 });
  });

  it('waits for a position that is wanted, but not for ever', async () => {
    const quick = { positionWaitMsMax: 50 };
    await using other = await startServer({ limits: quick });
    await openTicket(other, 'T-1');
    const late = await other.get('/v1/events?min-position=2');
    expectProblem(late, 503, 'position_not_reached', { position: 1, retry: true });
    expect(late.headers.get('retry-after')).toBe('1');
    await using patient = await startServer();
    await openTicket(patient, 'T-1');
    const waiting = patient.get('/v1/events?from=2&min-position=2');
    await comment(patient, 'T-1', 1);
    expect(await waiting).toMatchObject({ status: 200, body: { position: 2, events: [{ position: 2 }] } });
  });

  it.each([
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=2000000', 'limit'],
    ['?from=x', 'from'],
    ['?min-position=0', 'min-position'],
    ['?type=', 'type'],
    ['?since=yesterday', 'since'],
  ])('400 for %s', async (query, name) => {
    const answer = await server.get(`/v1/events${query}`);
    expectProblem(answer, 400, 'request_invalid', { detail: expect.stringContaining(name) });
  });

  it('406 for a form that there is not', async () => {
    expectProblem(await server.get('/v1/events', { accept: 'text/csv' }), 406, 'not_acceptable');
  });
});

describe('lines', () => {
  it('tell all events and an end', async () => {
    const told = await linesOf(server);
    expect(told.slice(0, -1).map(({ position }) => position)).toEqual(range(1, 42));
    expect(told.at(-1)).toEqual({ partition: 0, position: 42, next: 43, events: 42 });
  });

  it('stop at the limit and say where to go on', async () => {
    const told = await linesOf(server, '?from=5&limit=6');
    expect(told.slice(0, -1).map(({ position }) => position)).toEqual(range(5, 10));
    expect(told.at(-1)).toMatchObject({ next: 11, events: 6 });
  });

  it('end early, and say so, when the credential is revoked meanwhile', async () => {
    const { authenticator, revoke } = revocable();
    await using other = await startServer({ context: { authenticator } });
    await openTicket(other, 'T-1');
    await comment(other, 'T-1', 3_000, 'x'.repeat(10_000));
    const response = await fetch(`${other.url}/v1/events`, { headers: lines });
    revoke();
    const told = (await response.text()).trimEnd().split('\n');
    const end = JSON.parse(told.at(-1) ?? '');
    expect(end).toMatchObject({ ended: 'credential_ended', next: told.length, events: told.length - 1 });
    expect(told.length).toBeLessThan(3_000);
  });

  it('are bounded in number: 503; places come back', async () => {
    // A connection that fetch opens and never uses would hold up the end of the test.
    const limits = { eventExportsMax: 1, drainMsMax: 200 };
    await using other = await startServer({ limits });
    await openTicket(other, 'T-1');
    await comment(other, 'T-1', 2_000, 'x'.repeat(10_000));
    const slow = await fetch(`${other.url}/v1/events`, { headers: plainLines });
    expectProblem(await other.get('/v1/events', lines), 503, 'overloaded');
    await slow.body?.cancel();
    const again = async () => {
      const response = await fetch(`${other.url}/v1/events?limit=1`, { headers: plainLines });
      await response.text();
      return response.status;
    };
    await eventually(again).toBe(200);
  });

  it('that nobody takes are cut', async () => {
    await using other = await startServer({ limits: { streamSilenceMsMax: 50 } });
    await openTicket(other, 'T-1');
    await comment(other, 'T-1', 2_000, 'x'.repeat(10_000));
    const slow = await fetch(`${other.url}/v1/events`, { headers: plainLines });
    await eventually(() => other.server.requestsInFlight).toBe(0);
    await expect(slow.text()).rejects.toThrow();
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
