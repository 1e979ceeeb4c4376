/** Two `docket serve` on one PostgreSQL: one log, one ticket at a time, one projector at work. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { docketJsonWith, type RunningServer, serve } from '../support/docket.ts';
import { type TestDatabase, testDatabase, testFolder } from '../support/postgres.ts';

const folders = [testFolder(), testFolder()];
let shared: TestDatabase;
let settings: NodeJS.ProcessEnv;
let one: RunningServer;
let two: RunningServer;
beforeAll(async () => {
  shared = await testDatabase();
  settings = { DATABASE_URL: shared.url, DOCKET_LOG: 'postgres' };
  const [first = '', second = ''] = folders;
  [one, two] = await Promise.all([serve(first, settings), serve(second, settings)]);
});
afterAll(async () => {
  await Promise.all([one?.stop(), two?.stop()]);
  await shared.drop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: string;
  readonly position: number;
  readonly repeated: boolean;
}

async function post(server: RunningServer, path: string, body: object): Promise<Answer> {
  // They share their keys: the one that was first has made the file.
  const authorization = `Bearer ${server.key || one.key || two.key}`;
  const headers = { 'content-type': 'application/json', authorization };
  const answer = await fetch(new URL(path, server.url), {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Answer;
}

/** Transitions that the read models hold; their tables come with the first projector. */
async function projected(): Promise<number> {
  const minimum = 'SELECT min(position) AS position FROM docket.projection_checkpoint';
  const rows = await shared.database.query<{ position: number }>(minimum).catch(() => []);
  return rows[0]?.position ?? 0;
}

async function untilProjected(position: number): Promise<void> {
  for (let waits = 0; (await projected()) < position; waits += 1) {
    if (waits > 200) throw new Error(`the read models hold ${await projected()} events, not ${position}`);
    await sleep(100);
  }
}

const rita = { id: 'rita', role: 'requester' };
const ana = { id: 'ana', role: 'agent' };

test('servers on one database work on the same tickets, and take over from each other', async () => {
  const ticketId = 'T-1';
  expect(await post(one, '/v1/tickets', { ticketId, actor: rita, data: {} })).toMatchObject({ position: 1 });
  const act = (server: RunningServer, type: string, data: object, commandId?: string) =>
    post(server, `/v1/tickets/${ticketId}/commands`, { type, actor: ana, data, commandId });
  expect(await act(two, 'AssignTicket', { agent: 'ana' })).toMatchObject({ position: 2 });
  expect(await act(one, 'ResolveTicket', { code: 'fixed', notes: 'Done.' })).toMatchObject({ position: 3 });
  // What the second one remembers is older than that.
  expect(await act(two, 'ReopenTicket', {})).toMatchObject({ status: 'accepted', position: 4 });
  const same = { body: 'Once.', public: true };
  const answers = await Promise.all([one, two].map((server) => act(server, 'AddComment', same, 'c-1')));
  expect(answers.map(({ position }) => position)).toEqual([5, 5]);
  expect(answers.map(({ repeated }) => repeated).sort()).toEqual([false, true]);

  await untilProjected(5);
  expect((await one.stop()).code).toBe(0);
  expect(await act(two, 'AddComment', { body: 'Alone.', public: true })).toMatchObject({ position: 6 });
  await untilProjected(6);

  const [folder = ''] = folders;
  const inLog = ['--data-dir', folder];
  const shown = (await docketJsonWith(settings, 'ticket', 'show', ticketId, ...inLog)) as {
    events: unknown[];
  };
  expect(shown.events).toHaveLength(6);
  expect(await docketJsonWith(settings, 'verify', ...inLog)).toMatchObject({ ok: true, events: 6 });
  expect(await docketJsonWith(settings, 'replay', '--check', ...inLog)).toMatchObject({
    ok: true,
    events: 6,
  });
}, 90_000);
