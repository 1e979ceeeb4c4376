/** Compressed answers: for who asks, where it is worth it, and never where it would make somebody wait. */
import { get } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, createGunzip, gunzipSync, zstdDecompressSync } from 'node:zlib';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Admission } from '../../../adapters/http/admission/admission.ts';
import { RateLimits } from '../../../adapters/http/admission/rate-limits.ts';
import { compressAnswers } from '../../../adapters/http/compression.ts';
import { httpLimits } from '../../../adapters/http/limits.ts';
import { Load } from '../../../adapters/http/load.ts';
import { register } from '../../../adapters/http/register.ts';
import { route } from '../../../adapters/http/route.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import { type Harness, startServer } from './harness.ts';

interface Received {
  readonly encoding: string | undefined;
  readonly vary: string | undefined;
  readonly bytes: Buffer;
}

let server: Harness;
let large: string;
beforeAll(async () => {
  server = await startServer();
  large = (await received('/v1/workflows/support', undefined)).bytes.toString();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Bytes as they come over the wire. */
function received(path: string, accept: string | undefined): Promise<Received> {
  const headers = accept === undefined ? {} : { 'accept-encoding': accept };
  return new Promise((resolve, reject) => {
    get(`${server.url}${path}`, { headers, agent: false }, (answer) => {
      const { 'content-encoding': encoding, vary } = answer.headers;
      buffer(answer).then((bytes) => resolve({ encoding, vary, bytes }), reject);
    }).on('error', reject);
  });
}

const decode = {
  zstd: (bytes: Buffer) => zstdDecompressSync(bytes).toString(),
  br: (bytes: Buffer) => brotliDecompressSync(bytes).toString(),
  gzip: (bytes: Buffer) => gunzipSync(bytes).toString(),
};

describe('an answer', () => {
  it.each(['zstd', 'br', 'gzip'] as const)('comes as %s, and is the same', async (accept) => {
    const { encoding, vary, bytes } = await received('/v1/workflows/support', accept);
    expect([encoding, vary]).toEqual([accept, 'accept-encoding']);
    expect(bytes.length).toBeLessThan(large.length / 3);
    expect(decode[accept](bytes)).toBe(large);
  });

  it.each([
    [undefined, undefined],
    ['identity', undefined],
    ['compress, x-unknown', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=0.5, br;q=0.9', 'br'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['*', 'gzip'],
  ])('for accept-encoding %j has the encoding %j', async (accept, expected) => {
    expect((await received('/v1/workflows/support', accept)).encoding).toBe(expected);
  });

  it('that is short, is sent as it is, also a problem', async () => {
    expect(large.length).toBeGreaterThan(httpLimits.compressBytesMin);
    expect((await received('/healthz', 'gzip')).encoding).toBeUndefined();
    expect((await received('/nowhere', 'gzip')).encoding).toBeUndefined();
  });

  it('to HEAD has no body and no encoding', async () => {
    const answer = await server.send('/v1/workflows/support', {
      method: 'HEAD',
      headers: { 'accept-encoding': 'gzip' },
    });
    expect([answer.status, answer.body]).toEqual([200, undefined]);
  });
});

describe('a route', () => {
  /** A server with one route, which answers as `answer` says. */
  async function serverOf(
    answer: { mediaType: string; headers?: Record<string, string> },
    send: () => unknown,
  ) {
    const app = fastify();
    compressAnswers(app, httpLimits);
    const declared = route({
      id: 'probe',
      method: 'GET',
      path: '/probe',
      group: 'Server',
      summary: 'A probe.',
      scope: 'public',
      answers: { 200: { meaning: 'What was asked for.', ...answer } },
      problems: [],
      example: {},
      handle: (_request, reply) => reply.type(answer.mediaType).send(send()),
    });
    const authenticator = { authenticate: () => trustedPrincipal('test') };
    const load = new Load(httpLimits);
    const admission = new Admission(httpLimits, load, { proxied: false });
    const rates = new RateLimits({ rates: {}, bucketsMax: httpLimits.bucketsMax, proxied: false });
    register(app, declared, { authenticator, access: unrestrictedAccess, admission, rates });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url: `${url}/probe`, [Symbol.asyncDispose]: () => app.close() };
  }

  it.each([
    ['an ETag, which names its bytes', { mediaType: 'application/json', headers: { etag: 'The revision.' } }],
    ['a stream of events', { mediaType: 'text/event-stream' }],
  ])('with %s, is sent as it is', async (_, answer) => {
    await using probe = await serverOf(answer, () => 'x'.repeat(5_000));
    const response = await fetch(probe.url, { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    expect((await response.text()).length).toBe(5_000);
  });

  it('with a stream of lines, is compressed line by line, without waiting for the next', async () => {
    const gate = Promise.withResolvers<void>();
    async function* lines() {
      yield `${JSON.stringify({ first: 'x'.repeat(100) })}\n`;
      await gate.promise;
      yield '{"last":true}\n';
    }
    await using probe = await serverOf({ mediaType: 'application/x-ndjson' }, () => Readable.from(lines()));
    const seen = await new Promise<string[]>((resolve, reject) => {
      const found: string[] = [];
      get(probe.url, { headers: { 'accept-encoding': 'gzip' }, agent: false }, (answer) => {
        expect(answer.headers['content-encoding']).toBe('gzip');
        answer
          .pipe(createGunzip())
          .on('data', (piece: Buffer) => {
            found.push(String(piece));
            gate.resolve();
          })
          .on('end', () => resolve(found));
      }).on('error', reject);
    });
    expect(seen.map((line) => line.slice(0, 8))).toEqual(['{"first"', '{"last":']);
  });
});
