/**
 * `docket serve` with webhooks, and `docket webhook`: from a signed delivery to a dead letter that is
 * dropped.
 */
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docket, docketJson, type RunningServer, serve } from '../support/docket.ts';

const secret = 'a secret for tests only';
const payloads = join(import.meta.dirname, '../adapters/webhooks/payloads');

let dataDir: string;
let port: number;
let server: RunningServer;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'docket-webhooks-'));
  await mkdir(join(dataDir, 'webhooks'), { mode: 0o700 });
  const secrets = JSON.stringify({ github: { secrets: [secret] }, freshdesk: { secrets: [secret] } });
  await writeFile(join(dataDir, 'webhooks/secrets.json'), secrets, { mode: 0o600 });
  port = await freePort();
  server = await serve(dataDir, { DOCKET_WEBHOOK_PORT: String(port) });
}, 40_000);

afterAll(async () => {
  await server.stop();
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

function freshdesk(body: object): Promise<Response> {
  return deliver('freshdesk', JSON.stringify(body), { 'x-docket-token': secret });
}

function deliver(source: string, body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/webhooks/${source}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

const here = () => ['--data-dir', dataDir] as const;

describe('a server with webhooks', () => {
  it('makes a ticket of a signed delivery', async () => {
    const body = await readFile(join(payloads, 'github-issues-closed.json'), 'utf8');
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const taken = await deliver('github', body, { 'x-hub-signature-256': `sha256=${signature}` });
    expect([taken.status, await taken.json()]).toMatchObject([200, { deliveries: [{ status: 'applied' }] }]);
    const ticket = await server.fetch('/v1/tickets/GH-1296269-42');
    expect(ticket.status).toBe(200);
    expect((await deliver('github', body, { 'x-hub-signature-256': 'sha256=00' })).status).toBe(401);
  });

  it('keeps what a ticket refuses, to be seen, replayed and dropped', { timeout: 30_000 }, async () => {
    const ticket = { id: '7', status: 'Open' };
    expect((await freshdesk({ id: 'd1', at: '2026-03-02T10:00:00Z', ticket })).status).toBe(200);
    const cancel = { type: 'CancelTicket', actor: { id: 'ana', role: 'agent' }, data: { reason: 'spam' } };
    const cancelled = await server.fetch('/v1/tickets/FD-7/commands', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(cancel),
    });
    expect(cancelled.status).toBe(200);
    const late = { id: 'd2', at: '2026-03-02T11:00:00Z', ticket: { ...ticket, status: 'Resolved' } };
    expect((await freshdesk(late)).status).toBe(202);
    const listed = await docketJson('webhook', 'dead', ...here());
    expect(listed).toMatchObject({
      total: 1,
      deadLetters: [{ source: 'freshdesk', ticketId: 'FD-7', problem: { code: 'illegal_transition' } }],
    });
    const [{ id }] = (listed as { deadLetters: [{ id: string }] }).deadLetters;
    const shown = await docket('webhook', 'show', id, ...here());
    expect(JSON.parse(shown.stdout)).toMatchObject({ id, delivery: { id: 'd2', data: late } });
    const replayed = await docket('webhook', 'replay', '--all', ...here());
    expect([replayed.code, replayed.stdout]).toEqual([1, expect.stringMatching(/refused.*\n0 of 1 done/)]);
    const dropped = await docket('webhook', 'drop', id, '--reason', 'cancelled here', ...here());
    expect([dropped.code, dropped.stdout]).toEqual([0, `${id} was dropped\n`]);
  });

  it('tells what came', { timeout: 30_000 }, async () => {
    const running = (await docketJson('webhook', 'list', ...here())) as { sources: { name: string }[] };
    expect(running.sources.find(({ name }) => name === 'freshdesk')).toMatchObject({
      enabled: true,
      deadLetters: 0,
      deliveries: { applied: 1, kept: 1 },
    });
    expect(running.sources.find(({ name }) => name === 'jira')).toMatchObject({ enabled: false });
  });
});

describe('docket webhook try', () => {
  it('says what would come of a delivery, and does nothing', { timeout: 30_000 }, async () => {
    const file = join(payloads, 'github-issues-opened.json');
    const body = await readFile(file, 'utf8');
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const headers = join(dataDir, 'headers.txt');
    await writeFile(headers, `Content-Type: application/json\nX-Hub-Signature-256: sha256=${signature}\n`);
    const tried = await docketJson('webhook', 'try', 'github', file, '--headers', headers, ...here());
    expect(tried).toMatchObject({
      signature: 'right',
      deliveries: [
        {
          rule: 'issue',
          ticketId: 'GH-1296269-42',
          envelope: { source: 'github', data: { action: 'opened' } },
          commands: [
            { command: { type: 'ChangeFields' }, superseded: true },
            { command: { type: 'UnassignTicket' }, superseded: true },
            { command: { type: 'ReopenTicket' }, superseded: true },
          ],
        },
      ],
    });
    await writeFile(headers, 'X-Hub-Signature-256: sha256=00\n');
    const told = await docket('webhook', 'try', 'github', file, '--headers', headers, ...here());
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(
      /signature: wrong[\s\S]*rule issue, ticket GH-1296269-42[\s\S]*something newer/,
    );
  });

  it('and check names what is wrong', async () => {
    expect((await docket('webhook', 'check', ...here())).stdout).toMatch(/^9 sources can be used/);
    const shop = join(dataDir, 'webhooks/shop.json');
    await writeFile(shop, '{"source":"shop"}');
    const checked = await docket('webhook', 'check', ...here());
    expect([checked.code, checked.stdout]).toEqual([1, expect.stringMatching(/shop\.json: signature: /)]);
    await rm(shop);
  });
});

describe('without a server', () => {
  it('letters are looked after in the data folder itself', { timeout: 30_000 }, async () => {
    const late = { id: 'd3', at: '2026-03-02T12:00:00Z', ticket: { id: '7', status: 'Resolved' } };
    expect((await freshdesk(late)).status).toBe(202);
    await server.stop();
    const replayed = await docket('webhook', 'replay', '--all', ...here());
    expect([replayed.code, replayed.stdout]).toEqual([1, expect.stringMatching(/freshdesk\..*refused/)]);
  });
});
