/** SLA clocks as rows: what became of each promise, whatever the batches, and how many were kept. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import { type SlaClockRow, slaClockProjection } from '../../projections/sla-clock.ts';
import type { Database } from '../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { gold, hour, shortSla, slaRules } from '../support/sla.ts';
import { monday9 } from '../support/tickets.ts';
import { project } from './databases.ts';
import { commandOf, Recorder, randomHistory } from './histories.ts';

const events = randomHistory({ seed: 5, events: 4_000, liveTickets: 40, sla: shortSla });

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => database.execute('DROP SCHEMA IF EXISTS docket CASCADE'));
afterAll(() => test.drop());

const only = { projections: [slaClockProjection], views: [] };

function rows(): Promise<readonly SlaClockRow[]> {
  return database.query<SlaClockRow>('SELECT * FROM docket.sla_clock ORDER BY ticket_id, clock');
}

/** One ticket: high, answered in time, on hold for two hours, made urgent, resolved and reopened. */
function story(): readonly RecordedEvent[] {
  const recorder = new Recorder();
  recorder.sla = slaRules(gold);
  const comment = { body: 'We look.', public: true };
  for (const [type, role, data, hours] of [
    ['OpenTicket', 'requester', { group: 'desk', fields: { priority: 'high' } }, 0],
    ['AddComment', 'agent', comment, 0.5],
    ['AssignTicket', 'agent', { agent: 'ada' }, 1],
    ['HoldTicket', 'agent', { reason: 'vendor' }, 2],
    ['ResumeTicket', 'agent', {}, 4],
    ['ChangeFields', 'agent', { fields: { priority: 'urgent' } }, 5],
    ['ResolveTicket', 'agent', { code: 'fixed', notes: 'Done.' }, 9],
  ] as const) {
    expect(recorder.submit(commandOf('T-1', type, role, data, monday9 + hours * hour))).toBe(true);
  }
  return recorder.events;
}

describe('sla_clock', () => {
  it('tells what was promised when, and what became of it', async () => {
    await project(database, story(), only);
    const found = await rows();
    expect(found.map((row) => [row.clock, row.priority, row.state])).toEqual([
      ['agent_work#1', 'high', 'cancelled'],
      ['agent_work#2', 'urgent', 'fulfilled'],
      ['first_reply#1', 'high', 'fulfilled'],
      ['requester_wait#1', 'high', 'cancelled'],
      ['requester_wait#2', 'urgent', 'fulfilled'],
      ['resolution#1', 'high', 'cancelled'],
      ['resolution#2', 'urgent', 'fulfilled'],
    ]);
    expect(found[1]).toEqual({
      ticket_id: 'T-1',
      clock: 'agent_work#2',
      metric: 'agent_work',
      policy: 'gold',
      policy_version: '1',
      priority: 'urgent',
      calendar: null,
      business: false,
      target_ms: 5 * hour,
      state: 'fulfilled',
      started_at: monday9 + 5 * hour,
      due_at: monday9 + 7 * hour,
      remaining_ms: null,
      paused_since: null,
      paused_ms: 0,
      breached_at: monday9 + 7 * hour,
      fulfilled_at: monday9 + 9 * hour,
      cancelled_at: null,
      elapsed_ms: 7 * hour,
      workflow: 'support@1',
      assigned_group: 'desk',
      position: found[1]?.position,
    });
    expect(found[0]).toMatchObject({ paused_ms: 2 * hour, breached_at: null, elapsed_ms: null });
  });

  it('says the same whatever the batches are, and with nothing in memory', async () => {
    await project(database, events, only);
    const atOnce = await rows();
    expect(atOnce.length).toBeGreaterThan(500);
    for (const state of ['running', 'paused', 'fulfilled', 'cancelled']) {
      expect(atOnce.filter((row) => row.state === state).length, state).toBeGreaterThan(10);
    }
    await database.execute('DROP SCHEMA docket CASCADE');
    for (let end = 500; end <= events.length; end += 500) {
      await project(database, events.slice(0, end), { ...only, batchEventsMax: 37 });
    }
    expect(await rows()).toEqual(atOnce);
  });

  it('agrees with the clocks that the tickets themselves have', async () => {
    await project(database, events, only);
    const byClock = new Map((await rows()).map((row) => [`${row.ticket_id} ${row.clock}`, row]));
    let compared = 0;
    for (const ticketId of new Set(events.map((event) => event.ticketId))) {
      const ticket = replay(
        ticketId,
        events.filter((event) => event.ticketId === ticketId),
      );
      for (const clock of ticket?.clocks ?? []) {
        const row = byClock.get(`${ticketId} ${clock.clock}`);
        expect(row).toMatchObject({ state: clock.state, target_ms: clock.targetMs, policy: clock.policy });
        expect(row?.breached_at !== null).toBe(clock.breached);
        if (clock.state === 'running') expect(row?.due_at).toBe(clock.dueAt);
        if (clock.state === 'fulfilled') expect(row?.elapsed_ms).toBe(clock.elapsedMs);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('refuses an event of a clock that does not run, and has changed nothing by then', async () => {
    const history = story();
    const orphan = history.find((event) => event.type === 'SlaFulfilled');
    const start = history.find((event) => event.type === 'SlaStarted');
    if (orphan === undefined || start === undefined) throw new Error('the story has no clocks');
    const fold = slaClockProjection.start({ nameOf: () => 'docket.sla_clock' } as never);
    expect(() => fold.fold(orphan)).toThrow('no running or paused clock first_reply#1');
    fold.fold(start);
    expect(() => fold.fold(start)).toThrow('first_reply#1 has started already');
    fold.fold(orphan);
    expect(() => fold.fold(orphan)).toThrow('no running or paused clock');
    expect(fold.takeWrites().map(({ rowCount }) => rowCount)).toEqual([1, 0]);
  });
});

describe('sla_attainment', () => {
  it('counts what was kept and what was broken, by the priority of its day', async () => {
    await project(database, events);
    const [counted] = await database.query<{ clocks: number; kept: number; broken: number }>(
      `SELECT sum(clocks)::bigint AS clocks, sum(fulfilled_in_time)::bigint AS kept, sum(breached)::bigint AS broken
FROM docket.sla_attainment`,
    );
    const started = events.filter((event) => event.type === 'SlaStarted');
    const ended = (type: string) =>
      new Set(
        events.flatMap((event) =>
          event.type === type && 'clock' in event.data ? [`${event.ticketId} ${event.data.clock}`] : [],
        ),
      );
    const breached = ended('SlaBreached');
    const kept = [...ended('SlaFulfilled')].filter((clock) => !breached.has(clock)).length;
    // The deadlines of clocks that still run have all passed by the time that this test runs.
    const overdue = await database.query<{ count: number }>(
      "SELECT count(*) FROM docket.sla_clock WHERE state = 'running' AND breached_at IS NULL AND due_at <= now()",
    );
    expect(counted).toEqual({
      clocks: started.length,
      kept,
      broken: breached.size + (overdue[0]?.count ?? 0),
    });
    const [row] = await database.query<{ attainment: number; fulfilled_in_time: number; breached: number }>(
      'SELECT * FROM docket.sla_attainment WHERE fulfilled_in_time > 0 AND breached > 0 LIMIT 1',
    );
    const {
      attainment,
      fulfilled_in_time,
      breached: missed,
    } = row ?? { attainment: 0, fulfilled_in_time: 0, breached: 0 };
    expect(attainment).toBeCloseTo(fulfilled_in_time / (fulfilled_in_time + missed), 12);
  });
});
