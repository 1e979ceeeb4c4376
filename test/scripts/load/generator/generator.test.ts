/** Stages as a whole: counts, warm-up, workers; and against the real server, where the log is what counts. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { developmentCertificate } from '../../../../adapters/certificates/development-certificate.ts';
import { buildServer } from '../../../../adapters/http/server.ts';
import { MemoryLog } from '../../../../adapters/log/memory/memory-log.ts';
import { httpParts } from '../../../../scripts/bench/http-parts.ts';
import {
  Generator,
  type GeneratorPlan,
  type GeneratorSecond,
} from '../../../../scripts/load/generator/generator.ts';
import { GeneratorThread } from '../../../../scripts/load/generator/generator-thread.ts';
import { allEvents, engineOn } from '../../../support/engine.ts';

const plan: Omit<GeneratorPlan, 'targets'> = {
  protocol: 'http1',
  mix: [{ action: 'read', weight: 1 }],
  seed: 11,
  requestTimeoutMs: 5_000,
  workers: 2,
  tickets: ['T1', 'T2', 'T3'],
};

describe('a stage', () => {
  let server: Server;
  let targets: GeneratorPlan['targets'];
  let paths: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      request.resume();
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    targets = [{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: '' }];
  });
  afterAll(() => {
    server.close();
  });

  it('sends exactly what a ramp and a burst ask for, shared by its workers', async () => {
    const generator = await Generator.start({ ...plan, targets });
    const rows: GeneratorSecond[] = [];
    const shape = { shape: 'ramp', fromPerSecond: 20, toPerSecond: 180, seconds: 2 } as const;
    const ramp = await generator.run({ name: 'ramp', users: 9, warmSeconds: 0, shape }, (row) =>
      rows.push(row),
    );
    const burst = await generator.run({
      name: 'burst',
      users: 33,
      warmSeconds: 0,
      shape: { shape: 'burst', requests: 301, withinSeconds: 0 },
    });
    await generator.stop();
    expect(ramp).toMatchObject({ due: 200, sent: 200, notSent: 0, endings: { succeeded: 200 } });
    // 20·t + 40·t² in the first second.
    expect(ramp.seconds.map(({ second, due }) => [second, due])).toEqual([
      [0, 60],
      [1, 140],
    ]);
    expect(rows.toSorted((left, right) => left.second - right.second)).toEqual(ramp.seconds);
    expect(ramp.latencyByAction.get('read')?.totalCount).toBe(200);
    expect(burst).toMatchObject({ due: 301, sent: 301, endings: { succeeded: 301 } });
    expect(burst.seconds).toHaveLength(1);
    expect(burst.lastAnswerAtMs).toBeGreaterThan(burst.firstDueAtMs);
    expect(burst.firstDueAtMs).toBeGreaterThan(ramp.lastAnswerAtMs);
  });

  it('leaves its warm-up out of the figures, not out of the rows', async () => {
    const generator = await Generator.start({ ...plan, targets });
    const shape = { shape: 'hold', perSecond: 50, seconds: 1.5 } as const;
    const outcome = await generator.run({ name: 'warm', users: 4, warmSeconds: 1, shape });
    await generator.stop();
    expect(outcome).toMatchObject({ due: 25, sent: 25, endings: { succeeded: 25 } });
    expect(outcome.latency.totalCount).toBe(25);
    expect(outcome.sendDelay.totalCount).toBe(25);
    expect(outcome.seconds.map(({ due }) => due)).toEqual([50, 25]);
  });

  it('asks the same for the same seed, and something else for another', async () => {
    const mix = [
      { action: 'open', weight: 1 },
      { action: 'search', weight: 1 },
      { action: 'history', weight: 2 },
    ] as const;
    const asked = async (seed: number) => {
      paths = [];
      const generator = await Generator.start({ ...plan, mix, seed, workers: 1, targets });
      const shape = { shape: 'hold', perSecond: 100, seconds: 0.4 } as const;
      await generator.run({ name: 'seeded', users: 1, warmSeconds: 0, shape });
      await generator.stop();
      return paths;
    };
    const first = await asked(5);
    expect(first).toHaveLength(40);
    expect(await asked(5)).toEqual(first);
    expect(await asked(6)).not.toEqual(first);
  });
});

describe('a generator', () => {
  const targets = [{ url: 'http://127.0.0.1:9', key: '' }];
  const refused = (changed: Partial<GeneratorPlan>) => Generator.start({ ...plan, targets, ...changed });

  it('refuses what it can not carry out, and says why', async () => {
    await expect(refused({ mix: [{ action: 'classify', weight: 1 }] })).rejects.toThrow(/classify/);
    await expect(refused({ tickets: ['T1'] })).rejects.toThrow(
      /read need tickets: at least one for each worker/,
    );
    await expect(refused({ targets: [{ url: 'ftp://x', key: '' }] })).rejects.toThrow(/ftp:\/\/x/);
    await expect(refused({ targets: [{ url: 'http://x', key: 'a\r\nb: c' }] })).rejects.toThrow(
      /the key for/,
    );
    await expect(refused({ protocol: 'http2' })).rejects.toThrow(/not https/);
    await expect(refused({ workers: 0 })).rejects.toThrow(/workers is 0/);
  });

  it('fails its run when a worker dies', async () => {
    const { workers: _, ...own } = plan;
    // Past the check, so that the thread meets what it can not do.
    const thread = new GeneratorThread({
      ...own,
      targets,
      worker: 0,
      mix: [{ action: 'classify', weight: 1 }],
    });
    const shape = { shape: 'burst', requests: 1, withinSeconds: 0 } as const;
    await thread.prepare({ kind: 'prepare', shape, users: 1, warmSeconds: 0, workers: 1 });
    const sending = thread.send(0, () => {});
    await expect(sending).rejects.toThrow(/worker 0 of the generator ended: bug: a plan with classify/);
    await expect(thread.send(0, () => {})).rejects.toThrow(/ended/);
    await thread.stop(1_000);
  });
});

describe('against the real server', () => {
  const certificate = developmentCertificate({ hosts: [], days: 1, now: Date.now() });

  it.for([
    ['HTTP/1.1', 'http1', undefined],
    ['HTTP/1.1 and TLS', 'http1', certificate],
    ['HTTP/2', 'http2', certificate],
  ] as const)('is told of exactly the events that the log then holds, over %s', async ([, protocol, tls]) => {
    const log = new MemoryLog({ clock: Date });
    const engine = engineOn(log, { clock: Date });
    const server = buildServer({ ...httpParts(engine, log), ...(tls === undefined ? {} : { tls }) });
    const url = await server.listen({ host: '127.0.0.1', port: 0 });
    const generator = await Generator.start({
      ...plan,
      tickets: [],
      protocol,
      targets: [{ url, key: 'anybody', ...(tls === undefined ? {} : { certificate: tls.certificate }) }],
      mix: [
        { action: 'open', weight: 3 },
        { action: 'advance', weight: 5 },
        { action: 'comment', weight: 3 },
        { action: 'read', weight: 1 },
        { action: 'history', weight: 1 },
        { action: 'list', weight: 1 },
        { action: 'search', weight: 1 },
      ],
    });
    const shape = { shape: 'hold', perSecond: 300, seconds: 1 } as const;
    const first = await generator.run({ name: 'first', users: 20, warmSeconds: 0.5, shape });
    const second = await generator.run({
      name: 'second',
      users: 5,
      warmSeconds: 0,
      shape: { shape: 'burst', requests: 200, withinSeconds: 0 },
    });
    await generator.stop();
    await server.close();
    expect(first.endings).toMatchObject({ succeeded: 150, refused: 0, failed: 0, reset: 0 });
    expect(second.endings).toMatchObject({ succeeded: 200 });
    const events = await allEvents(log);
    expect(first.events + second.events).toBe(events.length);
    const opened = events.filter(({ type }) => type === 'TicketOpened');
    expect(first.ticketsOpened + second.ticketsOpened).toBe(opened.length);
    expect(new Set([...first.newTickets, ...second.newTickets])).toEqual(
      new Set(opened.map(({ ticketId }) => ticketId)),
    );
    const types = new Set(events.map(({ type }) => type));
    for (const type of ['TicketAssigned', 'TicketEscalated', 'TicketResolved', 'CommentAdded']) {
      expect(types).toContain(type);
    }
  });
});
