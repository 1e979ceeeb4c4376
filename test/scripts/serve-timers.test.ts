/** `docket serve` with promises: the policies of its data folder, and time passing. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { docketJson, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';
import { gold } from '../support/sla.ts';

const dataDir = testFolder();
const targets = [{ metric: 'first_reply', minutes: 0.25, hours: 'calendar' }];
let server: RunningServer;
beforeAll(async () => {
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, 'sla.json'), JSON.stringify({ policies: [{ ...gold, targets }] }));
  server = await serve(dataDir);
});
afterAll(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function eventsOf(ticketId: string): Promise<readonly { type: string; occurredAt: string }[]> {
  const answer = await server.fetch(`/v1/tickets/${ticketId}/events`);
  return ((await answer.json()) as { events: { type: string; occurredAt: string }[] }).events;
}

it('tells a breach by itself, at its deadline, and shows it', async () => {
  const openedAt = Date.now() - 20_000;
  const body = { actor: { id: 'rita', role: 'requester' }, occurredAt: openedAt, data: {} };
  const headers = { 'content-type': 'application/json' };
  const opened = await server.fetch('/v1/tickets', {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  expect(await opened.json()).toMatchObject({ ticketId: 'REQ0000001', revision: 2, events: 2 });
  await expect
    .poll(async () => (await eventsOf('REQ0000001')).map(({ type }) => type), {
      timeout: 20_000,
      interval: 200,
    })
    .toEqual(['TicketOpened', 'SlaStarted', 'SlaBreached']);
  const dueAt = new Date(openedAt + 15_000).toISOString();
  expect((await eventsOf('REQ0000001'))[2]).toMatchObject({ occurredAt: dueAt, data: { dueAt } });
  const ticket = await server.fetch('/v1/tickets/REQ0000001');
  expect(await ticket.json()).toMatchObject({ clocks: [{ clock: 'first_reply#1', breached: true, dueAt }] });
  expect(await docketJson('verify', '--data-dir', dataDir)).toMatchObject({ ok: true, events: 3 });
});
