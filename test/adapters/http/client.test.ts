/**
 * The client sink against the real server: the same outcomes as from the engine itself, and honest faults.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { getTicket, httpCommandSink } from '../../../adapters/http/client.ts';
import { batches, ticketsOf } from '../../../adapters/http/client-batches.ts';
import { Fault } from '../../../domain/errors.ts';
import type { CommandSink, Outcome } from '../../../domain/ports.ts';
import { type Command, commandSchema } from '../../../domain/ticket/commands.ts';
import { actor } from '../../support/tickets.ts';
import { startServer } from './harness.ts';

function command(
  type: Command['type'],
  ticketId: string | undefined,
  data: object = {},
  more: object = {},
): Command {
  return commandSchema.parse({ type, ticketId, data, actor: actor('agent'), ...more });
}

const comment = (ticketId: string, body: string) => command('AddComment', ticketId, { body, public: true });
const fast = { retryDelayMsFirst: 1, retryDelayMsMax: 5 };

/** An engine that is overloaded for its first calls; named a fake. */
function fakeOverload(engine: CommandSink, times: number) {
  let calls = 0;
  const sink: CommandSink = {
    submit: async (commands) => {
      calls += 1;
      if (calls <= times) throw new Fault('overloaded', 'a bounded queue is full');
      return engine.submit(commands);
    },
  };
  return { sink, calls: () => calls };
}

