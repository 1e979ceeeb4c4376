/** Bodies that come compressed or slowly: read like others, and bounded by what they unpack to. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { actor } from '../../support/tickets.ts';
import { expectProblem, type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };
/** At its best quality it takes seconds for a bomb. */
const brotli = (body: string | Buffer) =>
  brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
const encoders = [
  ['gzip', gzipSync],
  ['br', brotli],
  ['zstd', zstdCompressSync],
] as const;

function post(server: Harness, encoding: string, body: Uint8Array<ArrayBuffer>) {
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  return server.send('/v1/tickets', { method: 'POST', headers, body });
}

describe.each(encoders)('a body compressed with %s', (encoding, compress) => {
  it('is read', async () => {
    await using server = await startServer();
    const body = JSON.stringify({ ticketId: 'Z', ...by, data: { fields: { a: 'x'.repeat(10_000) } } });
    const answer = await post(server, encoding, new Uint8Array(compress(body)));
    expect([answer.status, answer.body]).toMatchObject([201, { ticketId: 'Z' }]);
  });

  it('is refused when it unpacks to more than a body may have, long before all of it is there', async () => {
    await using server = await startServer({ limits: { bodyBytesMax: 100_000 } });
    const bomb = new Uint8Array(compress(Buffer.alloc(64 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage().arrayBuffers;
    expectProblem(await post(server, encoding, bomb), 413, 'body_too_large');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
    const sound = await post(server, encoding, new Uint8Array(compress(JSON.stringify({ ...by, data: {} }))));
    expect(sound.status).toBe(201);
  });

  it('is refused when its end is missing', async () => {
    await using server = await startServer();
    const whole = compress(JSON.stringify({ ...by, data: { fields: { a: 'some words that are long' } } }));
    const answer = await post(server, encoding, new Uint8Array(whole.subarray(0, whole.length - 12)));
    expectProblem(answer, 400, 'body_malformed');
    expect(await server.log.head()).toBe(0);
  });
});

describe('a body that is late', () => {
  it('is refused: 408, and the connection closed', async () => {
    await using server = await startServer({ limits: { requestMsMax: 50, arrivalSweepMs: 20 } });
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /v1/tickets HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write('content-length: 100\r\n\r\n{"a":');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [\s\S]*request_timeout/);
    expect(server.reported).toEqual([]);
  });

  it('and comes in single bytes is held as bytes, not as pieces', async () => {
    await using server = await startServer();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /v1/tickets HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n');
    socket.write('connection: close\r\ntransfer-encoding: chunked\r\n\r\n');
    const body = JSON.stringify({ ticketId: 'B', ...by, data: { fields: { a: 'ü☂'.repeat(300) } } });
    for (const byte of Buffer.from(body)) {
      socket.write(Buffer.from([0x31, 0x0d, 0x0a, byte, 0x0d, 0x0a]));
    }
    socket.write('0\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 201 /);
  });
});
