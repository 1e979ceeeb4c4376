/** HTTP/2 bounds: a connection that does too much of something is ended, and nobody else notices. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpLimits } from '../../../adapters/http/limits.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import { type Harness, startServer } from './harness.ts';
import { testCertificate } from './requester.ts';

const ca = testCertificate.certificate;
const json = { 'content-type': 'application/json' };
const never: CommandSink = { submit: () => new Promise(() => undefined) };

const warnings: string[] = [];
process.on('warning', ({ message }) => warnings.push(message));
afterEach(() => {
  // Headers that HTTP/2 does not have would be told of here.
  expect(warnings).toEqual([]);
});

function start(limits: Partial<HttpLimits> = {}, sink?: CommandSink): Promise<Harness> {
  return startServer({ protocol: 'http2', limits, ...(sink && { sink: () => sink }) });
}

function sessionTo(server: Harness): ClientHttp2Session {
  return connect(server.url, { ca }).on('error', () => undefined);
}

/** The status of a stream's answer; its reset code where there is none. */
function outcomeOf(stream: ClientHttp2Stream): Promise<number | string> {
  return new Promise((resolve) => {
    stream.on('response', (headers) => {
      stream.resume().on('end', () => resolve(headers[':status'] ?? 0));
    });
    stream.on('error', () => undefined).on('close', () => resolve(`code ${stream.rstCode}`));
  });
}

function closed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => (session.destroyed ? resolve() : session.once('close', resolve)));
}

describe('a connection', () => {
  it('has so many requests at once as it was told, and no further ones', async () => {
    await using server = await start({ http2StreamsMax: 3 }, never);
    const session = sessionTo(server);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(3);
    const post = { ':method': 'POST', ':path': '/v1/commands', ...json };
    const streams = Array.from({ length: 3 }, () => session.request(post).on('error', () => undefined));
    for (const stream of streams) stream.end('{"commands":[]}');
    await expect.poll(() => server.server.requestsInFlight).toBe(3);
    // Node's client keeps the bound by itself: it waits for one of the three to end.
    const fourth = outcomeOf(session.request({ ':path': '/healthz' }));
    expect(await Promise.race([fourth, sleep(50, 'waits')])).toBe('waits');
    // Opened in the moment in which another is cancelled, it may still be one too many.
    streams[0]?.close(constants.NGHTTP2_CANCEL);
    expect([200, `code ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`]).toContain(await fourth);
    session.destroy();
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
  });

  it('that cancels one request after the other is ended', async () => {
    await using server = await start({ http2ResetsBurst: 50, http2ResetsPerSecond: 1 });
    const session = sessionTo(server);
    const ended = new Promise((resolve) => session.once('goaway', resolve));
    for (let sent = 0; sent < 500 && !session.destroyed && !session.closed; sent += 1) {
      const stream = session.request({ ':path': '/healthz' }).on('error', () => undefined);
      stream.once('ready', () => stream.close(constants.NGHTTP2_CANCEL));
      if (sent % 20 === 0) await sleep(1);
    }
    expect(await ended).not.toBe(constants.NGHTTP2_NO_ERROR);
    await closed(session);
    expect((await server.get('/healthz')).status).toBe(200);
    expect(server.server.requestsInFlight).toBe(0);
  });

  it('without requests is closed after its time, though it pings', async () => {
    await using server = await start({ keepAliveMsMax: 100, headersMsMax: 100, arrivalSweepMs: 20 });
    const fresh = sessionTo(server);
    const used = sessionTo(server);
    expect(await outcomeOf(used.request({ ':path': '/healthz' }))).toBe(200);
    const pinging = setInterval(() => !used.destroyed && !used.closed && used.ping(() => undefined), 10);
    await Promise.all([closed(fresh), closed(used)]);
    clearInterval(pinging);
  });

  it('with headers beyond the bound is refused them, and goes on', async () => {
    await using server = await start();
    const session = sessionTo(server);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    const long = { ':path': '/healthz', 'x-long': 'x'.repeat(40_000) };
    expect([431, `code ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`]).toContain(
      await outcomeOf(session.request(long)),
    );
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'y']));
    expect(await outcomeOf(session.request({ ':path': '/healthz', ...many }))).toMatch(/^code /);
    expect((await server.get('/healthz')).status).toBe(200);
    session.destroy();
  });
});

