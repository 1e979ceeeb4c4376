/** Whatever is sent, the answer is a problem that helps, nothing is written, and the server goes on. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { actor } from '../../support/tickets.ts';
import { type Harness, startServer } from './harness.ts';

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterEach(async () => {
  expect(await server.log.head()).toBe(0);
  expect(server.reported).toEqual([]);
  expect((await server.get('/healthz')).status).toBe(200);
});
afterAll(() => server[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };

/** Bytes to the server as they are, and all that comes back. */
async function raw(...parts: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  for (const part of parts) socket.write(part);
  socket.setTimeout(5_000, () => socket.destroy());
  return text(socket);
}

describe('a body that is not JSON', () => {
  it.each([
    ['', 'the body is empty'],
    ['{', 'position 1 (line 1 column 2)'],
    ['{"commands": [],\n  "x" 1}', 'line 2 column 7'],
    ['{"a": NaN}', "Unexpected token 'N'"],
    ["{'a': 1}", 'position 1'],
    ['{"a": 1,}', 'position 8'],
    ['nope', 'is not valid JSON'],
    ['{"commands": []} {}', 'position 17'],
    ['{"__proto__": {"admin": true}}', '__proto__'],
    ['{"a": {"__proto__": null}}', '__proto__'],
    ['{"constructor": {"prototype": {}}}', 'constructor.prototype'],
  ])('%j: 400, saying where', async (body, detail) => {
    const answer = await server.send('/v1/commands', { method: 'POST', headers: json, body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'body_malformed', detail: expect.stringContaining(detail) });
  });

  it('nor UTF-8: 400, instead of other characters than were meant', async () => {
    const body = Buffer.from([0x22, 0xff, 0xfe, 0x22]);
    const answer = await server.send('/v1/commands', { method: 'POST', headers: json, body });
    expect([answer.status, answer.body]).toMatchObject([400, { detail: 'the body is not valid UTF-8' }]);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'nonsense'])(
    'but %s: 415',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await server.send('/v1/commands', { method: 'POST', headers, body: '{}' });
      expect([answer.status, answer.body]).toMatchObject([415, { code: 'media_type_unsupported' }]);
    },
  );

  it.each(['deflate', 'gzip, gzip', 'constructor', 'x'.repeat(1_000)])(
    'and compressed as %.30s: 415, and what is taken',
    async (encoding) => {
      const headers = { ...json, 'content-encoding': encoding };
      const answer = await server.send('/v1/commands', { method: 'POST', headers, body: '{}' });
      expect([answer.status, answer.body]).toMatchObject([
        415,
        { detail: expect.stringContaining('send gzip, br, zstd or plain') },
      ]);
    },
  );

  it.each(['gzip', 'br', 'zstd'])('and said to be %s, which it is not: 400', async (encoding) => {
    const headers = { ...json, 'content-encoding': encoding };
    const answer = await server.send('/v1/commands', { method: 'POST', headers, body: '{"commands":[]}' });
    expect([answer.status, answer.body]).toMatchObject([
      400,
      { code: 'body_malformed', detail: 'the body is not what its content-encoding says' },
    ]);
  });
});

/** The HTTP layer itself turns away what could reach an object's prototype, which has a test of its own. */
const harmlessJson = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !/"(__proto__|constructor)"/.test(JSON.stringify(value)));

