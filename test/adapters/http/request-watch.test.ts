/** Every way in which a request can end is told exactly once, and nothing in it was chosen by its caller. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpObserver } from '../../../adapters/http/request-watch.ts';
import type { EventReader } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { type Harness, type HarnessOptions, startServer } from './harness.ts';
import { protocols } from './requester.ts';

interface Ended {
  readonly request: string;
  readonly ms: number | undefined;
  readonly requestId: string | undefined;
}

class Notes implements HttpObserver {
  readonly requests: Ended[] = [];
  readonly refusals: string[] = [];
  readonly failures: string[] = [];

  ended(method: string, route: string, status: number, ms: number | undefined, requestId?: string): void {
    this.requests.push({ request: `${method} ${route} ${status}`, ms, requestId });
  }

  refused(lane: string, reason: string): void {
    this.refusals.push(`${lane} ${reason}`);
  }

  connectionFailed(code: string): void {
    this.failures.push(code);
  }

  get told(): readonly string[] {
    return this.requests.map(({ request }) => request);
  }
}

let notes = new Notes();
let server: Harness | undefined;
async function start(options: HarnessOptions = {}): Promise<Harness> {
  notes = new Notes();
  server = await startServer({ ...options, observer: notes });
  return server;
}
afterEach(() => server?.[Symbol.asyncDispose]());

/** Until so many requests were told of, and a moment for those that should not be. */
async function toldOf(requests: number): Promise<readonly string[]> {
  for (let tries = 0; tries < 200 && notes.requests.length < requests; tries += 1) await sleep(10);
  await sleep(30);
  return notes.told;
}

/** Bytes to the server as they are, and all that comes back. */
function raw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket.setTimeout(5_000, () => socket.destroy()));
}

const opening = { actor: actor('requester'), data: { fields: { subject: 'Printer' } } };

describe.each(protocols)('over %s', (protocol) => {
  it('routes go by their templates, and requests by how they ended', async () => {
    const { post, get, send, server: http } = await start({ protocol });
    await post('/v1/tickets', opening, { 'x-request-id': 'mine-1' });
    await post('/v1/tickets', { actor: 1 });
    await get('/v1/tickets/REQ0000001', { 'x-request-id': 'a b' });
    await get('/v1/tickets/REQ0000009');
    await get('/healthz');
    await send('/v1/tickets/REQ0000001', { method: 'HEAD' });
    await send('/v1/tickets/REQ0000001', { method: 'DELETE' });
    await get('/v1/nonsense/REQ0000001');
    expect(await toldOf(8)).toEqual([
      'POST /v1/tickets 201',
      'POST /v1/tickets 422',
      'GET /v1/tickets/{ticketId} 200',
      'GET /v1/tickets/{ticketId} 404',
      'GET /healthz 200',
      'HEAD /v1/tickets/{ticketId} 200',
      'DELETE /v1/tickets/{ticketId} 405',
      'GET unmatched 404',
    ]);
    expect(notes.requests.map(({ requestId }) => requestId)).toEqual(['mine-1', ...Array(7).fill(undefined)]);
    for (const { ms } of notes.requests) expect(ms).toBeGreaterThan(0);
    const templates = new Set(http.routes.map(({ path }) => path));
    for (const told of notes.told) expect([...templates, 'unmatched']).toContain(told.split(' ')[1]);
  });
});

