/** What a caller may not see is in none of the forms in which events are told, whether old or new. */
import { describe, expect, it } from 'vitest';
import { actor } from '../../../support/tickets.ts';
import { type Harness, startServer } from '../harness.ts';
import { canary, comment, hidingAccess, openTicket } from './desk.ts';
import { EventClient, eventually } from './event-client.ts';

const by = { actor: actor('agent') };

async function change(server: Harness, ticketId: string, fields: Record<string, string>): Promise<void> {
  const [outcome] = await server.engine.submit([{ type: 'ChangeFields', ticketId, ...by, data: { fields } }]);
  expect(outcome).toMatchObject({ status: 'accepted' });
}

/** Positions 1 to 6; 1, 3 and 5 are of a ticket that is sealed only at 5, and told to nobody. */
async function tellStory(server: Harness): Promise<void> {
  await openTicket(server, 'SEALED', { fields: { title: canary } });
  await openTicket(server, 'OPEN', { fields: { secret: canary, title: 'seen' } });
  await comment(server, 'SEALED', 1, canary);
  await change(server, 'OPEN', { secret: `${canary}-2`, title: 'seen too' });
  await change(server, 'SEALED', { sealed: 'yes' });
  await comment(server, 'OPEN', 1, 'seen as well');
}

/** What may be seen of the story, when it is told. */
const visible = [
  { position: 2, ticketId: 'OPEN', data: { fields: { title: 'seen' } } },
  { position: 4, ticketId: 'OPEN', data: { fields: { title: 'seen too' } } },
  { position: 6, ticketId: 'OPEN', data: { body: 'seen as well' } },
];

describe('hidden fields and tickets', () => {
  it('are not in pages', async () => {
    await using server = await startServer({ context: { access: hidingAccess } });
    await tellStory(server);
    const { body } = await server.get('/v1/events');
    expect(body).toMatchObject({ position: 6, next: 7, events: visible });
    expect(JSON.stringify(body)).not.toContain(canary);
    const ofTicket = await server.get('/v1/events?ticket=SEALED');
    const ofNone = await server.get('/v1/events?ticket=NONE');
    expect(ofTicket.body).toEqual(ofNone.body);
  });

  it('do not count for the limit of a page', async () => {
    await using server = await startServer({ context: { access: hidingAccess } });
    await tellStory(server);
    const { body } = await server.get('/v1/events?limit=2');
    expect(body).toMatchObject({ next: 6, events: visible.slice(0, 2) });
  });

  it('are not in lines', async () => {
    await using server = await startServer({ context: { access: hidingAccess } });
    await tellStory(server);
    const response = await fetch(`${server.url}/v1/events`, { headers: { accept: 'application/x-ndjson' } });
    const text = await response.text();
    expect(text).not.toContain(canary);
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([...visible, { next: 7, events: 3 }]);
  });

  it('are not in streams, from the log or as they come', async () => {
    for (const recent of [1, 1_000]) {
      const limits = { streamRecentEventsMax: recent, streamPageEventsMax: 2 };
      await using server = await startServer({ context: { access: hidingAccess }, limits });
      await openTicket(server, 'FIRST', { fields: { secret: canary } });
      const live = await EventClient.open(`${server.url}/v1/events/stream?ticket=OPEN`);
      await tellStory(server);
      const late = await EventClient.open(`${server.url}/v1/events/stream?from=2`);
      await eventually(() => late.positions).toEqual([3, 5, 7]);
      await eventually(() => live.positions).toEqual([3, 5, 7]);
      for (const client of [live, late]) {
        expect(JSON.stringify(client.events)).not.toContain(canary);
        expect(client.events.map(({ data }) => data.data)).toMatchObject(visible.map(({ data }) => data));
        client.close();
      }
    }
  });

  it('are decided on the ticket as it is, never as it was before the event', async () => {
    await using server = await startServer({ context: { access: hidingAccess } });
    await openTicket(server, 'T-1', { fields: { title: 'plain' } });
    const client = await EventClient.open(`${server.url}/v1/events/stream?from=1`);
    await eventually(() => client.positions).toEqual([1]);
    await change(server, 'T-1', { sealed: 'yes', title: canary });
    await openTicket(server, 'T-2');
    await eventually(() => client.positions).toEqual([1, 3]);
    client.close();
  });
});
