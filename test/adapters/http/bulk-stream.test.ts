/** A stream of commands and its outcomes: in order, one by one, bounded, and never in doubt. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bulkLineSchema } from '../../../adapters/http/outcome-json.ts';
import { trustedPrincipal } from '../../../domain/access/unrestricted.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import { actor } from '../../support/tickets.ts';
import { expectProblem, type Harness, startServer } from './harness.ts';

const by = { actor: actor('agent') };
const lines = { 'content-type': 'application/x-ndjson' };
const opening = (ticketId: string) => JSON.stringify({ type: 'OpenTicket', ticketId, ...by, data: {} });
const comment = (ticketId: string, body = 'hello') =>
  JSON.stringify({ type: 'AddComment', ticketId, ...by, data: { body, public: true } });

let server: Harness;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

let tickets = 0;
function newTicket(): string {
  tickets += 1;
  return `B-${tickets}`;
}

/** Lines of an answer, each as the schema says that it is. */
function parsed(answer: string) {
  return answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => bulkLineSchema.parse(JSON.parse(line)));
}

async function stream(to: Harness, body: string | Uint8Array<ArrayBuffer>, headers = {}, query = '') {
  const init = { method: 'POST', headers: { ...lines, ...headers }, body };
  const answer = await fetch(`${to.url}/v1/commands${query}`, init);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  return parsed(await answer.text());
}

/** A request whose body and answer go on at the same time. */
async function begin(
  to: Harness,
  headers = {},
): Promise<{ sending: ClientRequest; answer: Promise<IncomingMessage> }> {
  const sending = request(`${to.url}/v1/commands`, { method: 'POST', headers: { ...lines, ...headers } });
  sending.on('error', () => undefined);
  const answer = once(sending, 'response').then(([response]) => response);
  sending.flushHeaders();
  return { sending, answer };
}

