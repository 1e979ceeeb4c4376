/** `docket serve` from outside: what it serves, how it stops, and what a second one is told. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docket, docketJson, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';

const dataDir = testFolder();
let server: RunningServer;
beforeAll(async () => {
  server = await serve(dataDir);
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function post(path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return server.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Processes whose command line names this data folder. */
function processesOf(folder: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(folder) && !line.includes('ps -eo'));
}

describe('a running server', () => {
  it('takes a ticket from HTTP to a row in PostgreSQL', async () => {
    const rita = { id: 'rita', role: 'requester' };
    const opened = await post('/v1/tickets', { actor: rita, data: { fields: { subject: 'Printer' } } });
    expect(opened.status).toBe(201);
    expect(await opened.json()).toMatchObject({ status: 'accepted', ticketId: 'REQ0000001', revision: 1 });
    const rows = async () => {
      // Until the projector has made the tables, the command says that there are none.
      const answer = await docketJson('throughput', '--window', '1d', '--data-dir', dataDir).catch(() => ({
        rows: [],
      }));
      return (answer as { rows: { transitions: number }[] }).rows;
    };
    let found = await rows();
    for (let tries = 0; tries < 20 && found.length === 0; tries += 1) {
      await sleep(100);
      found = await rows();
    }
    expect(found).toMatchObject([{ transitions: 1 }]);
  });

  it('answers an illegal command with a problem that says what is legal', async () => {
    const ana = { id: 'ana', role: 'agent' };
    const refused = await post('/v1/tickets/REQ0000001/commands', {
      type: 'ReopenTicket',
      actor: ana,
      data: {},
    });
    expect(refused.status).toBe(409);
    expect(refused.headers.get('content-type')).toMatch(/application\/problem\+json/);
    const problem = (await refused.json()) as { code: string; legal: { command: string }[] };
    expect(problem.code).toBe('illegal_transition');
    expect(problem.legal.map((each) => each.command)).toContain('AssignTicket');
  });

  it('is ready, and says so', async () => {
    expect((await server.fetch('/healthz')).status).toBe(200);
    let ready = await server.fetch('/readyz');
    for (let tries = 0; tries < 50 && ready.status !== 200; tries += 1) {
      await sleep(100);
      ready = await server.fetch('/readyz');
    }
    expect(ready.status).toBe(200);
  });

  it('keeps a second one out, naming the first', async () => {
    const second = await docket('serve', '--port', '0', '--data-dir', dataDir);
    expect(second.code).toBe(3);
    expect(second.stderr).toMatch(new RegExp(`${server.pid}.*log_locked`, 's'));
  });

  it('takes commands from `docket simulate`, and agrees with its own log', async () => {
    const stats = await docketJson('simulate', '--tickets', '40', '--seed', '3', '--data-dir', dataDir);
    expect(stats).toMatchObject({ ticketsOpened: 40, surprises: 0 });
    const { events } = stats as { events: number };
    const verified = await docketJson('verify', '--data-dir', dataDir);
    expect(verified).toMatchObject({ ok: true, events: events + 1, problems: [] });
    const shown = await docketJson('ticket', 'show', 'sim3-1', '--data-dir', dataDir);
    expect(shown).toMatchObject({ ticket: { ticketId: 'sim3-1' } });
  });
});

describe('stopping', () => {
  it('by Ctrl-C ends in order, leaves no process behind, and keeps everything', async () => {
    const startedAtMs = performance.now();
    const { code, stderr } = await server.stop();
    expect(code).toBe(0);
    // Well under the time after which a projector that does not end is killed.
    expect(performance.now() - startedAtMs).toBeLessThan(8_000);
    expect(stderr).toMatch(/everything acknowledged is on disk/);
    expect(existsSync(join(dataDir, 'server.json'))).toBe(false);
    await sleep(200);
    expect(processesOf(dataDir)).toEqual([]);
    server = await serve(dataDir);
    const ticket = await server.fetch('/v1/tickets/REQ0000001');
    expect(ticket.status).toBe(200);
  });

  it('saves the tickets, and a damaged snapshot is told of and does no harm', async () => {
    await server.stop();
    const folder = join(dataDir, 'snapshots');
    const name = readdirSync(folder).sort().at(-1) ?? '';
    expect(name).toMatch(/^states-\d+\.snap$/);
    writeFileSync(join(folder, name), 'not a snapshot');
    server = await serve(dataDir);
    const ana = { id: 'ana', role: 'agent' };
    const body = { type: 'AddComment', actor: ana, data: { body: 'Still here.', public: true } };
    expect((await post('/v1/tickets/REQ0000001/commands', body)).status).toBe(200);
    const { code, stderr } = await server.stop();
    expect(code).toBe(0);
    expect(stderr).toContain(`${name} was left alone`);
    server = await serve(dataDir);
    const again = await server.stop();
    expect(again.stderr).not.toMatch(/left alone|could not be saved/);
    server = await serve(dataDir);
  });

  it('by SIGKILL loses nothing that was acknowledged, and the next start cleans up', async () => {
    const opened = await post('/v1/tickets', { actor: { id: 'rita', role: 'requester' }, data: {} });
    const { ticketId } = (await opened.json()) as { ticketId: string };
    await server.stop('SIGKILL');
    server = await serve(dataDir);
    expect((await server.fetch(`/v1/tickets/${ticketId}`)).status).toBe(200);
    await server.stop();
    await docket('projector', '--until-caught-up', '--data-dir', dataDir);
    expect(await docketJson('replay', '--check', '--data-dir', dataDir)).toMatchObject({
      ok: true,
      differences: [],
    });
    expect(processesOf(dataDir)).toEqual([]);
  });
});
