/** How the server stops: nothing new, everything under way finished, and never longer than its bound. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CommandSink } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { startServer } from './harness.ts';

const by = { actor: actor('agent') };

/** Waits for its gate before it passes commands on: a slow disk. */
function gated(engine: CommandSink) {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  const sink: CommandSink = {
    submit: async (commands) => {
      waiting += 1;
      await gate.promise;
      return engine.submit(commands);
    },
  };
  return { sink, open: gate.resolve, waiting: () => waiting };
}

describe('announceStop', () => {
  it('makes the server unready while it still serves', async () => {
    await using server = await startServer();
    server.server.announceStop();
    const ready = await server.get('/readyz');
    expect([ready.status, ready.body]).toMatchObject([503, { reasons: ['server: it is stopping'] }]);
    expect((await server.get('/healthz')).status).toBe(200);
    expect((await server.post('/v1/tickets', { ...by, data: {} })).status).toBe(201);
  });
});

describe('close under load', () => {
  it('answers what it carries out, and carries out nothing that it does not answer', async () => {
    // A disk that takes its time, so that there is always something under way.
    const slow = (engine: CommandSink): CommandSink => ({
      submit: async (commands) => {
        await sleep(30);
        return engine.submit(commands);
      },
    });
    await using server = await startServer({ sink: slow, limits: { farewellMs: 5 } });
    const answered = new Set<string>();
    let refused = 0;
    let stopped = false;
    const caller = async (name: number) => {
      for (let turn = 0; !stopped || turn < 20; turn += 1) {
        const ticketId = `L-${name}-${turn}`;
        const answer = await server.post('/v1/tickets', { ticketId, ...by, data: {} }).catch(() => undefined);
        if (answer === undefined) {
          // Nobody was there any more; whoever asks on hears the same.
          refused += 1;
          if (stopped) return;
        } else {
          expect(answer.status).toBe(201);
          answered.add(ticketId);
        }
      }
    };
    const callers = Array.from({ length: 16 }, (_, name) => caller(name));
    await expect.poll(() => answered.size).toBeGreaterThan(100);
    const closed = server.server.close().then(() => {
      stopped = true;
    });
    await Promise.all([closed, ...callers]);
    expect(refused).toBeGreaterThan(0);
    // Whatever was cut would still reach the log.
    await sleep(100);
    const carriedOut = new Set<string>();
    for await (const batch of server.log.read(1)) for (const { ticketId } of batch) carriedOut.add(ticketId);
    expect(carriedOut).toEqual(answered);
  });

  it('tells what runs without end to come to one, and stays in service for as long as it was told', async () => {
    await using server = await startServer({ unreadyMsMin: 150 });
    const startedAtMs = performance.now();
    const closed = server.server.close();
    expect((await server.get('/readyz')).status).toBe(503);
    expect((await server.post('/v1/tickets', { ...by, data: {} })).status).toBe(201);
    await closed;
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(149);
  });

  it('ends at once when it is cut', async () => {
    const sink: CommandSink = { submit: () => new Promise(() => undefined) };
    await using server = await startServer({ sink: () => sink, unreadyMsMin: 60_000 });
    const stuck = expect(server.post('/v1/commands', { commands: [] })).rejects.toThrow();
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    const closed = server.server.close();
    server.server.cut();
    await closed;
    await stuck;
  });
});

describe('close', () => {
  it('lets requests under way finish, and accepts no others', async () => {
    let gate: ReturnType<typeof gated> | undefined;
    await using server = await startServer({
      sink: (engine) => {
        gate = gated(engine);
        return gate.sink;
      },
    });
    const underWay = server.post('/v1/tickets', { ticketId: 'LAST', ...by, data: {} });
    await expect.poll(() => gate?.waiting()).toBe(1);
    const closed = server.server.close();
    await expect.poll(() => server.get('/healthz').catch(() => 'refused')).toBe('refused');
    gate?.open();
    expect(await underWay).toMatchObject({ status: 201, body: { ticketId: 'LAST', position: 1 } });
    await closed;
    expect(await server.log.head()).toBe(1);
  });

  it('waits no longer than its bound', async () => {
    const sink: CommandSink = { submit: () => new Promise(() => undefined) };
    await using server = await startServer({ sink: () => sink, limits: { drainMsMax: 100 } });
    const stuck = server.post('/v1/commands', { commands: [] });
    const failed = expect(stuck).rejects.toThrow();
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    await server.server.close();
    await failed;
  });

  it('closes idle connections at once', async () => {
    await using server = await startServer();
    await Promise.all(Array.from({ length: 20 }, () => server.get('/healthz')));
    const start = performance.now();
    await server.server.close();
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
