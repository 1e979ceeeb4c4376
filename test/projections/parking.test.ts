/**
 * A poison event parks its ticket and nothing else, in sight, and the ticket catches up once it is mended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows, Workflows } from '../../domain/workflow/registry.ts';
import { readBuilds } from '../../projections/build.ts';
import { parkedTicketsMax, readParkedLive, requestParking, requestRetry } from '../../projections/parking.ts';
import type { Database } from '../../projections/sql.ts';
import { projectionStatus } from '../../projections/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, dump, forgetReadModels, project } from './databases.ts';
import { randomHistory, readerOf } from './histories.ts';

const events = randomHistory({ seed: 12, events: 3_000, liveTickets: 40 });
const poisoned = eventAt(777);
/** The same log with one event that folds can not follow, for want of a workflow; and with that workflow. */
const broken = events.map((event) => (event === poisoned ? { ...event, workflow: 'lost@1' } : event));
const lost = { ...builtInWorkflows.get(poisoned.workflow), id: 'lost@1', name: 'lost' };
const mended = new Workflows([...builtInWorkflows.all(), lost]);

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => forgetReadModels(database));
afterAll(() => test.drop());

function eventAt(position: number): RecordedEvent {
  const event = events[position - 1];
  if (event === undefined) throw new Error(`no event at ${position}`);
  return event;
}

describe('an event that can not be folded', () => {
  it('parks its ticket in every read model that needs it, and the rest goes on', async () => {
    const notes: string[] = [];
    await project(database, broken, { onNote: (line) => notes.push(line) });
    const parked = await readParkedLive(database);
    expect(parked.map(({ projection }) => projection)).toContain('ticket_event');
    expect(new Set(parked.map(({ ticket_id }) => ticket_id))).toEqual(new Set([poisoned.ticketId]));
    expect(parked[0]).toMatchObject({
      position: 777,
      revision: poisoned.revision,
      attempts: 1,
      reason: expect.stringContaining('lost@1'),
      event: { type: poisoned.type, workflow: 'lost@1' },
    });
    expect(notes.some((line) => line.includes(poisoned.ticketId) && line.includes('parked'))).toBe(true);
    const status = await projectionStatus(database, readerOf(broken));
    expect(status.every(({ lagEvents }) => lagEvents === 0)).toBe(true);
    expect(status.find(({ projection }) => projection === 'ticket_event')?.parked).toBe(1);
    const [ticket] = await database.query<{ revision: number }>(
      'SELECT revision FROM docket.ticket WHERE ticket_id = $1',
      [poisoned.ticketId],
    );
    expect(ticket?.revision ?? 0).toBe(poisoned.revision - 1);
    expect(await check(database, broken)).toMatchObject({ ok: true, parked: parked.length });
  });

  it('is projected by a retry after the cause is gone, in order with what came after it', async () => {
    await project(database, broken, { batchEventsMax: 100 });
    const parked = await readParkedLive(database);
    expect(await requestRetry(database, { ticketId: poisoned.ticketId })).toBe(parked.length);
    await project(database, broken, { workflows: mended });
    expect(await readParkedLive(database)).toEqual([]);
    const retried = await dump(database);
    expect(await check(database, broken, mended)).toMatchObject({ ok: true, parked: 0 });
    await forgetReadModels(database);
    await project(database, broken, { workflows: mended });
    expect(await dump(database)).toEqual(retried);
  });

  it('stays parked when it fails again, and says how often it was tried', async () => {
    await project(database, broken);
    await requestRetry(database, {});
    await project(database, broken);
    const parked = await readParkedLive(database);
    expect(parked.map(({ attempts, retry_requested }) => [attempts, retry_requested])).toEqual(
      parked.map(() => [2, false]),
    );
    expect(await check(database, broken)).toMatchObject({ ok: true, parked: parked.length });
  });

  it('is retried by a projector that is at work, without a restart', async () => {
    let isMended = false;
    const reader = readerOf(broken);
    const mending = {
      ...reader,
      readTicket: (ticketId: string) => readerOf(isMended ? events : broken).readTicket(ticketId),
    };
    const stop = new AbortController();
    const running = project(database, broken, {
      reader: mending,
      untilCaughtUp: false,
      signal: stop.signal,
    });
    await until(async () => (await readParkedLive(database)).length > 0);
    isMended = true;
    await requestRetry(database, { projection: 'ticket_event' });
    await until(
      async () => !(await readParkedLive(database)).some(({ projection }) => projection === 'ticket_event'),
    );
    stop.abort();
    await running;
    const rows = await database.query('SELECT FROM docket.ticket_event');
    expect(rows).toHaveLength(events.length);
  });
});

describe('rows that PostgreSQL refuses', () => {
  it('park the ticket of the event that they came from', async () => {
    await project(database, events.slice(0, 100));
    await database.execute(
      'ALTER TABLE docket_data.ticket_event_b1 ADD CONSTRAINT test CHECK (position <> 2222)',
    );
    await project(database, events, { batchEventsMax: 500 });
    const parked = await readParkedLive(database);
    expect(parked).toMatchObject([{ projection: 'ticket_event', position: 2_222, partition: 0 }]);
    expect(parked[0]?.ticket_id).toBe(eventAt(2_222).ticketId);
    await database.execute('ALTER TABLE docket_data.ticket_event_b1 DROP CONSTRAINT test');
    await requestRetry(database, {});
    await project(database, events);
    expect(await check(database, events)).toMatchObject({ ok: true, parked: 0 });
  });

  it('stop the projector where no event is to blame', async () => {
    await project(database, events.slice(0, 1_000));
    await database.execute('DROP TABLE docket_data.ticket_event_b1 CASCADE');
    await expect(project(database, events)).rejects.toThrow(/ticket_event/);
    expect(await readParkedLive(database)).toEqual([]);
  });
});

describe('parking by hand', () => {
  it('leaves the ticket alone from then on, until a retry', async () => {
    await project(database, events.slice(0, 1_000));
    const [build] = (await readBuilds(database)).filter((each) => each.projection === 'ticket');
    if (build === undefined) throw new Error('no build');
    const { ticketId } = events.findLast(({ position }) => position > 2_500) ?? eventAt(3_000);
    const reason = 'the desk asked for it';
    expect(await requestParking(database, build, { ticketId, partition: 0, reason }, Date.now())).toBe(true);
    expect(await requestParking(database, build, { ticketId, partition: 0, reason }, Date.now())).toBe(false);
    await project(database, events);
    expect(await readParkedLive(database)).toMatchObject([{ ticket_id: ticketId, position: 1_001, reason }]);
    expect(await check(database, events)).toMatchObject({ ok: true, parked: 1 });
    await requestRetry(database, { ticketId });
    await project(database, events);
    expect(await check(database, events)).toMatchObject({ ok: true, parked: 0 });
  });
});

describe('too many parked tickets', () => {
  it(`stop the projector at more than ${parkedTicketsMax}, because then no event is to blame`, async () => {
    const [opening] = events;
    if (opening === undefined) throw new Error('no events');
    const unknown = Array.from({ length: parkedTicketsMax + 1 }, (_, index) => ({
      ...opening,
      ticketId: `LOST-${index}`,
      workflow: 'lost@1',
      position: index + 1,
    }));
    await expect(project(database, unknown)).rejects.toMatchObject({
      code: 'projection_failed',
      message: expect.stringContaining(String(parkedTicketsMax)),
    });
    expect(await readParkedLive(database)).toEqual([]);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo().catch(() => false)) return;
    await sleep(50);
  }
  throw new Error('it did not come to pass within 10 s');
}
