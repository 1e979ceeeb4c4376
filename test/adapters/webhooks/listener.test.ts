/** The listener on a real socket, over a real engine on a log in files and a journal in a file. */
import { mkdtemp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problem, problemMediaType, problemOfFault } from '../../../adapters/http/problem.ts';
import { openFileJournal } from '../../../adapters/journal/file-journal.ts';
import { lockFolder } from '../../../adapters/log/segment/lock.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { deliveryEventSchema } from '../../../adapters/webhooks/delivery-events.ts';
import { Intake } from '../../../adapters/webhooks/intake.ts';
import { Letters } from '../../../adapters/webhooks/letters.ts';
import { type WebhookLimits, webhookLimits } from '../../../adapters/webhooks/limits.ts';
import { buildListener, type ListenerOptions } from '../../../adapters/webhooks/listener.ts';
import { unrestrictedAccess } from '../../../domain/access/unrestricted.ts';
import { Fault } from '../../../domain/errors.ts';
import type { EventLog } from '../../../domain/ports.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { engineOn, HandClock } from '../../support/engine.ts';
import { builtInSources, payload, signed } from './desk.ts';

const problemOf: ListenerOptions['problemOf'] = (code, detail) => {
  const found = code instanceof Fault ? problemOfFault(code) : problem(code, detail);
  return { status: found.status, mediaType: problemMediaType, text: JSON.stringify(found) };
};

const limits: Partial<WebhookLimits> = { bodyBytesMax: 100_000, requestMsMax: 1_000, arrivalSweepMs: 200 };

interface Running {
  readonly url: string;
  readonly log: EventLog;
  readonly letters: Letters;
  close(): Promise<void>;
}

async function start(folder: string, reported: unknown[]): Promise<Running> {
  const clock = new HandClock();
  const log = await openSegmentLog({ folder: join(folder, 'log'), clock });
  const journal = await openFileJournal({
    folder: join(folder, 'journal'),
    name: 'deliveries',
    schema: deliveryEventSchema,
    clock,
    lock: lockFolder,
  });
  const letters = await Letters.open(journal, webhookLimits);
  const intake = new Intake({
    sources: await builtInSources(),
    letters,
    sink: engineOn(log),
    tickets: { current: async (id) => replay(id, await log.readTicket(id)) },
    reader: log,
    access: unrestrictedAccess,
    clock,
    limits,
    report: (error) => reported.push(error),
  });
  const listener = buildListener({ intake, problemOf, limits, report: (error) => reported.push(error) });
  const url = await listener.listen({ host: '127.0.0.1', port: 0 });
  const close = async () => {
    await listener.close();
    await journal.close();
    await log.close();
  };
  return { url, log, letters, close };
}

const reported: unknown[] = [];
let folder: string;
let running: Running;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'listener-'));
  running = await start(folder, reported);
});
afterAll(() => running.close());

async function deliver(source: string, body: string | object, headers?: Record<string, string>) {
  const incoming = signed(source, body, new HandClock().now(), headers);
  return post(source, incoming.body, incoming.headers);
}

async function post(source: string, body: Buffer | string, headers: Record<string, string>) {
  const response = await fetch(`${running.url}/webhooks/${source}`, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body)),
  });
  const json: unknown = await response.json();
  return { status: response.status, headers: response.headers, json };
}

