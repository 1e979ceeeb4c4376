/** The bounds of the server: what is beyond them is refused, and what was taken is given back. */
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { httpLimits } from '../../../adapters/http/limits.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };
const comment = (body: string) => ({
  commands: [{ type: 'AddComment', ticketId: 'T', ...by, data: { body, public: true } }],
});

/** A sink that answers only when it is told to: named a fake. */
class FakeStuckSink implements CommandSink {
  readonly #waiting: (() => void)[] = [];

  submit(): Promise<readonly []> {
    return new Promise((resolve) => this.#waiting.push(() => resolve([])));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  release(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }
}

function socketTo(server: Harness): Socket {
  const { hostname, port } = new URL(server.url);
  return connect(Number(port), hostname);
}

describe('body', () => {
  it('beyond the bound: 413, whether its length was announced or not', async () => {
    await using server = await startServer({ limits: { bodyBytesMax: 1_000 } });
    const big = JSON.stringify(comment('x'.repeat(1_000)));
    const announced = await server.post('/v1/commands', comment('x'.repeat(1_000)));
    expect([announced.status, announced.body]).toMatchObject([413, { code: 'body_too_large' }]);
    const socket = socketTo(server);
    socket.write(
      'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    for (let sent = 0; sent < big.length; sent += 100) {
      const chunk = big.slice(sent, sent + 100);
      socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    }
    expect(await text(socket)).toMatch(/^HTTP\/1.1 413 /);
    expect((await server.post('/v1/commands', comment('small'))).status).toBe(200);
  });

  it('of the largest legal command fits', async () => {
    await using server = await startServer();
    const fields = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`f${index}`, '\u0001'.repeat(16_384)]),
    );
    const answer = await server.post('/v1/tickets', { ...by, data: { fields } });
    expect(answer.status).toBe(201);
  });

  it('bytes of all requests together are bounded, and given back', async () => {
    const sink = new FakeStuckSink();
    await using server = await startServer({ sink: () => sink, limits: { bodyBytesInFlightMax: 3_000 } });
    const first = server.post('/v1/commands', { commands: [] });
    const large = server.post('/v1/commands', comment('x'.repeat(2_000)));
    await expect.poll(() => sink.waiting).toBe(2);
    const refused = await server.post('/v1/commands', comment('x'.repeat(2_000)));
    expect([refused.status, refused.body]).toMatchObject([503, { code: 'overloaded' }]);
    sink.release();
    await Promise.all([first, large]);
    const again = server.post('/v1/commands', comment('x'.repeat(2_000)));
    await expect.poll(() => sink.waiting).toBe(1);
    sink.release();
    await again;
  });
});

describe('requests in flight', () => {
  it('beyond the bound: 503 with Retry-After; health is answered all the same; room comes back', async () => {
    const sink = new FakeStuckSink();
    await using server = await startServer({ sink: () => sink, limits: { requestsInFlightMax: 2 } });
    const stuck = [1, 2].map(() => server.post('/v1/commands', { commands: [] }));
    await expect.poll(() => sink.waiting).toBe(2);
    const refused = await server.get('/v1/workflows');
    expect([refused.status, refused.body]).toMatchObject([503, { code: 'overloaded', retry: true }]);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await server.get('/healthz')).status).toBe(200);
    expect((await server.get('/readyz')).status).toBe(200);
    sink.release();
    await Promise.all(stuck);
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    expect((await server.get('/v1/workflows')).status).toBe(200);
  });

  it('are given back by clients that went away', async () => {
    const sink = new FakeStuckSink();
    await using server = await startServer({ sink: () => sink });
    const gone = new AbortController();
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"commands":[]}' };
    const stuck = fetch(`${server.url}/v1/commands`, { ...init, signal: gone.signal });
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    gone.abort();
    await expect(stuck).rejects.toThrow();
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    sink.release();
    expect(server.reported).toEqual([]);
  });
});

describe('time', () => {
  it('a late answer: 503, saying that the command may still be carried out', async () => {
    const sink = new FakeStuckSink();
    const limits = { answerMsMax: 30, answerSweepMs: 10 };
    await using server = await startServer({ sink: () => sink, limits });
    const answer = await server.post('/v1/commands', { commands: [] });
    expect([answer.status, answer.body]).toMatchObject([
      503,
      { code: 'answer_timeout', retry: true, title: expect.stringContaining('may still be carried out') },
    ]);
    sink.release();
    expect((await server.get('/healthz')).status).toBe(200);
  });

  it('headers that never end: the connection is closed', async () => {
    await using server = await startServer({
      limits: { headersMsMax: 50, requestMsMax: 100, arrivalSweepMs: 20 },
    });
    const socket = socketTo(server);
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [\s\S]*request_timeout/);
  });

  it('a body that trickles: the connection is closed, however steadily it comes', async () => {
    await using server = await startServer({
      limits: { headersMsMax: 50, requestMsMax: 100, arrivalSweepMs: 20 },
    });
    const socket = socketTo(server).on('error', () => undefined);
    socket.write('POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write('content-length: 100000\r\n\r\n{');
    const trickle = setInterval(() => socket.write(' '), 5);
    // What is sent to a closed connection resets it, and with that the answer that was on its way.
    socket.once('data', () => clearInterval(trickle));
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [\s\S]*request_timeout/);
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
  });

  it('a connection on which nothing comes: it is closed', async () => {
    await using server = await startServer({
      limits: { headersMsMax: 50, requestMsMax: 100, arrivalSweepMs: 20 },
    });
    expect(await text(socketTo(server))).toMatch(/^HTTP\/1.1 408 /);
  });

  it('silence between requests: the connection is closed', async () => {
    await using server = await startServer({ limits: { keepAliveMsMax: 50 } });
    const socket = socketTo(server);
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('no timeout is off', () => {
    for (const [name, value] of Object.entries(httpLimits)) expect(value, name).toBeGreaterThan(0);
  });
});

describe('connections', () => {
  it('with many requests at once get all answers, in order', async () => {
    await using server = await startServer();
    const socket = socketTo(server);
    const paths = Array.from({ length: 500 }, (_, index) => `/v1/tickets/P-${index}`);
    const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    socket.write(`${requests.join('')}GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const told = [...(await text(socket)).matchAll(/"ticketId":"P-(\d+)"/g)].map(([, index]) =>
      Number(index),
    );
    expect(told).toEqual(paths.map((_, index) => index));
  });

  it('beyond the bound are closed as they come', async () => {
    await using server = await startServer({ limits: { connectionsMax: 1 } });
    const first = socketTo(server);
    await new Promise<void>((resolve) => first.once('connect', () => resolve()));
    const second = socketTo(server);
    second.on('error', () => undefined);
    await new Promise<void>((resolve) => second.once('close', () => resolve()));
    first.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await text(first)).toMatch(/^HTTP\/1.1 200 /);
  });
});