describe('what comes to no route', () => {
  it.each([
    ['GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 'GET unmatched 400', []],
    [`GET /v1/tickets/${'x'.repeat(600)} HTTP/1.1\r\nhost: x\r\n\r\n`, 'GET unmatched 414', []],
    ['GET / HTTP/1.1\r\nhost: x\r\nexpect: wonders\r\n\r\n', 'GET unmatched 417', []],
    ['nonsense\r\n\r\n', 'other unmatched 400', ['HPE_INVALID_METHOD']],
    [`GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 'other unmatched 431', ['HPE_HEADER_OVERFLOW']],
    ['PROPFIND / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 'other unmatched 404', []],
  ])('%j is told of once', async (bytes, told, failures) => {
    const { url } = await start();
    await raw(url, bytes);
    expect(await toldOf(1)).toEqual([told]);
    expect(notes.failures).toEqual(failures);
  });

  it('but to a connection alone is told of as such', async () => {
    const { url } = await start();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.resetAndDestroy());
    for (let tries = 0; tries < 200 && notes.failures.length === 0; tries += 1) await sleep(10);
    expect(notes.failures).toEqual(['ECONNRESET']);
    expect(await toldOf(0)).toEqual([]);
  });

  it('and is no TLS, neither', async () => {
    const { url } = await start({ protocol: 'http2' });
    const { hostname, port } = new URL(url);
    const socket = connectTls({ host: hostname, port: Number(port), maxVersion: 'TLSv1.2' });
    socket.on('error', () => undefined);
    for (let tries = 0; tries < 200 && notes.failures.length === 0; tries += 1) await sleep(10);
    expect(notes.failures).toEqual(['other']);
    expect(await toldOf(0)).toEqual([]);
  });
});

describe('what its caller leaves or spoils', () => {
  it('before there is an answer: 499 at its route', async () => {
    const held = Promise.withResolvers<never[]>();
    const { url } = await start({ sink: () => ({ submit: () => held.promise }) });
    const leave = new AbortController();
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(opening), signal: leave.signal };
    const asked = fetch(`${url}/v1/tickets`, init).catch(() => undefined);
    await sleep(50);
    leave.abort();
    await asked;
    expect(await toldOf(1)).toEqual(['POST /v1/tickets 499']);
    held.resolve([]);
  });

  it('in the middle of its body: its route, once, with the last word that was said', async () => {
    const { url } = await start();
    const head = 'POST /v1/tickets HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    const answer = await raw(url, `${head}transfer-encoding: chunked\r\n\r\nnonsense\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect(await toldOf(1)).toEqual(['POST /v1/tickets 400']);
    expect(notes.failures).toEqual(['HPE_INVALID_CHUNK_SIZE']);
  });

  it('and streams: counted when they end, and not timed', async () => {
    const { url } = await start();
    const leave = new AbortController();
    const stream = await fetch(`${url}/v1/events/stream`, { signal: leave.signal });
    expect([stream.status, server?.server.standing().streams]).toEqual([200, 1]);
    expect(notes.requests).toEqual([]);
    leave.abort();
    expect(await toldOf(1)).toEqual(['GET /v1/events/stream 200']);
    expect(notes.requests[0]?.ms).toBeUndefined();
    expect(server?.server.standing().streams).toBe(0);
  });
});

describe('what is refused', () => {
  it('as overload: by its lane, and once', async () => {
    const held = Promise.withResolvers<number>();
    const { url, log } = await start({
      limits: { requestsInFlightMax: 1 },
    });
    const reader: EventReader = log;
    reader.head = () => held.promise;
    const first = fetch(`${url}/v1/events`);
    await sleep(30);
    const second = await fetch(`${url}/v1/events`);
    expect(second.status).toBe(503);
    expect(server?.server.standing()).toMatchObject({ requests: 1, lanes: { read: { active: 1 } } });
    held.resolve(0);
    expect((await first).status).toBe(200);
    expect(await toldOf(2)).toEqual(['GET /v1/events 503', 'GET /v1/events 200']);
    expect(notes.refusals).toEqual(['read overload']);
  });

  it('by quotas: of an address before its lane is known, of a credential by its lane', async () => {
    const once = { quota: 1, windowSeconds: 3_600 };
    const from = { 'x-forwarded-for': '192.0.2.7' };
    const byAddress = await start({ proxies: 1, rates: { requestsPerAddress: once } });
    await byAddress.get('/v1/workflows', from);
    expect((await byAddress.get('/v1/workflows', from)).status).toBe(429);
    expect(await toldOf(2)).toEqual(['GET /v1/workflows 200', 'GET /v1/workflows 429']);
    expect(notes.refusals).toEqual(['none rate']);
    await byAddress[Symbol.asyncDispose]();
    const byKey = await start({ rates: { requestsPerKey: once } });
    await byKey.post('/v1/tickets', opening);
    expect((await byKey.post('/v1/tickets', opening)).status).toBe(429);
    expect(await toldOf(2)).toEqual(['POST /v1/tickets 201', 'POST /v1/tickets 429']);
    expect(notes.refusals).toEqual(['write rate']);
  });
});

it('tells how many connections are open, by what they speak', async () => {
  for (const protocol of protocols) {
    const { get, server: http } = await start({ protocol });
    await get('/healthz');
    const open = protocol === 'http2' ? { http1: 0, http2: 1 } : { http1: 1, http2: 0 };
    expect([protocol, http.standing().connections]).toEqual([protocol, open]);
    await server?.[Symbol.asyncDispose]();
  }
});
