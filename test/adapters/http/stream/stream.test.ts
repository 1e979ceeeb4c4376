/** The stream of events: where it begins and goes on, what ends it, and its bounds. */
import { describe, expect, it } from 'vitest';
import { trustedPrincipal } from '../../../../domain/access/unrestricted.ts';
import { Fault } from '../../../../domain/errors.ts';
import type { EventReader } from '../../../../domain/ports.ts';
import { expectProblem, type Harness, startServer } from '../harness.ts';
import { comment, openTicket, revocable } from './desk.ts';
import { EventClient, eventually } from './event-client.ts';

const stream = (server: Harness, query = '', headers: Record<string, string> = {}) =>
  EventClient.open(`${server.url}/v1/events/stream${query}`, headers);

describe('where a stream begins', () => {
  it('with what comes next, where the caller does not say', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    const client = await stream(server);
    expect(client.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'docket-position': '1',
      'x-accel-buffering': 'no',
    });
    await eventually(() => client.lastId).toBe(1);
    await comment(server, 'T-1', 2);
    await eventually(() => client.positions).toEqual([2, 3]);
    expect(client.retryMs).toBe(2_000);
    client.close();
  });

  it('with `from`, in the form that pages have', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1', { fields: { words: 'two\nlines\r\u2028' } });
    await comment(server, 'T-1', 3);
    const client = await stream(server, '?from=1');
    await eventually(() => client.positions).toEqual([1, 2, 3, 4]);
    const page = await server.get('/v1/events');
    expect(page.body).toMatchObject({ events: client.events.map(({ data }) => data) });
    expect(client.events.map(({ type, data }) => type === data.type)).toEqual([true, true, true, true]);
    client.close();
  });

  it('exactly after Last-Event-ID, whatever `from` says, and at `since`', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    await comment(server, 'T-1', 3);
    const after = await stream(server, '?from=1', { 'last-event-id': '2' });
    await eventually(() => after.positions).toEqual([3, 4]);
    const all = await stream(server, '', { 'last-event-id': '0' });
    await eventually(() => all.positions).toEqual([1, 2, 3, 4]);
    const since = await stream(server, '?since=2026-03-02T09:00:00Z');
    await eventually(() => since.positions).toEqual([1, 2, 3, 4]);
    const later = await stream(server, '?since=2026-03-02T09:00:01Z');
    await comment(server, 'T-1', 1);
    await eventually(() => later.positions).toEqual([5]);
    for (const client of [after, all, since, later]) client.close();
  });

  it('beyond the head: it waits until the log gets there', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    const client = await stream(server, '', { 'last-event-id': '3' });
    await comment(server, 'T-1', 5);
    await eventually(() => client.positions).toEqual([4, 5, 6]);
    client.close();
  });

  it.each([
    ['?from=0', {}, 'from'],
    ['?from=soon', {}, 'from'],
    ['?type=TicketEaten', {}, 'type'],
    ['?ticket=a%20b', {}, 'ticket'],
    ['?partition=1', {}, 'partition'],
    ['?form=1', {}, 'form'],
    ['', { 'last-event-id': 'x' }, 'last-event-id'],
    ['', { 'last-event-id': '-1' }, 'last-event-id'],
  ])('400 for %s %o', async (query, headers, name) => {
    await using server = await startServer();
    const answer = await server.get(`/v1/events/stream${query}`, headers);
    expectProblem(answer, 400, 'request_invalid', { detail: expect.stringContaining(name) });
  });
});

describe('filters', () => {
  it('let pass what fits all of them', async () => {
    await using server = await startServer();
    const queries = [
      '?type=TicketOpened',
      '?ticket=T-2',
      '?source=mail',
      '?workflow=support',
      '?workflow=support@1',
      '?workflow=supp',
      '?type=CommentAdded&ticket=T-1',
    ];
    const live = await Promise.all(queries.map((query) => stream(server, query)));
    await openTicket(server, 'T-1');
    await openTicket(server, 'T-2', { source: 'mail' });
    await comment(server, 'T-1', 1);
    await comment(server, 'T-2', 1);
    const late = await Promise.all(queries.map((query) => stream(server, `${query}&from=1`)));
    for (const clients of [live, late]) {
      await eventually(() => clients.map(({ positions }) => positions)).toEqual([
        [1, 2],
        [2, 4],
        [2],
        [1, 2, 3, 4],
        [1, 2, 3, 4],
        [],
        [3],
      ]);
      for (const client of clients) client.close();
    }
  });

  it('that let nothing pass still tell how far the stream has come', async () => {
    await using server = await startServer({ limits: { streamHeartbeatMs: 20, streamSweepMs: 10 } });
    await openTicket(server, 'T-1');
    const client = await stream(server, '?type=TicketClosed');
    await comment(server, 'T-1', 9);
    await eventually(() => client.lastId).toBe(10);
    expect(client.heartbeats).toBeGreaterThan(0);
    expect(client.events).toEqual([]);
    client.close();
  });
});