describe('a request', () => {
  it('that is answered before its body ended gives its stream back, and the connection goes on', async () => {
    await using server = await start({ bodyBytesMax: 1_000 });
    const session = sessionTo(server);
    const post = { ':method': 'POST', ':path': '/v1/commands', ...json };
    const announced = session.request({ ...post, 'content-length': '5000' });
    announced.write('{');
    expect(await outcomeOf(announced)).toBe(413);
    const growing = session.request(post);
    growing.write('x'.repeat(2_000));
    expect(await outcomeOf(growing)).toBe(413);
    const wrong = session.request({ ...post, 'content-type': 'text/plain' });
    wrong.write('x');
    expect(await outcomeOf(wrong)).toBe(415);
    expect(await outcomeOf(session.request({ ':path': '/healthz' }))).toBe(200);
    expect(session.closed).toBe(false);
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    session.destroy();
  });

  it('whose body never ends is answered in time', async () => {
    await using server = await start({ answerMsMax: 50, answerSweepMs: 10 });
    const session = sessionTo(server);
    const stream = session.request({ ':method': 'POST', ':path': '/v1/commands', ...json });
    const trickle = setInterval(() => !stream.destroyed && stream.write(' '), 5);
    expect(await outcomeOf(stream)).toBe(503);
    clearInterval(trickle);
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    session.destroy();
  });

  it('whose client goes away in the middle is forgotten, and reported to nobody', async () => {
    await using server = await start();
    const session = sessionTo(server);
    const stream = session.request({ ':method': 'POST', ':path': '/v1/commands', ...json });
    stream.on('error', () => undefined).write('{"commands":');
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    session.destroy();
    expect(server.reported).toEqual([]);
  });

  it('with an address that has too long a part is told so', async () => {
    await using server = await start();
    expect((await server.get(`/v1/tickets/${'x'.repeat(201)}`)).status).toBe(414);
  });

  it('is told of strict transport, unless its server is the own machine', async () => {
    await using server = await start();
    expect((await server.get('/healthz')).headers.get('strict-transport-security')).toMatch(/^max-age=\d+$/);
    const session = sessionTo(server);
    const local = session.request({ ':path': '/healthz', ':authority': 'localhost' });
    const headers = await new Promise<object>((resolve) => local.on('response', resolve));
    expect(headers).not.toHaveProperty('strict-transport-security');
    session.destroy();
  });
});

/** Frames as they are (RFC 9113, section 4.1), by a client that reads nothing. */
describe('a flood of', () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
  const frame = (type: number, payload: Buffer) =>
    Buffer.concat([
      Buffer.from([0, payload.length >> 8, payload.length & 0xff, type, 0, 0, 0, 0, 0]),
      payload,
    ]);
  const settings = (count: number) => {
    const entry = Buffer.from([0, 3, 0, 0, 0, 100]);
    return frame(4, Buffer.concat(Array.from({ length: count }, () => entry)));
  };

  async function floodedBy(server: Harness, flood: Buffer): Promise<void> {
    const { hostname, port } = new URL(server.url);
    const socket: TLSSocket = connectTls({ host: hostname, port: Number(port), ca, ALPNProtocols: ['h2'] });
    socket.on('error', () => undefined).pause();
    const over = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(Buffer.concat([preface, settings(0)]));
    const write = () => {
      if (!socket.destroyed) socket.write(flood, (error) => (error ? undefined : setImmediate(write)));
    };
    write();
    await over;
  }

  it.each([
    ['pings', Buffer.concat(Array.from({ length: 1_000 }, () => frame(6, Buffer.alloc(8))))],
    ['settings', Buffer.concat(Array.from({ length: 1_000 }, () => settings(1)))],
    ['settings in one frame', settings(100)],
  ])('%s ends its connection, and no other', async (_, flood) => {
    await using server = await start();
    const other = sessionTo(server);
    await floodedBy(server, flood);
    expect(await outcomeOf(other.request({ ':path': '/healthz' }))).toBe(200);
    other.destroy();
  });
});
