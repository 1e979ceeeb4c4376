/**
 * More than the server can do, over real sockets and a sink of known speed: what is answered stays as much
 * and as fast as without the surplus, nobody who was refused left anything behind, and it is over when it is
 * over.
 */
import { Agent, request as send } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CommandGuard } from '../../../../domain/access/guard.ts';
import type { CommandSink, Outcome } from '../../../../domain/ports.ts';
import type { Command } from '../../../../domain/ticket/commands.ts';
import { type Harness, startServer } from '../harness.ts';

const serviceMs = 20;
const serversCount = 4;
const capacity = (serversCount * 1_000) / serviceMs;
const limits = { atOnceLeast: 4, atOnceMost: 64, waitMsMax: 100 };

/** An engine behind a few servers that take their time, and a queue without any bound: named a fake. */
class FakeSlowSink implements CommandSink {
  readonly #engine: CommandSink;
  readonly #waiting: (() => void)[] = [];
  #free = serversCount;
  #busySinceMs: number | undefined;
  /** For how long all of its servers were busy. */
  busyMs = 0;

  constructor(engine: CommandSink) {
    this.#engine = engine;
  }

  async submit(commands: readonly Command[], guard?: CommandGuard): Promise<readonly Outcome[]> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    if (this.#free === 0) this.#busySinceMs ??= performance.now();
    await wait(serviceMs);
    const outcomes = await this.#engine.submit(commands, guard);
    const next = this.#waiting.shift();
    if (next === undefined) this.#becomeFree();
    else next();
    return outcomes;
  }

  #becomeFree(): void {
    this.#free += 1;
    if (this.#busySinceMs === undefined) return;
    this.busyMs += performance.now() - this.#busySinceMs;
    this.#busySinceMs = undefined;
  }
}

interface Sample {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: string | undefined;
}

/** Callers who do not wait for each other: an open loop, on connections that are kept. */
class Callers implements Disposable {
  readonly #server: Harness;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2_000 });

  constructor(server: Harness) {
    this.#server = server;
  }

  /** Sends `perSecond` for `seconds`, and resolves with all answers. */
  async call(perSecond: number, seconds: number): Promise<readonly Sample[]> {
    const answers: Promise<Sample>[] = [];
    const startedAtMs = performance.now();
    for (let passed = 0; passed < seconds * 1_000; passed = performance.now() - startedAtMs) {
      while (answers.length < (passed * perSecond) / 1_000) answers.push(this.#open());
      await wait(2);
    }
    return Promise.all(answers);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #open(): Promise<Sample> {
    const startedAtMs = performance.now();
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: this.#agent, headers: { 'content-type': 'application/json' } };
      const request = send(`${this.#server.url}/v1/tickets`, options, (response) => {
        const { statusCode: status = 0, headers } = response;
        const ms = () => performance.now() - startedAtMs;
        response.resume().on('end', () => resolve({ status, ms: ms(), retryAfter: headers['retry-after'] }));
      });
      request.on('error', reject).end('{"data":{}}');
    });
  }
}

const opened = (samples: readonly Sample[]) => samples.filter(({ status }) => status === 201);
const refused = (samples: readonly Sample[]) => samples.filter(({ status }) => status === 503);