describe('a stream of commands', () => {
  it('gets one outcome a line, in order, and what was counted', async () => {
    const ticket = newTicket();
    const outcomes = await stream(
      server,
      [
        opening(ticket),
        comment(ticket),
        '',
        ' \t\r',
        'nope',
        comment('NOWHERE'),
        `${comment(ticket)}\r`,
      ].join('\n'),
    );
    expect(outcomes).toMatchObject([
      { line: 1, status: 'accepted', ticketId: ticket, revision: 1 },
      { line: 2, status: 'accepted', revision: 2 },
      {
        line: 5,
        status: 'rejected',
        code: 'invalid_command',
        errors: [{ path: 'line', message: expect.stringContaining('is not valid JSON') }],
      },
      { line: 6, status: 'rejected', code: 'ticket_not_found' },
      { line: 7, status: 'accepted', revision: 3 },
      { done: { lines: 7, accepted: 3, rejected: 2, position: await server.log.head() } },
    ]);
  });

  it.each([
    ['no lines', ''],
    ['an empty line', '\n'],
    ['blanks', '  \n \r\n'],
  ])('of %s ends at once', async (_, body) => {
    const counted = { accepted: 0, rejected: 0, position: 0 };
    expect(await stream(server, body)).toEqual([
      { done: { lines: body.split('\n').length - (body.endsWith('\n') || body === '' ? 1 : 0), ...counted } },
    ]);
  });

  it.each([
    ['{"__proto__":{}}', 'are not allowed'],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 'invalid'],
    [`${'['.repeat(5_000)}`, 'nested deeper'],
    ['{"type":"AddComment"} {}', 'JSON'],
    ['null', 'expected'],
    [comment('T').replace('"actor"', '"unknown":1,"actor"'), 'unknown'],
    [comment('T').replace('"agent"', '"root"'), 'actor.role'],
    [JSON.stringify({ type: 'StartWork', ticketId: 'T', actor: null, data: {} }), 'actor'],
    [JSON.stringify({ type: 'StartWork', ticketId: 'T', commandId: null, ...by, data: {} }), 'commandId'],
  ])('answers %.40s as a rejection', async (line, why) => {
    const [outcome, end] = await stream(server, `${line}\n`, { 'idempotency-key': newTicket() });
    expect(outcome).toMatchObject({ line: 1, status: 'rejected', code: 'invalid_command' });
    expect(JSON.stringify(outcome)).toContain(why === 'invalid' ? 'invalid_command' : why);
    expect(end).toMatchObject({ done: { rejected: 1 } });
  });

  it('rejects lines that are not UTF-8, and takes those around them', async () => {
    const ticket = newTicket();
    const broken = Buffer.concat([
      Buffer.from(`${opening(ticket)}\n"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(`"\n${comment(ticket, 'ünï☂')}\n`),
    ]);
    expect(await stream(server, new Uint8Array(broken))).toMatchObject([
      { line: 1, status: 'accepted' },
      { line: 2, status: 'rejected', message: 'the line is not valid UTF-8' },
      { line: 3, status: 'accepted' },
      { done: { lines: 3 } },
    ]);
  });

  it('rejects a line that is too long, and goes on', async () => {
    await using small = await startServer({ limits: { bulkLineBytesMax: 300 } });
    const long = comment('T', 'x'.repeat(150_000));
    const body = [opening('T'), long, comment('T'), comment('T', 'y'.repeat(300)), comment('T'), long].join(
      '\n',
    );
    const outcomes = await stream(small, body);
    const statuses = outcomes.slice(0, -1).map((each) => ('status' in each ? [each.line, each.status] : []));
    expect(statuses).toEqual([
      [1, 'accepted'],
      [2, 'rejected'],
      [3, 'accepted'],
      [4, 'rejected'],
      [5, 'accepted'],
      [6, 'rejected'],
    ]);
    expect(JSON.stringify(outcomes[1])).toContain('more than the 300 bytes');
  });

  it('may come compressed, and not as something else', async () => {
    const ticket = newTicket();
    const body = `${opening(ticket)}\n${comment(ticket)}\n`;
    const packed = new Uint8Array(gzipSync(body));
    expect(await stream(server, packed, { 'content-encoding': 'gzip' })).toMatchObject([
      {},
      {},
      { done: {} },
    ]);
    expect(
      await stream(server, new TextEncoder().encode(body), { 'content-encoding': 'gzip' }),
    ).toMatchObject([{ line: 0, problem: { code: 'body_malformed', status: 400 } }]);
    const answer = await server.post('/v1/commands', {}, { ...lines, 'content-encoding': 'deflate' });
    expectProblem(answer, 415, 'media_type_unsupported');
  });

  it('names actors only where its credential may', async () => {
    const ana: ReturnType<typeof trustedPrincipal> = {
      ...trustedPrincipal('ana'),
      actor: actor('agent', 'ana'),
      scopes: new Set(['tickets:write', 'tickets:read']),
    };
    await using own = await startServer({ context: { authenticator: { authenticate: () => ana } } });
    const without = JSON.stringify({ type: 'OpenTicket', ticketId: 'T', data: {} });
    expect(await stream(own, `${without}\n${comment('T')}\n`)).toMatchObject([
      { line: 1, status: 'accepted' },
      { line: 2, status: 'rejected', code: 'actor_not_permitted', tried: 'AddComment' },
      { done: {} },
    ]);
    expect((await own.log.readTicket('T'))[0]).toMatchObject({ actor: { id: 'ana', role: 'agent' } });
  });
});

