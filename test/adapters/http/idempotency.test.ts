/** Idempotency-Key: a request that is sent again is answered again and not done again, whatever happens. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IdempotentAnswers } from '../../../adapters/http/idempotency.ts';
import { readIdempotencyKey } from '../../../adapters/http/idempotency-key.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { Principal } from '../../../domain/access/principal.ts';
import { trustedPrincipal } from '../../../domain/access/unrestricted.ts';
import { Engine } from '../../../domain/engine.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import { builtInWorkflows, defaultWorkflow } from '../../../domain/workflow/registry.ts';
import { actor, monday9 } from '../../support/tickets.ts';
import { expectProblem, startServer } from './harness.ts';

const by = { actor: actor('agent') };
const opening = (ticketId?: string) => ({ ...(ticketId ? { ticketId } : {}), ...by, data: {} });
const key = (text: string) => ({ 'idempotency-key': text });

/** Waits for its gate before it passes commands on: a slow disk. */
function gated(engine: CommandSink) {
  const gate = Promise.withResolvers<void>();
  const sink: CommandSink = {
    submit: async (commands) => {
      await gate.promise;
      return engine.submit(commands);
    },
  };
  return { sink, open: gate.resolve };
}

describe('the first answer is given again', () => {
  it('with its status, headers and body, and says that it was', async () => {
    await using server = await startServer();
    const first = await server.post('/v1/tickets', opening(), key('"k-1"'));
    const again = await server.post('/v1/tickets', opening(), key('"k-1"'));
    expect([again.status, again.body]).toEqual([201, first.body]);
    for (const name of ['location', 'etag', 'content-type']) {
      expect(again.headers.get(name)).toBe(first.headers.get(name));
    }
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await server.log.head()).toBe(1);
  });

  it('where it was a refusal, too', async () => {
    await using server = await startServer();
    const start = () =>
      server.post('/v1/tickets/T/commands', { type: 'StartWork', ...by, data: {} }, key('k'));
    expectProblem(await start(), 404, 'ticket_not_found');
    await server.post('/v1/tickets', opening('T'));
    const again = await start();
    expectProblem(again, 404, 'ticket_not_found');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const malformed = () => server.post('/v1/tickets', { data: 1 }, key('m'));
    expect((await malformed()).body).toEqual((await malformed()).body);
  });

  it('but not where it was a fault: then the request is tried again', async () => {
    let failing = true;
    await using server = await startServer({
      sink: (engine) => ({
        submit: (commands) => (failing ? Promise.reject(new Error('broken')) : engine.submit(commands)),
      }),
    });
    expectProblem(await server.post('/v1/tickets', opening(), key('k')), 500, 'internal_error');
    failing = false;
    expect((await server.post('/v1/tickets', opening(), key('k'))).status).toBe(201);
  });

  it('to all of an array of commands, each of which is known by itself as well', async () => {
    await using server = await startServer({ limits: { idempotencyAnswerBytesMax: 10 } });
    const commands = {
      commands: [{ type: 'OpenTicket', ...opening() }, 7, { type: 'OpenTicket', ...opening() }],
    };
    const first = await server.post('/v1/commands', commands, key('k'));
    const again = await server.post('/v1/commands', commands, key('k'));
    expect(first.body).toMatchObject({ outcomes: [{ repeated: false }, { status: 'rejected' }, {}] });
    expect(again.body).toMatchObject({ outcomes: [{ repeated: true }, { status: 'rejected' }, {}] });
    expect(await server.log.head()).toBe(2);
  });

  it('only to its own caller', async () => {
    const callers = new Map<string, Principal>(['ana', 'bo'].map((name) => [name, trustedPrincipal(name)]));
    await using server = await startServer({
      context: {
        authenticator: { authenticate: (name = '') => callers.get(name) ?? { refused: 'who is that?' } },
      },
    });
    const post = (authorization: string) =>
      server.post('/v1/tickets', opening(), { ...key('same'), authorization });
    const [ana, bo] = [await post('ana'), await post('bo')];
    expect(ana.headers.get('location')).not.toBe(bo.headers.get('location'));
    expect((await post('bo')).headers.get('location')).toBe(bo.headers.get('location'));
  });
});

