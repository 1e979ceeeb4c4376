/**
 * Thousands of connections that do nothing: what each costs the server, that it answers others meanwhile,
 * that there is an end to them, and that it closes them in time. The server is a process of its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { HttpLimits } from '../../../adapters/http/limits.ts';
import { type Protocol, testCertificate } from './requester.ts';

const ask = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n';
/** Connections that are being opened at once: fewer than a listen queue holds. */
const openingMax = 200;
const filesMax = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);

interface Child {
  readonly url: URL;
  /** In bytes, after a collection. */
  memory(): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function serverWith(protocol: Protocol, limits: Partial<HttpLimits>): Promise<Child> {
  const { certificate, key } = testCertificate;
  const options = { limits, ...(protocol === 'http1' ? {} : { tls: { certificate, key } }) };
  const child = fork(join(import.meta.dirname, 'idle-server.ts'), [JSON.stringify(options)], {
    execArgv: ['--expose-gc'],
  });
  const told = (await message(child)) as { url: string };
  return {
    url: new URL(told.url),
    memory: async () => {
      child.send('memory');
      return ((await message(child)) as { rss: number }).rss;
    },
    [Symbol.asyncDispose]: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve).once('exit', () => reject(new Error('the server has ended')));
  });
}

interface Idle {
  readonly closed: Promise<void>;
  destroy(): void;
}

/** A connection on which one request was answered; rejects where there was no answer. */
function open(protocol: Protocol, { hostname, port }: URL): Promise<Idle> {
  const at = { host: hostname, port: Number(port), ca: testCertificate.certificate };
  switch (protocol) {
    case 'http1':
      return answered(connect(at));
    case 'https1':
      return answered(connectTls(at));
    case 'http2':
      return new Promise((resolve, reject) => {
        const session = connectHttp2(`https://${hostname}:${port}`, { ca: at.ca }).on('error', reject);
        const closed = new Promise<void>((done) => session.once('close', () => done()));
        const stream = session.request({ ':path': '/healthz' }).on('error', reject);
        stream.resume().on('end', () => resolve({ closed, destroy: () => session.destroy() }));
      });
    default:
      return protocol;
  }
}

function answered(socket: Socket): Promise<Idle> {
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  return new Promise((resolve, reject) => {
    socket.on('error', reject).once('close', () => reject(new Error('closed without an answer')));
    socket.once('data', () => resolve({ closed, destroy: () => socket.destroy() }));
    socket.write(ask);
  });
}

async function openMany(count: number, protocol: Protocol, url: URL): Promise<Idle[]> {
  const opened: Idle[] = [];
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left -= 1;
      opened.push(await open(protocol, url));
    }
  };
  await Promise.all(Array.from({ length: openingMax }, opener));
  return opened;
}

describe('idle connections', () => {
  it.for([
    ['http1', 10_000, 40],
    ['https1', 500, 150],
    ['http2', 500, 250],
  ] as const)(
    'over %s, %i of them, cost less than %i KiB each',
    { timeout: 120_000 },
    async ([protocol, count, kibMax], context) => {
      if (filesMax < count + 1_000) context.skip(`a process may open ${filesMax} files only (ulimit -n)`);
      const spare = 10;
      await using server = await serverWith(protocol, { connectionsMax: count + spare });
      // What the first connections load is not the price of those after.
      for (const first of await openMany(spare, protocol, server.url)) first.destroy();
      const before = await server.memory();
      const idle = await openMany(count, protocol, server.url);
      const each = ((await server.memory()) - before) / count / 1_024;
      const startedAtMs = performance.now();
      const others = await openMany(spare, protocol, server.url);
      const answerMs = performance.now() - startedAtMs;
      await expect(open(protocol, server.url)).rejects.toThrow();
      console.info(
        `${protocol}: ${each.toFixed(1)} KiB each; ${spare} more answered in ${answerMs.toFixed(0)} ms`,
      );
      expect(each).toBeLessThan(kibMax);
      expect(answerMs).toBeLessThan(2_000);
      for (const each of [...idle, ...others]) each.destroy();
    },
  );

  it.each(['http1', 'https1', 'http2'] as const)('over %s are closed in time', async (protocol) => {
    await using server = await serverWith(protocol, { keepAliveMsMax: 200, arrivalSweepMs: 50 });
    const idle = await openMany(100, protocol, server.url);
    await Promise.all(idle.map(({ closed }) => closed));
    for (const each of await openMany(1, protocol, server.url)) each.destroy();
  });
});