describe('a delivery over the wire', () => {
  it('is answered when it is durable, and known again after a restart', async () => {
    const body = await payload('github-issues-opened');
    const first = await deliver('github', body);
    expect(first).toMatchObject({ status: 200, json: { deliveries: [{ status: 'applied', events: 2 }] } });
    expect(await running.log.readTicket('GH-1296269-42')).toHaveLength(2);
    await running.close();
    running = await start(folder, reported);
    expect(await deliver('github', body)).toMatchObject({
      status: 200,
      json: { deliveries: [{ status: 'unchanged', events: 0 }] },
    });
    expect(await running.log.readTicket('GH-1296269-42')).toHaveLength(2);
  });

  it('that the workflow refuses is answered 202, and its letter outlives a restart', async () => {
    const head = await running.log.head();
    const taken = await deliver('zendesk', {
      id: 'z1',
      type: 'zen:event-type:ticket.x',
      detail: { id: '1' },
    });
    expect(taken).toMatchObject({ status: 202, json: { deliveries: [{ status: 'kept' }] } });
    await running.close();
    running = await start(folder, reported);
    expect(running.letters.all()).toMatchObject([{ envelope: { id: 'z1', source: 'zendesk' } }]);
    expect(await running.log.head()).toBe(head);
  });

  it('is signed over its bytes: another space makes it another', async () => {
    const body = await payload('github-issues-opened');
    const { headers } = signed('github', body, new HandClock().now());
    expect(await post('github', `${body} `, headers)).toMatchObject({
      status: 401,
      json: { code: 'webhook_unsigned', detail: 'the signature is missing, wrong or too old' },
    });
  });
});

describe('refused over the wire', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const cases: [string, string, string | Buffer, Record<string, string>, number, string][] = [
    ['an unknown source', 'nobody', '{}', {}, 404, 'webhook_unknown'],
    ['a source that is a built-in name', '__proto__', '{}', {}, 404, 'webhook_unknown'],
    ['a very long source', 'x'.repeat(500), '{}', {}, 404, 'webhook_unknown'],
    ['no JSON', 'freshdesk', '{"a":', {}, 400, 'webhook_unreadable'],
    ['an empty body', 'freshdesk', '', {}, 400, 'webhook_unreadable'],
    ['no UTF-8', 'freshdesk', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'webhook_unreadable'],
    [
      'a very deep body',
      'freshdesk',
      deep.slice(0, 40_000) + deep.slice(-40_000),
      {},
      400,
      'webhook_unreadable',
    ],
    ['a number beyond all bounds', 'freshdesk', '{"ticket":{"id":1e400}}', {}, 400, 'webhook_unreadable'],
    ['a poisoned name', 'freshdesk', '{"ticket":{"__proto__":{"id":1}}}', {}, 400, 'webhook_unreadable'],
    ['a huge body', 'freshdesk', `"${'x'.repeat(100_001)}"`, {}, 413, 'body_too_large'],
    [
      'no CloudEvent',
      'cloudevents',
      '{"id":""}',
      { 'content-type': 'application/cloudevents+json' },
      400,
      'webhook_unreadable',
    ],
  ];

  it.each(cases)('%s', async (_, source, body, headers, status, code) => {
    const head = await running.log.head();
    const { headers: own } = signed(source, body.toString(), new HandClock().now(), headers);
    const answer = await post(source, body, own);
    expect(answer).toMatchObject({ status, json: { code, status } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await running.log.head()).toBe(head);
  });

  it('another address or method', async () => {
    expect((await fetch(`${running.url}/v1/tickets`)).status).toBe(404);
    expect((await fetch(`${running.url}/webhooks/github`)).status).toBe(404);
    expect((await fetch(`${running.url}/webhooks/nobody`, { method: 'HEAD' })).status).toBe(200);
  });

  it('what is slow to arrive', { timeout: 10_000 }, async () => {
    const { hostname, port } = new URL(running.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408/);
  });

  it('without a fault of the server in any of it', () => {
    expect(reported).toEqual([]);
  });
});

describe('what odd payloads hold', () => {
  it.each([
    ['nothing', '{}'],
    ['a list', '[1,2]'],
    ['null', 'null'],
    ['numbers for texts', '{"ticket":{"id":5,"status":7,"subject":1.5e300}}'],
    ['a form', 'payload=%7B%22ticket%22%3A%7B%22id%22%3A%22f-1%22%7D%7D'],
    ['bytes', 'anything'],
  ])('%s is ignored, carried out or kept, and never a fault', async (name, body) => {
    const types: Record<string, string> = {
      'a form': 'application/x-www-form-urlencoded',
      bytes: 'application/octet-stream',
    };
    const answer = await deliver('servicenow', body, { 'content-type': types[name] ?? 'application/json' });
    expect([200, 202]).toContain(answer.status);
  });
});
