/** The log as one principal sees it: no event of what it may not read, nothing hidden of the rest. */
import { describe, expect, it } from 'vitest';
import { guardedReader } from '../../../domain/access/guarded-reader.ts';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { accessBy, policyOf, principal } from '../../support/access.ts';
import { engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

const read = { operations: ['read'] };
const rules = [
  { ...read, condition: 'ticket.group != "board"' },
  { ...read, field: '*' },
  { ...read, field: 'note', roles: ['auditor'] },
];
const guard = accessBy(policyOf(rules)).guardOf(principal(['agent']));

async function collect(reader: EventReader, from = 1): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of reader.read(from, { batchEventsMax: 2 })) {
    expect(batch.length).toBeGreaterThan(0);
    events.push(...batch);
  }
  return events;
}

async function desk() {
  const log = memoryLog();
  const engine = engineOn(log);
  const on = (ticketId: string, ...rest: Parameters<typeof command>) => ({ ...command(...rest), ticketId });
  await engine.submit([
    on('T-1', 'OpenTicket', { fields: { subject: 'mine' } }),
    on('T-2', 'OpenTicket', { group: 'board' }),
    on('T-1', 'AddComment', { body: 'secret', public: false }),
    on('T-3', 'OpenTicket'),
    on('T-2', 'AddComment', { body: 'said to the board', public: true }),
    on('T-3', 'QueueTicket', { group: 'board' }),
    on('T-1', 'AddComment', { body: 'said', public: true }),
  ]);
  return { log, engine, on };
}

describe('a guarded reader', () => {
  it.each([1, 20_000])('shows what may be seen now, with %d views remembered', async (remembered) => {
    const { log } = await desk();
    const reader = guardedReader(log, guard, remembered);
    const events = await collect(reader);
    expect(events.map(({ ticketId, type, data }) => [ticketId, type, data])).toEqual([
      ['T-1', 'TicketOpened', { fields: { subject: 'mine' } }],
      ['T-1', 'CommentAdded', {}],
      ['T-1', 'CommentAdded', { body: 'said', public: true }],
    ]);
    expect(await reader.readTicket('T-1')).toEqual(events);
    expect(await reader.readTicket('T-2')).toEqual([]);
    expect(await reader.readTicket('T-0')).toEqual([]);
    expect(await reader.head()).toBe(await log.head());
    await reader.close();
  });

  it('shows everything as it is to whoever may read all', async () => {
    const { log } = await desk();
    const all = accessBy(policyOf([])).guardOf(principal(['admin']));
    expect(await collect(guardedReader(log, all))).toEqual(await collect(log));
    await log.close();
  });

  it('hides what becomes hidden while it follows the log', async () => {
    const { log, engine, on } = await desk();
    const stop = new AbortController();
    const seen: string[] = [];
    const head = await log.head();
    const following = (async () => {
      for await (const batch of guardedReader(log, guard).read(head + 1, {
        live: true,
        signal: stop.signal,
      })) {
        seen.push(...batch.map(({ type }) => type));
      }
    })().catch(() => undefined);
    await engine.submit([on('T-1', 'AddComment', { body: 'a', public: true })]);
    await expect.poll(() => seen).toEqual(['CommentAdded']);
    await engine.submit([on('T-1', 'QueueTicket', { group: 'board' }), on('T-4', 'OpenTicket')]);
    await expect.poll(() => seen).toEqual(['CommentAdded', 'TicketOpened']);
    stop.abort();
    await following;
    await log.close();
  });
});