/** Whatever answers at an address, but not Docket. */
async function stranger(status: number, body: string) {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

describe('outcomes', () => {
  it('are those that the engine itself would give', async () => {
    await using server = await startServer();
    await using other = await startServer();
    const commands = [
      command('OpenTicket', 'T-1', { fields: { priority: 'high' } }),
      command('AssignTicket', 'T-1', { agent: 'bo' }, { commandId: 'c-1' }),
      command('AssignTicket', 'T-1', { agent: 'bo' }, { commandId: 'c-1' }),
      command('ResumeTicket', 'T-1'),
      command('AssignTicket', 'T-1', { agent: 'bo', eligibility: { available: false } }),
      command('SplitTicket', 'T-1', { splitOff: 'T-2' }),
      command('ResumeTicket', 'NOBODY'),
      command('ResumeTicket', undefined),
      command('OpenTicket', undefined, {}, { occurredAt: '2026-01-01T00:00:00Z' }),
    ];
    const far = await httpCommandSink(server.url).submit(commands);
    const near = await other.engine.submit(commands);
    expect(far).toEqual(near);
    expect(far.map(({ status }) => status)).toEqual([
      ...['accepted', 'accepted', 'accepted', 'rejected', 'rejected'],
      ...['accepted', 'rejected', 'rejected', 'accepted'],
    ]);
  });

  it('of nothing are none, without a request', async () => {
    expect(await httpCommandSink('http://127.0.0.1:1').submit([])).toEqual([]);
  });
});

describe('order', () => {
  it('holds over calls that were made without waiting, and over batches', async () => {
    await using server = await startServer();
    const sink = httpCommandSink(server.url, { limits: { batchCommandsMax: 7, requestsInFlightMax: 3 } });
    const ids = ['A', 'B', 'C', 'D', 'E'];
    const calls: Promise<readonly Outcome[]>[] = [sink.submit(ids.map((id) => command('OpenTicket', id)))];
    for (let round = 0; round < 40; round += 1) {
      const id = ids[round % 5] ?? '';
      calls.push(sink.submit([comment(id, `${round}`), comment(ids[(round * 3) % 5] ?? '', `${round}+`)]));
    }
    calls.push(sink.submit(ids.flatMap((id) => [comment(id, 'x'), comment(id, 'y')])));
    const outcomes = (await Promise.all(calls)).flat();
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    const seen = new Map<string, number>();
    for (const outcome of outcomes) {
      if (outcome.status !== 'accepted') continue;
      expect(outcome.revision).toBe((seen.get(outcome.ticketId) ?? 0) + 1);
      seen.set(outcome.ticketId, outcome.revision);
    }
  });

  it('counts every ticket that a command names', () => {
    const commands = [
      command('MergeTicket', 'A', { into: 'B' }),
      command('LinkTicket', 'C', { ticket: 'D', relation: 'child' }),
      command('OpenFollowUp', 'E', { followUp: 'F' }),
      command('SplitTicket', 'G', { splitOff: 'H' }),
      command('OpenTicket', undefined),
    ];
    expect([...ticketsOf(commands)].join('')).toBe('ABCDEFGH');
  });
});

describe('batches', () => {
  it('are bounded in commands and in bytes; one that is too large goes alone', () => {
    const commands = ['1', '2', '3', 'x'.repeat(5_000), '4'].map((body) => comment('T', body));
    const sizes = (limits: { batchCommandsMax: number; batchBytesMax: number }) =>
      [...batches(commands, limits)].map((batch) => batch.commands.length);
    expect(sizes({ batchCommandsMax: 2, batchBytesMax: 1_000_000 })).toEqual([2, 2, 1]);
    expect(sizes({ batchCommandsMax: 100, batchBytesMax: 1_000 })).toEqual([3, 1, 1]);
    for (const { body, commands: inside } of batches(commands, {
      batchCommandsMax: 2,
      batchBytesMax: 9_000,
    })) {
      expect(JSON.parse(body)).toEqual({ commands: JSON.parse(JSON.stringify(inside)) });
    }
  });
});

describe('overload', () => {
  it('is waited out, a bounded number of times', async () => {
    let fake: ReturnType<typeof fakeOverload> | undefined;
    await using server = await startServer({
      sink: (engine) => {
        fake = fakeOverload(engine, 3);
        return fake.sink;
      },
    });
    const sink = httpCommandSink(server.url, { limits: { ...fast, retriesMax: 3 } });
    expect(await sink.submit([command('OpenTicket', 'T')])).toMatchObject([
      { status: 'accepted', revision: 1 },
    ]);
    expect(fake?.calls()).toBe(4);
  });

  it('then is a fault, and nothing was decided', async () => {
    await using server = await startServer({ sink: (engine) => fakeOverload(engine, 99).sink });
    const sink = httpCommandSink(server.url, { limits: { ...fast, retriesMax: 2 } });
    await expect(sink.submit([command('OpenTicket', 'T')])).rejects.toMatchObject({ code: 'overloaded' });
    expect(await server.log.head()).toBe(0);
  });

  it('after part of a call was decided is another fault: overloaded would be a lie', async () => {
    const sink = (engine: CommandSink): CommandSink => {
      let calls = 0;
      const overloaded = new Fault('overloaded', 'full');
      return { submit: (each) => (calls++ === 0 ? engine.submit(each) : Promise.reject(overloaded)) };
    };
    await using server = await startServer({ sink });
    const client = httpCommandSink(server.url, { limits: { ...fast, batchCommandsMax: 1, retriesMax: 1 } });
    const call = client.submit([command('OpenTicket', 'T'), command('OpenTicket', 'U')]);
    await expect(call).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(await server.log.head()).toBe(1);
  });

  it('of the client itself is refused before anything is sent', async () => {
    const sink = httpCommandSink('http://127.0.0.1:1', { limits: { commandsWaitingMax: 1 } });
    const call = sink.submit([command('OpenTicket', 'T'), command('OpenTicket', 'U')]);
    await expect(call).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('faults', () => {
  it('no server: server_unreachable', async () => {
    await using gone = await stranger(200, '');
    await gone[Symbol.asyncDispose]();
    const call = httpCommandSink(gone.url).submit([command('OpenTicket', 'T')]);
    await expect(call).rejects.toMatchObject({ name: 'Fault', code: 'server_unreachable', retry: true });
    await expect(getTicket(gone.url, 'T')).rejects.toMatchObject({ code: 'server_unreachable' });
  });

  it.each([
    [200, '<html>hello</html>'],
    [200, '{"outcomes":[]}'],
    [404, 'not here'],
    [302, ''],
    [502, '{"code":"nonsense"}'],
    [503, '{"code":"__proto__","detail":7}'],
  ])('something else that answers %i %s: server_unreachable', async (status, body) => {
    await using other = await stranger(status, body);
    const call = httpCommandSink(other.url).submit([command('OpenTicket', 'T')]);
    await expect(call).rejects.toMatchObject({ name: 'Fault', code: 'server_unreachable' });
  });

  it('the server’s own are the same here', async () => {
    const failed = new Fault('log_failed', 'EIO');
    await using server = await startServer({ sink: () => ({ submit: () => Promise.reject(failed) }) });
    const call = httpCommandSink(server.url).submit([command('OpenTicket', 'T')]);
    await expect(call).rejects.toMatchObject({ name: 'Fault', code: 'log_failed', retry: false });
  });

  it('one call’s fault does not stop the next', async () => {
    await using server = await startServer({ sink: (engine) => fakeOverload(engine, 1).sink });
    const sink = httpCommandSink(server.url, { limits: { retriesMax: 0 } });
    const first = sink.submit([command('OpenTicket', 'T')]);
    const second = sink.submit([command('OpenTicket', 'T')]);
    await expect(first).rejects.toMatchObject({ code: 'overloaded' });
    expect(await second).toMatchObject([{ status: 'accepted' }]);
  });

  it('an aborted call ends with the reason it was given', async () => {
    await using server = await startServer({
      sink: () => ({ submit: () => new Promise(() => undefined) }),
      limits: { drainMsMax: 50 },
    });
    const aborting = new AbortController();
    const sink = httpCommandSink(server.url, { signal: aborting.signal });
    const call = expect(sink.submit([command('OpenTicket', 'T')])).rejects.toThrow('enough');
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    aborting.abort(new Error('enough'));
    await call;
  });
});

describe('getTicket', () => {
  it('tells a ticket, or that there is none', async () => {
    await using server = await startServer();
    await httpCommandSink(server.url).submit([command('OpenTicket', 'T:1.a')]);
    expect(await getTicket(server.url, 'T:1.a')).toMatchObject({
      ticketId: 'T:1.a',
      revision: 1,
      position: 1,
    });
    expect(await getTicket(server.url, 'T-9')).toBeUndefined();
  });
});

describe('close', () => {
  it('waits for what was submitted, and takes nothing more', async () => {
    await using server = await startServer();
    const sink = httpCommandSink(server.url);
    let answered = false;
    const call = sink.submit([command('OpenTicket', 'T')]).then(() => {
      answered = true;
    });
    await sink.close();
    expect(answered).toBe(true);
    await call;
    await expect(sink.submit([command('OpenTicket', 'U')])).rejects.toMatchObject({
      code: 'server_unreachable',
    });
  });
});