describe('a key that is used for something else', () => {
  it.each([
    ['another body', '/v1/tickets', opening('OTHER'), {}],
    ['another address', '/v1/tickets/T/commands', opening('T'), {}],
    ['another condition', '/v1/tickets', opening('T'), { 'if-match': '"1"' }],
  ] as const)('%s: 422', async (_, path, body, headers) => {
    await using server = await startServer();
    await server.post('/v1/tickets', opening('T'), key('k'));
    const answer = await server.post(path, body, { ...key('k'), ...headers });
    expectProblem(answer, 422, 'idempotency_key_reused');
    expect(await server.log.head()).toBe(1);
  });

  it('also while the first request is under way', async () => {
    let gate: ReturnType<typeof gated> | undefined;
    await using server = await startServer({
      sink: (engine) => {
        gate = gated(engine);
        return gate.sink;
      },
    });
    const first = server.post('/v1/tickets', opening('T'), key('k'));
    await expect.poll(() => server.server.requestsInFlight).toBe(1);
    expectProblem(await server.post('/v1/tickets', opening('T'), key('k')), 409, 'idempotency_in_flight');
    expectProblem(await server.post('/v1/tickets', opening('U'), key('k')), 422, 'idempotency_key_reused');
    gate?.open();
    expect((await first).status).toBe(201);
    const again = await server.post('/v1/tickets', opening('T'), key('k'));
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
  });

  it('and a commandId beside it: 400', async () => {
    await using server = await startServer();
    const answer = await server.post('/v1/tickets', { ...opening(), commandId: 'mine' }, key('k'));
    expectProblem(answer, 400, 'request_invalid');
  });
});

describe('after the server was started again', () => {
  it('what was accepted is still known, and nothing is done twice', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'docket-idempotency-'));
    const clock = { now: () => monday9 };
    const start = async () => {
      const log = await openSegmentLog({ folder, clock });
      const engine = new Engine({ log, clock, workflows: builtInWorkflows, defaultWorkflow });
      const server = await startServer({ sink: () => engine });
      const close = async () => {
        await server[Symbol.asyncDispose]();
        await log.close();
      };
      return { server, log, close };
    };
    const before = await start();
    const first = await before.server.post('/v1/tickets', opening(), key('k'));
    await before.close();
    const after = await start();
    const again = await after.server.post('/v1/tickets', opening(), key('k'));
    const other = await after.server.post('/v1/tickets', opening('OTHER'), key('k'));
    const head = await after.log.head();
    await after.close();
    expect(again.status).toBe(201);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expectProblem(other, 422, 'idempotency_key_reused');
    expect(head).toBe(1);
  });
});

describe('the memory of answers', () => {
  it('is bounded in entries, and what it forgets is not done twice', async () => {
    await using server = await startServer({ limits: { idempotencyEntriesMax: 2 } });
    for (const name of ['a', 'b', 'c']) await server.post('/v1/tickets', opening(name), key(name));
    const again = await server.post('/v1/tickets', opening('a'), key('a'));
    expect([again.status, again.body]).toMatchObject([201, { repeated: true }]);
    expect(await server.log.head()).toBe(3);
  });

  it('is bounded in bytes and in time', async () => {
    const limits = { idempotencyEntriesMax: 100, idempotencyBytesMax: 100, idempotencyMsMax: 60_000 };
    const answers = new IdempotentAnswers({ ...limits, idempotencyAnswerBytesMax: 60 });
    const kept: number[] = [];
    for (let index = 0; index < 10; index += 1) {
      await answerUnder(answers, `k-${index}`, 'x'.repeat(index === 9 ? 61 : 40));
      kept.push(answers.bytes);
    }
    expect(kept).toEqual([40, 80, ...Array(8).fill(80)]);
    const brief = new IdempotentAnswers({ ...limits, idempotencyAnswerBytesMax: 60, idempotencyMsMax: 0 });
    await answerUnder(brief, 'a', 'x');
    await answerUnder(brief, 'b', 'x');
    expect(brief.entries).toBe(0);
  });
});

/** Gives an answer without a server: named fakes of the little that is asked of request and reply. */
async function answerUnder(answers: IdempotentAnswers, name: string, body: string): Promise<void> {
  const fakeReply = {
    code: () => fakeReply,
    headers: () => fakeReply,
    header: () => fakeReply,
    send: () => fakeReply,
  };
  const fakeRequest = { method: 'POST', url: '/', raw: { headers: key(name) }, bodyBytes: Buffer.from(name) };
  const asked = { principal: trustedPrincipal('x'), raw: fakeRequest };
  await answers.answer(asked as never, fakeReply as never, async () => ({ status: 200, headers: {}, body }));
}

describe('a key', () => {
  it.each([
    ['"abc"', 'abc'],
    ['abc', 'abc'],
    ['"a b, c"', 'a b, c'],
    ['"a\\"b\\\\"', 'a"b\\'],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    [`"${'x'.repeat(200)}"`, 'x'.repeat(200)],
  ])('%s is read', (header, read) => {
    expect(readIdempotencyKey(header)).toBe(read);
  });

  it.each(['', '""', '"', '"a', 'a"', 'a b', 'a, b', '"a";b=1', '"a\\b"', 'ü', 'x'.repeat(201), '"\u007f"'])(
    '%j is refused',
    (header) => {
      expect(() => readIdempotencyKey(header)).toThrow(/Idempotency-Key/);
    },
  );
});