describe('a stream ends', () => {
  it('when its credential is revoked, with or without events', async () => {
    for (const happens of [true, false]) {
      const { authenticator, revoke } = revocable();
      await using server = await startServer({
        context: { authenticator },
        limits: { streamSweepMs: happens ? 60_000 : 10 },
      });
      await openTicket(server, 'T-1');
      const client = await stream(server, '?from=1');
      await eventually(() => client.positions).toEqual([1]);
      revoke();
      if (happens) await comment(server, 'T-1', 1);
      await eventually(() => client.ended).toBe(true);
      expect([client.bye, client.positions]).toEqual(['credential_ended', [1]]);
    }
  });

  it('when the server stops, at once and with a last word', async () => {
    await using server = await startServer();
    await openTicket(server, 'T-1');
    const clients = await Promise.all([1, 2, 3].map(() => stream(server, '?from=1')));
    for (const client of clients) await eventually(() => client.positions).toEqual([1]);
    const start = performance.now();
    await server.server.close();
    expect(performance.now() - start).toBeLessThan(2_000);
    for (const client of clients) {
      await eventually(() => client.ended).toBe(true);
      expect(client.bye).toBe('server_stopping');
    }
  });

  it('when the log can not be read; the next one is served again', async () => {
    let broken = false;
    const reader: EventReader = {
      partitions: 1,
      head: async () => 0,
      readTicket: async () => [],
      close: async () => undefined,
      async *read() {
        await eventually(() => broken).toBe(true);
        yield* [];
        throw new Fault('log_unreadable', 'the file is gone');
      },
    };
    await using server = await startServer({ context: { reader } });
    for (const _time of [1, 2]) {
      broken = false;
      const client = await stream(server);
      broken = true;
      await eventually(() => client.ended).toBe(true);
      expect(client.bye).toBe('stream_failed');
    }
    expect(server.reported).toMatchObject([{ code: 'log_unreadable' }, { code: 'log_unreadable' }]);
  });

  it('never for lasting, and is no request in flight', async () => {
    const limits = { answerMsMax: 30, answerSweepMs: 10, requestsInFlightMax: 1 };
    await using server = await startServer({ limits });
    const clients = await Promise.all([1, 2, 3].map(() => stream(server)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.server.requestsInFlight).toBe(0);
    await openTicket(server, 'T-1');
    for (const client of clients) {
      await eventually(() => client.positions).toEqual([1]);
      client.close();
    }
  });
});

describe('bounds', () => {
  it('of one principal: 429; of all: 503; places come back', async () => {
    let id = 'a';
    const authenticator = { authenticate: () => trustedPrincipal(id) };
    const limits = { streamsOfPrincipalMax: 2, streamsMax: 3 };
    await using server = await startServer({ context: { authenticator }, limits });
    const first = await Promise.all([stream(server), stream(server)]);
    const refused = await server.get('/v1/events/stream');
    expectProblem(refused, 429, 'rate_limited');
    expect(refused.headers.get('retry-after')).toBe('1');
    id = 'b';
    const third = await stream(server);
    expectProblem(await server.get('/v1/events/stream'), 503, 'overloaded');
    for (const client of [...first, third]) client.close();
    const again = async () => {
      const client = await stream(server);
      client.close();
      return client.response.statusCode;
    };
    await eventually(again).toBe(200);
  });

  it('HEAD has no end, so it is not answered', async () => {
    await using server = await startServer();
    expect((await server.send('/v1/events/stream', { method: 'HEAD' })).status).toBe(405);
  });
});