function percentile(samples: readonly Sample[], share: number): number {
  const sorted = samples.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

describe('three times what the server can do', () => {
  it('goodput stays, answers stay fast, the rest is refused, and it ends at once', async () => {
    let slow: FakeSlowSink | undefined;
    const sink = (engine: CommandSink) => {
      slow = new FakeSlowSink(engine);
      return slow;
    };
    await using server = await startServer({ limits, sink });
    using callers = new Callers(server);
    // The first requests of a process are slow, and say nothing.
    await callers.call(capacity * 0.5, 0.5);
    const logged = await server.log.head();

    const busyMsBefore = slow?.busyMs ?? 0;
    const startedAtMs = performance.now();
    const under = await callers.call(capacity * 3, 2);
    const tookMs = performance.now() - startedAtMs;
    const good = opened(under);
    // Its time and not its rate, which is another on a machine that is busy otherwise.
    expect(((slow?.busyMs ?? 0) - busyMsBefore) / tookMs).toBeGreaterThan(0.7);
    // In the sink's own queue, without admission, the last would wait until all were answered.
    const allAnsweredMs = (under.length * tookMs) / good.length;
    expect(percentile(good, 0.99)).toBeLessThan(allAnsweredMs / 2);
    const no = refused(under);
    expect(good.length + no.length).toBe(under.length);
    expect(no.length).toBeGreaterThan(under.length / 3);
    expect(new Set(no.map(({ retryAfter }) => retryAfter))).toEqual(new Set(['1', '2', '3']));

    const after = await callers.call(capacity * 0.5, 0.5);
    expect(opened(after).length).toBeGreaterThan(after.length * 0.9);
    // What was refused left nothing behind, and what was acknowledged is there.
    expect(await server.log.head()).toBe(logged + good.length + opened(after).length);
    expect(server.reported).toEqual([]);
  });

  it('health is answered all the while', async () => {
    await using server = await startServer({ limits, sink: (engine) => new FakeSlowSink(engine) });
    using callers = new Callers(server);
    const loading = callers.call(capacity * 3, 1);
    const statuses: number[] = [];
    for (let asked = 0; asked < 10; asked += 1) {
      statuses.push((await server.get('/healthz')).status, (await server.get('/readyz')).status);
      await wait(50);
    }
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(refused(await loading).length).toBeGreaterThan(0);
  });
});

/** A sink that never answers. */
function stuck() {
  let waiting = 0;
  const sink: CommandSink = {
    submit: () => {
      waiting += 1;
      return new Promise(() => undefined);
    },
  };
  return { sink, waiting: () => waiting };
}

describe('lanes', () => {
  const narrow = { atOnceLeast: 1, atOnceMost: 1, bulkAtOnceMax: 1, waitMsMax: 20, drainMsMax: 20 };
  const leave = (calls: readonly Promise<unknown>[]) => Promise.allSettled(calls);

  it('do not starve each other: writes that hang leave room for reads, bulk for writes', async () => {
    const { sink, waiting } = stuck();
    const server = await startServer({ limits: narrow, sink: () => sink });
    const bulk = server.post('/v1/commands', { commands: [] });
    await expect.poll(waiting).toBe(1);
    const write = server.post('/v1/tickets', { data: {} });
    await expect.poll(waiting).toBe(2);
    expect((await server.post('/v1/tickets', { data: {} })).status).toBe(503);
    expect(waiting()).toBe(2);
    expect((await server.get('/v1/workflows')).status).toBe(200);
    await server[Symbol.asyncDispose]();
    await leave([bulk, write]);
  });

  it('let a short burst wait instead of refusing it', async () => {
    await using server = await startServer({ limits: { ...limits, atOnceMost: 4, waitMsMax: 2_000 } });
    const burst = Array.from({ length: 100 }, () => server.post('/v1/tickets', { data: {} }));
    expect(new Set((await Promise.all(burst)).map(({ status }) => status))).toEqual(new Set([201]));
  });

  it('forget callers who went away while they waited', async () => {
    const { sink, waiting } = stuck();
    const server = await startServer({ limits: { ...narrow, waitMsMax: 5_000 }, sink: () => sink });
    const inside = server.post('/v1/tickets', { data: {} });
    await expect.poll(waiting).toBe(1);
    const gone = new AbortController();
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"data":{}}' };
    const left = fetch(`${server.url}/v1/tickets`, { ...init, signal: gone.signal });
    await expect.poll(() => server.server.requestsInFlight).toBe(2);
    gone.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    await server[Symbol.asyncDispose]();
    await leave([inside]);
    expect(waiting()).toBe(1);
  });
});

describe('a refusal', () => {
  it('is a whole problem document, and its connection goes on', async () => {
    const { sink, waiting } = stuck();
    const server = await startServer({
      limits: { atOnceLeast: 1, atOnceMost: 1, waitMsMax: 1, drainMsMax: 20 },
      sink: () => sink,
    });
    const inside = server.post('/v1/tickets', { data: {} });
    await expect.poll(waiting).toBe(1);
    const answer = await server.post('/v1/tickets', { data: {} });
    expect(answer.status).toBe(503);
    expect(answer.type).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: 'urn:docket:error:overloaded',
      title: 'A bounded queue is full.',
      status: 503,
      detail: 'more requests came than can be answered now; try again later',
      code: 'overloaded',
      retry: true,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('connection')).not.toBe('close');
    const large = await server.post('/v1/tickets', { data: { fields: { note: 'x'.repeat(100_000) } } });
    expect([large.status, large.headers.get('connection')]).toEqual([503, 'close']);
    await server[Symbol.asyncDispose]();
    await Promise.allSettled([inside]);
  });

  it('beyond the last bound is followed by silence: the connection is not read for a time', async () => {
    const { sink, waiting } = stuck();
    const refusedPauseMs = 200;
    const server = await startServer({
      limits: { requestsInFlightMax: 1, refusedPauseMs, drainMsMax: 20 },
      sink: () => sink,
    });
    const inside = server.post('/v1/tickets', { data: {} });
    await expect.poll(waiting).toBe(1);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.write('POST /v1/tickets HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
    await expect.poll(() => text).toContain('503');
    const refusedAtMs = performance.now();
    socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
    await expect.poll(() => text).toContain('"status":"alive"');
    expect(performance.now() - refusedAtMs).toBeGreaterThan(refusedPauseMs * 0.7);
    socket.destroy();
    await server[Symbol.asyncDispose]();
    await Promise.allSettled([inside]);
  });
});