describe('however its bytes are cut', () => {
  it('the outcomes are the same', async () => {
    const line = fc.constantFrom('OPEN', 'COMMENT', 'ÜNICODE', '', '{', '[]', '"☂"', 'NOWHERE');
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), cuts, fc.boolean(), async (made, sizes, ended) => {
        const ticket = newTicket();
        const texts: Record<string, string> = {
          OPEN: opening(ticket),
          COMMENT: comment(ticket),
          ÜNICODE: comment(ticket, 'ü☂𝄞'),
          NOWHERE: comment('NOWHERE'),
        };
        const body = Buffer.from(made.map((each) => texts[each] ?? each).join('\n') + (ended ? '\n' : ''));
        const answer = parsed(bodyOf(await raw(server, pieces(body, sizes))));
        const expected = made.flatMap((each, index) => (each === '' ? [] : [{ line: index + 1 }]));
        expect(answer.slice(0, -1)).toMatchObject(expected);
        expect(answer.at(-1)).toHaveProperty('done.rejected');
        const opened = made.indexOf('OPEN');
        for (const each of answer) {
          if (!('status' in each)) continue;
          const what = made[each.line - 1] ?? '';
          const sound = what === 'OPEN' ? each.line - 1 === opened : ['COMMENT', 'ÜNICODE'].includes(what);
          const legal = sound && opened !== -1 && each.line - 1 >= opened;
          expect([each.line, each.status]).toEqual([each.line, legal ? 'accepted' : 'rejected']);
        }
      }),
      { numRuns: 60 },
    );
  });
});

function pieces(body: Buffer, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  for (let [from, index] = [0, 0]; from < body.length; index += 1) {
    const size = sizes[index % sizes.length] ?? 1;
    cut.push(body.subarray(from, from + size));
    from += size;
  }
  return cut;
}