describe('a body of the wrong shape', () => {
  const bodies: readonly unknown[] = [
    null,
    true,
    0,
    'text',
    [],
    [[]],
    {},
    { actor: null },
    { actor: actor('agent') },
    { actor: { id: '', role: 'agent' }, data: {} },
    { actor: { id: 'x', role: 'root' }, data: {} },
    { actor: { ...actor('agent'), more: 1 }, data: {} },
    { actor: actor('agent'), data: {}, ticketId: '../../etc/passwd' },
    { actor: actor('agent'), data: {}, ticketId: 'x'.repeat(65) },
    { actor: actor('agent'), data: {}, occurredAt: 'yesterday' },
    { actor: actor('agent'), data: {}, occurredAt: 1e300 },
    { actor: actor('agent'), data: {}, expectedRevision: -1 },
    { actor: actor('agent'), data: {}, commandId: '' },
    { actor: actor('agent'), data: { fields: { Bad: 1 } } },
    { actor: actor('agent'), data: { fields: { constructor: 1 } } },
    { actor: actor('agent'), data: { fields: { nested: { a: 1 } } } },
    { actor: actor('agent'), data: { fields: { long: 'x'.repeat(16_385) } } },
    { actor: actor('agent'), data: { fields: Object.fromEntries(many(101)) } },
    { actor: actor('agent'), data: {}, ['k'.repeat(10_000)]: 1 },
  ];

  function many(count: number): [string, number][] {
    return Array.from({ length: count }, (_, index) => [`f${index}`, index]);
  }

  it.each(bodies.map((body) => [JSON.stringify(body).slice(0, 80), body] as const))(
    '%s: 422',
    async (_, body) => {
      const answer = await server.post('/v1/tickets', body);
      expect([answer.status, answer.body]).toMatchObject([
        422,
        {
          code: 'invalid_command',
          errors: expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }]),
        },
      ]);
      expect(JSON.stringify(answer.body).length).toBeLessThan(4_000);
    },
  );

  it('and none at all: 422', async () => {
    const answer = await server.send('/v1/tickets', { method: 'POST' });
    expect([answer.status, answer.body]).toMatchObject([422, { errors: [{ path: 'body' }] }]);
  });

  it('nested deeper than the bound: 400, before anything is made of it', async () => {
    for (const depth of [33, 100_000, 8_000_000]) {
      const deep = '['.repeat(depth);
      const answer = await server.send('/v1/commands', { method: 'POST', headers: json, body: deep });
      expect([answer.status, answer.body]).toMatchObject([
        400,
        { code: 'body_malformed', detail: 'the body is nested deeper than 32 levels' },
      ]);
    }
  });

  it('whatever it is: always an outcome or a problem below 500', async () => {
    await fc.assert(
      fc.asyncProperty(harmlessJson, fc.boolean(), async (value, bulk) => {
        const path = bulk ? '/v1/commands' : '/v1/tickets/T-1/commands';
        const answer = await server.post(path, bulk ? { commands: [value] } : value);
        if (bulk) expect(answer.body).toMatchObject({ outcomes: [{ status: 'rejected' }] });
        else expect(answer.status).toBe(answer.type?.includes('problem') ? 422 : 400);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an address that is none', () => {
  it.each([
    ['/', 404, 'route_unknown'],
    ['/v1', 404, 'route_unknown'],
    ['/v1/tickets/T-1/', 404, 'route_unknown'],
    ['/V1/workflows', 404, 'route_unknown'],
    ['/v1/tickets/%zz', 400, 'request_invalid'],
    ['/v1/tickets/%00', 400, 'request_invalid'],
    ['/v1/tickets/..%2f..%2fetc', 400, 'request_invalid'],
    [`/v1/tickets/${'x'.repeat(65)}`, 400, 'request_invalid'],
    [`/v1/tickets/${'x'.repeat(201)}`, 414, 'url_too_long'],
    [`/v1/workflows?${'x'.repeat(20_000)}`, 431, 'headers_too_large'],
  ])('%.60s: %i %s', async (path, status, code) => {
    const answer = await server.get(path);
    expect(answer.type).toMatch(/^application\/problem\+json/);
    expect([answer.status, answer.body]).toMatchObject([status, { code, status }]);
  });

  it.each([
    ['GET', '/v1/commands', 'POST'],
    ['DELETE', '/v1/tickets/T-1', 'GET, HEAD, PATCH'],
    ['PUT', '/v1/tickets', 'GET, HEAD, POST'],
    ['PATCH', '/v1/tickets/T-1/commands', 'POST'],
    ['OPTIONS', '/v1/throughput', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s: 405, and which methods there are', async (method, path, allow) => {
    const answer = await server.send(path, { method });
    expect([answer.status, answer.body]).toMatchObject([405, { code: 'method_not_allowed' }]);
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

describe('what is not HTTP', () => {
  it.each([
    ['noise', '\x16\x03\x01\x02\x00\x01\r\n\r\n', 400],
    ['a header without a name', 'GET /healthz HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n', 400],
    [
      'two lengths',
      'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}',
      400,
    ],
    [
      'a length and chunks',
      'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n', 400],
    ['headers without end', `GET /healthz HTTP/1.1\r\nhost: x\r\na: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s: %i and the connection closed', async (_, bytes, status) => {
    const answer = await raw(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('urn:docket:error:');
  });
});

describe('a client that goes away', () => {
  it('in the middle of its body, or before its answer', async () => {
    const { hostname, port } = new URL(server.url);
    const head =
      'POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n';
    for (const sent of [head.slice(0, 30), head, `${head}{"commands":`, `${head}${'{}'.padEnd(100)}`]) {
      const socket = connect(Number(port), hostname);
      await new Promise<void>((resolve) => socket.write(sent, () => resolve()));
      socket.resetAndDestroy();
    }
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
  });
});
