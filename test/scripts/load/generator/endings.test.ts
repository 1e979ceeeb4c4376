/** How requests end, each way caused by a server that does just that. */
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { developmentCertificate } from '../../../../adapters/certificates/development-certificate.ts';
import { Generator, type GeneratorPlan } from '../../../../scripts/load/generator/generator.ts';

const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

const requestTimeoutMs = 1_000;
const plan: Omit<GeneratorPlan, 'targets'> = {
  protocol: 'http1',
  mix: [{ action: 'open', weight: 1 }],
  seed: 7,
  requestTimeoutMs,
  workers: 1,
  tickets: [],
};

/** Ten requests, of which those that are due later meet what those before left behind. */
async function tenRequests(targets: GeneratorPlan['targets'], protocol: GeneratorPlan['protocol'] = 'http1') {
  const generator = await Generator.start({ ...plan, targets, protocol });
  const shape = { shape: 'burst', requests: 10, withinSeconds: 0.2 } as const;
  const outcome = await generator.run({ name: 'ten', users: 10, warmSeconds: 0, shape });
  await generator.stop();
  return outcome;
}

const expected = {
  succeeded: 2,
  throttled: 2,
  overloaded: 1,
  refused: 1,
  failed: 1,
  reset: 2,
  timed_out: 1,
  not_connected: 0,
};
const opened = '{"status":"accepted","ticketId":"T1","revision":1,"events":2}';

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('over HTTP/1.1, requests', () => {
  it('end as the server let them end', async () => {
    let requests = 0;
    const server = createHttpServer((request, response) => {
      request.resume();
      const number = requests;
      requests += 1;
      const answers: readonly (() => void)[] = [
        () => response.writeHead(201).end(opened),
        // In chunks, and the connection does not last.
        () => {
          response.writeHead(201, { connection: 'close' }).write(opened.slice(0, 20));
          response.end(opened.slice(20));
        },
        () => response.writeHead(429, { 'retry-after': '1' }).end('{}'),
        () => response.writeHead(429).end('{}'),
        () => response.writeHead(503).end('{}'),
        () => response.writeHead(404).end('{}'),
        () => response.writeHead(500).end('{}'),
        () => response.socket?.resetAndDestroy(),
        // An answer that breaks off in its middle is none.
        () => response.writeHead(201, { 'content-length': 90 }).write(opened, () => response.destroy()),
        // And the tenth gets none at all.
      ];
      answers[number]?.();
    });
    stops.push(() => server.close());
    const outcome = await tenRequests([{ url: `http://127.0.0.1:${await portOf(server)}`, key: 'k' }]);
    expect(outcome.endings).toEqual(expected);
    expect(outcome).toMatchObject({ due: 10, sent: 10, notSent: 0, events: 4, ticketsOpened: 2 });
    expect(outcome.newTickets).toEqual(['T1', 'T1']);
    expect(outcome.retryAfterMissing).toBe(2);
    // Seven answers and what timed out, which took at least its timeout.
    expect(outcome.latency.totalCount).toBe(8);
    expect(outcome.latency.maxValue).toBeGreaterThanOrEqual(requestTimeoutMs * 1_000);
  });

  it('are not connected where nobody listens, and reset where somebody speaks no HTTP', async () => {
    const tcp = createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n\r\n'));
    const port = await portOf(tcp);
    stops.push(() => tcp.close());
    const wrong = await tenRequests([{ url: `http://127.0.0.1:${port}`, key: '' }]);
    expect(wrong.endings.reset).toBe(10);
    const closed = createTcpServer();
    const closedPort = await portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    const nobody = await tenRequests([{ url: `http://127.0.0.1:${closedPort}`, key: '' }]);
    expect(nobody.endings.not_connected).toBe(10);
    expect(nobody.latency.totalCount).toBe(0);
  });

  it('go out over new connections when the server has closed the old ones', async () => {
    const server = createHttpServer((request, response) => {
      request.resume();
      response.writeHead(201).end(opened);
    });
    stops.push(() => server.close());
    const targets = [{ url: `http://127.0.0.1:${await portOf(server)}`, key: '' }];
    const generator = await Generator.start({ ...plan, targets });
    const shape = { shape: 'burst', requests: 10, withinSeconds: 0.1 } as const;
    const stage = { name: 'again', users: 5, warmSeconds: 0, shape };
    const first = await generator.run(stage);
    server.closeAllConnections();
    await sleep(300);
    const second = await generator.run(stage);
    await generator.stop();
    expect([first.endings.succeeded, second.endings.succeeded]).toEqual([10, 10]);
  });
});

describe('over HTTP/2, requests', () => {
  it('end as the server let them end', async () => {
    const pair = developmentCertificate({ hosts: [], days: 1, now: Date.now() });
    const server = createSecureServer({ cert: pair.certificate, key: pair.key });
    let requests = 0;
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      const number = requests;
      requests += 1;
      const answer = (status: number, headers = {}, body = '{}') => {
        stream.respond({ ':status': status, ...headers });
        stream.end(body);
      };
      const answers: readonly (() => void)[] = [
        () => answer(201, {}, opened),
        () => answer(201, {}, opened),
        () => answer(429, { 'retry-after': '1' }),
        () => answer(429),
        () => answer(503),
        () => answer(404),
        () => answer(500),
        () => stream.close(2),
        () => {
          stream.respond({ ':status': 201 });
          stream.write(opened, () => stream.destroy(new Error('broken off')));
        },
      ];
      answers[number]?.();
    });
    const port = await portOf(server);
    stops.push(() => server.close());
    const { certificate } = pair;
    const outcome = await tenRequests([{ url: `https://127.0.0.1:${port}`, key: 'k', certificate }], 'http2');
    expect(outcome.endings).toEqual(expected);
    expect(outcome).toMatchObject({ events: 4, ticketsOpened: 2, retryAfterMissing: 2 });
    expect(outcome.latency.totalCount).toBe(8);
  });

  it('are not connected where nobody listens, or the certificate is not the one to believe', async () => {
    const pair = developmentCertificate({ hosts: [], days: 1, now: Date.now() });
    const other = developmentCertificate({ hosts: [], days: 1, now: Date.now() });
    const server = createSecureServer({ cert: pair.certificate, key: pair.key });
    server.on('sessionError', () => undefined);
    const url = `https://127.0.0.1:${await portOf(server)}`;
    const stranger = await tenRequests([{ url, key: '', certificate: other.certificate }], 'http2');
    expect(stranger.endings.not_connected).toBe(10);
    await new Promise((resolve) => server.close(resolve));
    const nobody = await tenRequests([{ url, key: '', certificate: pair.certificate }], 'http2');
    expect(nobody.endings.not_connected).toBe(10);
  });
});