/** Sends pieces as chunks of their own, and some of them in packets of their own. */
async function raw(to: Harness, chunks: readonly Buffer[]): Promise<string> {
  const { hostname, port } = new URL(to.url);
  const socket = connect(Number(port), hostname).setNoDelay(true);
  socket.write('POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n');
  socket.write('connection: close\r\ntransfer-encoding: chunked\r\n\r\n');
  for (const [index, chunk] of chunks.entries()) {
    socket.write(
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
    );
    if (index % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.write('0\r\n\r\n');
  return text(socket);
}

/** The body of an answer in chunks. */
function bodyOf(answer: string): string {
  const bytes = Buffer.from(answer);
  let at = bytes.indexOf('\r\n\r\n') + 4;
  const parts: Buffer[] = [];
  for (;;) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, end).toString(), 16);
    if (!(size > 0)) return Buffer.concat(parts).toString();
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

describe('while the stream goes on', () => {
  it('each line is answered before the next is sent', async () => {
    const { sending, answer } = await begin(server);
    const ticket = newTicket();
    sending.write(`${opening(ticket)}\n`);
    const answers = createInterface(await answer)[Symbol.asyncIterator]();
    for (let revision = 1; revision < 5; revision += 1) {
      expect(JSON.parse((await answers.next()).value ?? '')).toMatchObject({ line: revision, revision });
      sending.write(`${comment(ticket)}\n`);
    }
    await answers.next();
    sending.end();
    expect(JSON.parse((await answers.next()).value ?? '')).toMatchObject({ done: { lines: 5 } });
  });

  it('silence ends it, saying up to where everything was answered', async () => {
    await using brief = await startServer({ limits: { bulkSilenceMsMax: 60, bulkLingerMs: 20 } });
    const { sending, answer } = await begin(brief);
    sending.write(`${opening('S')}\n${comment('S')}\n{"type":`);
    const outcomes = parsed(await text(await answer));
    expect(outcomes).toMatchObject([{}, {}, { line: 2, problem: { code: 'request_timeout', retry: true } }]);
    await expect.poll(() => sending.destroyed).toBe(true);
    await expect.poll(() => brief.server.requestsInFlight).toBe(0);
  });

  it('no bound of shorter requests cuts it, but its own does', async () => {
    const limits = { requestMsMax: 30, answerMsMax: 30, answerSweepMs: 10, arrivalSweepMs: 10 };
    await using brief = await startServer({ limits: { ...limits, bulkStreamMsMax: 300, bulkLingerMs: 20 } });
    const { sending, answer } = await begin(brief);
    const written: Promise<void> = (async () => {
      sending.write(`${opening('L')}\n`);
      for (let sent = 0; sent < 40 && !sending.destroyed; sent += 1) {
        sending.write(`${comment('L')}\n`);
        await wait(15);
      }
    })();
    const outcomes = parsed(await text(await answer));
    await written;
    expect(outcomes.length).toBeGreaterThan(10);
    expect(outcomes.at(-1)).toMatchObject({ problem: { code: 'request_timeout' }, rejected: 0 });
  });

  it('a fault ends it: everything before is answered, and the operator told', async () => {
    let calls = 0;
    await using failing = await startServer({
      sink: (engine) => ({
        submit: (commands) => {
          calls += 1;
          return calls === 3 ? Promise.reject(new Error('secret')) : engine.submit(commands);
        },
      }),
      limits: { bulkLingerMs: 20 },
    });
    const { sending, answer } = await begin(failing);
    for (const line of [opening('F'), comment('F'), comment('F'), comment('F')]) {
      sending.write(`${line}\n`);
      await wait(10);
    }
    const outcomes = parsed(await text(await answer));
    expect(outcomes).toMatchObject([
      { line: 1 },
      { line: 2 },
      { line: 2, problem: { code: 'internal_error' } },
    ]);
    expect(JSON.stringify(outcomes)).not.toContain('secret');
    expect(failing.reported).toHaveLength(1);
  });

  it('a client that goes away leaves nothing behind', async () => {
    const { sending, answer } = await begin(server, { 'idempotency-key': 'gone' });
    const ticket = newTicket();
    sending.write(`${opening(ticket)}\n${comment(ticket)}\n{"half":`);
    (await answer).destroy();
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    expect(server.reported).toEqual([]);
    expect(await stream(server, `${opening(ticket)}\n`, { 'idempotency-key': 'gone' })).toMatchObject([
      { status: 'accepted', repeated: true },
      {},
    ]);
  });

  it('a server that stops ends it, so that its caller goes elsewhere', async () => {
    await using stopping = await startServer({ limits: { bulkLingerMs: 20 } });
    const { sending, answer } = await begin(stopping);
    sending.write(`${opening('Q')}\n`);
    const response = await answer;
    stopping.server.announceStop();
    sending.write(`${comment('Q')}\n`);
    expect(parsed(await text(response))).toMatchObject([
      { line: 1, status: 'accepted' },
      { line: 1, problem: { code: 'not_ready', retry: true } },
    ]);
    expect(await stopping.log.head()).toBe(1);
  });

  it('the bytes of lines that were answered are given back', async () => {
    await using bounded = await startServer({ limits: { bodyBytesInFlightMax: 2_000, bulkLingerMs: 20 } });
    const { sending, answer } = await begin(bounded);
    sending.write(`${opening('G')}\n`);
    const answers = createInterface(await answer)[Symbol.asyncIterator]();
    for (let line = 1; line < 20; line += 1) {
      expect(JSON.parse((await answers.next()).value ?? '')).toMatchObject({ line, status: 'accepted' });
      sending.write(`${comment('G', 'x'.repeat(500))}\n`);
    }
    await answers.next();
    sending.write('x'.repeat(3_000));
    expect(JSON.parse((await answers.next()).value ?? '')).toMatchObject({
      line: 20,
      problem: { code: 'overloaded', retry: true },
    });
  });

  it('no more lines than the bound are taken', async () => {
    await using small = await startServer({ limits: { bulkLinesMax: 3, bulkLingerMs: 20 } });
    const body = [opening('M'), comment('M'), comment('M')].join('\n');
    expect((await stream(small, `${body}\n`)).at(-1)).toMatchObject({
      line: 3,
      problem: { code: 'too_many_items' },
    });
  });
});

describe('under an Idempotency-Key', () => {
  it('the same stream again changes nothing, and can go on from any line', async () => {
    await using fresh = await startServer();
    const body = [opening('K'), comment('K', 'one'), comment('K', 'two')];
    const headers = { 'idempotency-key': '"import-1"' };
    const first = await stream(fresh, body.slice(0, 2).join('\n'), headers);
    const again = await stream(fresh, body.join('\n'), headers);
    const rest = await stream(fresh, body.slice(1).join('\n'), headers, '?first-line=2');
    expect(first).toMatchObject([{ repeated: false }, { repeated: false }, { done: { lines: 2 } }]);
    expect(again).toMatchObject([
      { repeated: true },
      { repeated: true, position: 2 },
      { repeated: false },
      {},
    ]);
    expect(rest).toMatchObject([
      { line: 2, repeated: true },
      { line: 3, repeated: true },
      { done: { lines: 2 } },
    ]);
    expect(await fresh.log.head()).toBe(3);
    const changed = await stream(fresh, `${opening('OTHER')}\n`, headers);
    expect(changed).toMatchObject([{ status: 'rejected', code: 'command_id_reused' }, {}]);
  });

  it('a second stream waits until the first has ended: 409', async () => {
    const { sending, answer } = await begin(server, { 'idempotency-key': 'twice' });
    sending.write(`${opening(newTicket())}\n`);
    await answer;
    const second = await server.send('/v1/commands', {
      ...{ method: 'POST', headers: { ...lines, 'idempotency-key': 'twice' }, body: '' },
    });
    expectProblem(second, 409, 'idempotency_in_flight');
    sending.end();
    (await answer).resume();
    await expect.poll(() => server.server.requestsInFlight).toBe(0);
    expect(await stream(server, '', { 'idempotency-key': 'twice' })).toMatchObject([{ done: {} }]);
  });

  it.each(['0', '-1', 'x', '1.5', '99999999999999999'])('first-line=%s: 400', async (first) => {
    const answer = await server.post(`/v1/commands?first-line=${first}`, {}, lines);
    expectProblem(answer, 400, 'request_invalid');
  });
});

/** A sink that accepts everything at once and does nothing: named a fake. */
const fakeStillSink: CommandSink = {
  submit: async (commands) =>
    commands.map(({ ticketId = '' }) => ({
      ...{ status: 'accepted', ticketId, revision: 1, state: 'open', events: 1, position: 1 },
      ...{ newTicketId: undefined, repeated: false },
    })),
};

describe('more than fits', () => {
  it('a log that is slow, or answers that nobody reads: the caller waits', async () => {
    const gate = Promise.withResolvers<void>();
    let submitted = 0;
    const slow: CommandSink = {
      submit: async (commands) => {
        submitted += commands.length;
        await gate.promise;
        return fakeStillSink.submit(commands);
      },
    };
    await using full = await startServer({ sink: () => slow, limits: { bulkLinesInFlightMax: 4_000 } });
    const { sending, answer } = await begin(full);
    const body = `${opening('W')}\n${`${comment('W')}\n`.repeat(150_000)}`;
    const written = new Promise<void>((resolve) => sending.end(body, () => resolve()));
    await expect.poll(() => submitted).toBeGreaterThanOrEqual(4_000);
    await wait(100);
    const waiting = submitted;
    // One piece of the connection may go beyond the bound.
    expect(waiting).toBeLessThan(4_000 + 65_536 / 100);
    gate.resolve();
    const response = await answer;
    response.pause();
    let unread = 0;
    while (unread !== submitted) {
      unread = submitted;
      await wait(100);
    }
    expect(submitted).toBeLessThan(150_000);
    const outcomes = await text(response);
    await written;
    expect(outcomes.split('\n').at(-2)).toBe(
      '{"done":{"lines":150001,"accepted":150001,"rejected":0,"position":1}}',
    );
  });

  it('200,000 lines take no more memory than 20,000', async () => {
    await using large = await startServer({ sink: () => fakeStillSink });
    const part = `${comment('T')}\n`.repeat(20_000);
    const { sending, answer } = await begin(large);
    let [lineCount, highest] = [0, 0];
    const first = await Promise.race([answer, wait(20, undefined)]);
    expect(first).toBeUndefined();
    const read = (async () => {
      for await (const chunk of await answer) lineCount += String(chunk).split('\n').length - 1;
    })();
    const before = process.memoryUsage();
    for (let sent = 0; sent < 10; sent += 1) {
      if (!sending.write(part)) await once(sending, 'drain');
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      highest = Math.max(highest, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
    }
    sending.end();
    await read;
    expect(lineCount).toBe(200_001);
    expect(highest).toBeLessThan(150 * 1024 * 1024);
  });
});
