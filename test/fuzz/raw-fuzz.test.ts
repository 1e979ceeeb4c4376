/**
 * Bytes that no HTTP client would send: odd headers, bodies in odd chunks, random HTTP/2 frames. Whatever
 * comes, a connection ends or is answered below 500, and the server goes on with its other callers.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../adapters/simulation/random.ts';
import { type Harness, startServer } from '../adapters/http/harness.ts';
import { testCertificate } from '../adapters/http/requester.ts';
import { damaged, oddText } from './odd-values.ts';

const headersAll = 4_000;
const streamsAll = 400;
const framesAll = 4_000;
const framesPerConnection = 20;
const connections = 8;
const silenceMs = 300;
/** Far beyond that, for machines with much else to do. */
const answerMs = 5_000;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

let hasty: Harness;
let plain: Harness;
let secure: Harness;
beforeAll(async () => {
  hasty = await startServer({
    limits: { headersMsMax: silenceMs, requestMsMax: silenceMs, arrivalSweepMs: 50 },
  });
  plain = await startServer();
  secure = await startServer({ protocol: 'http2' });
});
afterAll(async () => {
  await hasty[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
  await secure[Symbol.asyncDispose]();
});

/** What came until the connection ended, or was silent. */
function told(socket: Socket, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const end = () => {
      socket.destroy();
      resolve(Buffer.concat(pieces).toString('latin1'));
    };
    socket.on('data', (piece) => pieces.push(piece)).on('end', end);
    socket.on('close', end).on('error', end);
    socket.setTimeout(answerMs, end).write(bytes);
  });
}

async function together(count: number, work: (random: Random) => Promise<void>): Promise<void> {
  const random = new Random(seed);
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await work(random);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

const names = ['content-length', 'transfer-encoding', 'host', 'connection', 'authorization', 'upgrade', 'te'];
const lineEnds = ['\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n '];

function oddRequest(random: Random): Buffer {
  const path = random.pick(['/healthz', '/v1/tickets', '/v1/commands', '*', '//', oddText(random)]);
  const start = `${random.pick(['GET', 'POST', 'PUT', 'HEAD', 'TRACE', 'CONNECT', 'G T'])} ${path} HTTP/1.1\r\n`;
  const count = random.below(8);
  const lines = Array.from({ length: count }, () => {
    const name = random.chance(0.7) ? random.pick(names) : oddText(random);
    return `${name}: ${random.pick(['0', '2', 'chunked', 'close', oddText(random)])}${random.pick(lineEnds)}`;
  });
  const whole = Buffer.from(`${start}host: x\r\nconnection: close\r\n${lines.join('')}\r\n{}`, 'latin1');
  return random.chance(0.3) ? damaged(random, whole) : whole;
}

it(`survives ${headersAll} requests with odd bytes`, { timeout: 120_000 }, async () => {
  const { hostname, port } = new URL(hasty.url);
  let refused = 0;
  await together(headersAll, async (random) => {
    const bytes = oddRequest(random);
    const answer = await told(connect(Number(port), hostname), bytes);
    const where = `seed ${seed}: ${JSON.stringify(bytes.toString('latin1'))}`;
    for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)) {
      expect(Number(status), `${where}\n${answer}`).toBeLessThan(500);
      if (Number(status) >= 400) refused += 1;
    }
  });
  expect(refused).toBeGreaterThan(headersAll / 10);
  expect(hasty.reported, `seed ${seed}`).toEqual([]);
  expect((await hasty.get('/healthz')).status).toBe(200);
});

/** The text in chunks of any size, some cut in the middle of a line, a character or an escape. */
function chunked(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + random.below(random.pick([2, 10, 200])));
    chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

it(`answers each line of ${streamsAll} streams, however they are cut`, { timeout: 120_000 }, async () => {
  const { hostname, port } = new URL(plain.url);
  const before = await plain.log.head();
  const head =
    'POST /v1/commands HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n';
  let opened = 0;
  let tickets = 0;
  await together(streamsAll, async (random) => {
    const lines = Array.from({ length: 1 + random.below(12) }, () => {
      tickets += 1;
      const good = { type: 'OpenTicket', ticketId: `N-${tickets}`, data: { fields: { subject: '🎫é' } } };
      if (random.chance(0.3)) return '{"type":';
      opened += 1;
      return JSON.stringify(good);
    });
    const text = lines.map((line) => `${line}${random.pick(['\n', '\r\n'])}`).join('');
    const body = chunked(random, text);
    const answer = await told(connect(Number(port), hostname), Buffer.concat([Buffer.from(head), body]));
    const outcomes = answer.match(/"status":"(accepted|rejected)"/g) ?? [];
    expect(outcomes, `seed ${seed}: ${text}\n${answer}`).toEqual(
      lines.map((line) => `"status":"${line.endsWith('}') ? 'accepted' : 'rejected'}"`),
    );
  });
  expect(await plain.log.head()).toBe(before + opened);
});

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

function frame(random: Random): Buffer {
  const payload = Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  const header = Buffer.alloc(9);
  header.writeUIntBE(random.chance(0.9) ? payload.length : random.below(2 ** 24), 0, 3);
  header[3] = random.chance(0.9) ? random.below(10) : random.below(256);
  header[4] = random.below(256);
  header.writeUInt32BE(random.chance(0.9) ? random.below(8) : random.below(2 ** 31), 5);
  return Buffer.concat([header, payload]);
}

it(`survives ${framesAll} random HTTP/2 frames`, { timeout: 120_000 }, async () => {
  const { hostname, port } = new URL(secure.url);
  const ca = testCertificate.certificate;
  let ended = 0;
  await together(framesAll / framesPerConnection, async (random) => {
    const frames = Array.from({ length: framesPerConnection }, () => frame(random));
    const socket = connectTls({ host: hostname, port: Number(port), ca, ALPNProtocols: ['h2'] });
    await told(socket, Buffer.concat([preface, settings, ...frames]));
    ended += 1;
  });
  expect(ended).toBe(framesAll / framesPerConnection);
  await sleep(100);
  expect(secure.reported, `seed ${seed}`).toEqual([]);
  expect(await secure.log.head(), `seed ${seed}`).toBe(0);
  expect((await secure.get('/healthz')).status).toBe(200);
});
