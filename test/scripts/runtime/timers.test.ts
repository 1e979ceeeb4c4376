/** The keeper of timers, with a log, rows in PostgreSQL and a clock that the test turns. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import type { Engine } from '../../../domain/engine.ts';
import { Fault } from '../../../domain/errors.ts';
import type { CommandSink } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { dueTimers } from '../../../projections/due-timers.ts';
import type { Database } from '../../../projections/sql.ts';
import { TimerKeeper, type TimerLimits } from '../../../scripts/runtime/timers.ts';
import { project } from '../../projections/databases.ts';
import { allEvents, engineOn, HandClock } from '../../support/engine.ts';
import { command } from '../../support/given.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { gold, hour, slaRules } from '../../support/sla.ts';
import { monday9 } from '../../support/tickets.ts';

let test: TestDatabase;
let database: Database;
beforeAll(async () => {
  test = await testDatabase();
  database = test.database;
});
beforeEach(() => database.execute('DROP SCHEMA IF EXISTS docket CASCADE'));
afterAll(() => test.drop());

const day = 24 * hour;
const slaOnly = slaRules({ ...gold, targets: [{ metric: 'first_reply', minutes: 60, hours: 'calendar' }] });

/** A desk whose wall clock is in the test's hand. */
class Desk {
  readonly clock = new HandClock();
  readonly log = new MemoryLog({ clock: this.clock });
  readonly engine: Engine;
  readonly notes: string[] = [];

  constructor(sla = slaOnly) {
    this.engine = engineOn(this.log, { clock: this.clock, sla });
  }

  /** Commands at their own times, each recorded as it happens. */
  async live(...commands: readonly Command[]): Promise<void> {
    for (const each of commands) {
      this.clock.time = each.occurredAt ?? this.clock.time;
      expect(await this.engine.submit([each])).toMatchObject([{ status: 'accepted' }]);
    }
    await this.project();
  }

  async project(): Promise<void> {
    await project(database, await allEvents(this.log));
  }

  keeper(sink: CommandSink = this.engine, limits: Partial<TimerLimits> = {}): TimerKeeper {
    const onNote = (line: string) => this.notes.push(line);
    return new TimerKeeper({ sink, database, clock: this.clock, onNote, limits });
  }

  /** The events that timers made. */
  async fired(): Promise<readonly RecordedEvent[]> {
    return (await allEvents(this.log)).filter(({ source }) => source === 'docket-timers');
  }
}

const open = (ticketId: string, hours = 0) => {
  return { ...command('OpenTicket', { requester: 'rita', group: 'desk' }, 'requester', hours), ticketId };
};
const on = (ticketId: string, each: Command): Command => ({ ...each, ticketId });
const assign = (hours: number) => command('AssignTicket', { agent: 'ana' }, 'agent', hours);
const resolve = (hours: number) =>
  command('ResolveTicket', { code: 'fixed', notes: 'Done.' }, 'agent', hours);
const holdUntil = (hours: number, until: number) =>
  command('HoldTicket', { reason: 'vendor', until: monday9 + until * hour, timerId: 't-1' }, 'agent', hours);

describe('a due timer', () => {
  it('fires with its due-time as business time, however late the keeper wakes up', async () => {
    const desk = new Desk();
    await desk.live(
      open('sla'),
      on('hold', open('hold')),
      on('hold', assign(0.1)),
      on('hold', holdUntil(0.2, 2)),
      open('offer', 0.3),
      on('offer', command('OfferTicket', { agent: 'ana', expiresAt: monday9 + hour / 2 }, 'system', 0.3)),
      on('done', open('done', 0.4)),
      on('done', assign(0.5)),
      on('done', resolve(0.6)),
    );
    desk.clock.time = monday9 + 20 * day;
    await desk.keeper().look();
    const told = (await desk.fired()).map(({ ticketId, type, occurredAt }) => [
      ticketId,
      type,
      occurredAt - monday9,
    ]);
    expect(told.filter(([, type]) => type !== 'SlaBreached').sort()).toEqual([
      ['done', 'TicketClosed', 0.6 * hour + 4 * day],
      ['hold', 'HoldExpired', 2 * hour],
      ['offer', 'OfferExpired', hour / 2],
    ]);
    expect(told.filter(([, type]) => type === 'SlaBreached').sort()).toEqual([
      ['hold', 'SlaBreached', hour],
      ['offer', 'SlaBreached', 1.3 * hour],
      ['sla', 'SlaBreached', hour],
    ]);
  });

  it('does nothing before its time', async () => {
    const desk = new Desk();
    await desk.live(open('sla'), open('hold'), on('hold', assign(0.1)), on('hold', holdUntil(0.2, 2)));
    desk.clock.time = monday9 + hour - 1;
    expect(await desk.keeper().look()).toBe(0);
    desk.clock.time = monday9 + hour;
    expect(await desk.keeper().look()).toBe(2);
    await desk.project();
    expect(await desk.keeper().look()).toBe(0);
  });

  it('ends unused where the ticket has moved on, and is not tried for ever', async () => {
    const desk = new Desk();
    await desk.live(open('T-1'));
    // The rows do not know yet that the agent has answered.
    await desk.engine.submit([command('AddComment', { body: 'We look.', public: true }, 'agent', 0.5)]);
    desk.clock.time = monday9 + 2 * hour;
    let asked = 0;
    const counting: CommandSink = {
      submit: (commands) => {
        asked += commands.length;
        return desk.engine.submit(commands);
      },
    };
    const keeper = desk.keeper(counting, { retryAfterMs: 0, triesMax: 3 });
    for (let looks = 0; looks < 10; looks += 1) expect(await keeper.look()).toBe(0);
    expect(asked).toBe(3);
    expect(await desk.fired()).toEqual([]);
  });

  it('fires once with two keepers, and after one was killed before it heard the answer', async () => {
    const desk = new Desk();
    const tickets = Array.from({ length: 30 }, (_, index) => open(`T-${index}`));
    await desk.live(...tickets);
    desk.clock.time = monday9 + 3 * hour;
    // The first dies in the middle: what it submitted is in the log, and nobody heard of it.
    const dying: CommandSink = {
      async submit(commands) {
        await desk.engine.submit(commands.slice(0, 11));
        throw new Fault('log_closed', 'killed');
      },
    };
    await expect(desk.keeper(dying).look()).rejects.toThrow('killed');
    expect(await desk.fired()).toHaveLength(11);
    await Promise.all([desk.keeper().look(), desk.keeper().look()]);
    const survived = await desk.fired();
    const undisturbed = new Desk();
    await database.execute('DROP SCHEMA docket CASCADE');
    await undisturbed.live(...tickets);
    undisturbed.clock.time = monday9 + 3 * hour;
    await undisturbed.keeper().look();
    const facts = (events: readonly RecordedEvent[]) =>
      events.map(({ ticketId, type, data, occurredAt, commandId }) =>
        JSON.stringify({ ticketId, type, data, occurredAt, commandId }),
      );
    expect(facts(survived).sort()).toEqual(facts(await undisturbed.fired()).sort());
    expect(survived).toHaveLength(30);
  });

  it('stops in order, says once what is wrong, and waits for tables that are not there yet', async () => {
    const desk = new Desk();
    const keeper = desk.keeper(desk.engine, { lookEveryMs: 1 });
    keeper.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await keeper.stop();
    expect(desk.notes).toEqual([]);
    await desk.live(open('T-1'));
    desk.clock.time = monday9 + 3 * hour;
    const failing: CommandSink = { submit: () => Promise.reject(new Fault('overloaded', 'a queue is full')) };
    const unlucky = desk.keeper(failing, { lookEveryMs: 1 });
    unlucky.start();
    await expect.poll(() => desk.notes.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await unlucky.stop();
    expect(desk.notes).toEqual(['timers could not be looked at (a queue is full); trying again']);
  });
});

describe('a history that is told late', () => {
  it('is left alone until something happens to its ticket live', async () => {
    const desk = new Desk();
    desk.clock.time = monday9 + 30 * day;
    for (const each of [open('T-1'), open('T-2'), on('T-2', assign(1)), on('T-2', resolve(2))]) {
      expect(await desk.engine.submit([each])).toMatchObject([{ status: 'accepted' }]);
    }
    await desk.project();
    expect(await desk.keeper().look()).toBe(0);
    const live = on('T-2', command('AddComment', { body: 'Seen.', public: false }, 'agent', 30 * 24));
    expect(await desk.engine.submit([live])).toMatchObject([{ status: 'accepted' }]);
    await desk.project();
    await desk.keeper().look();
    expect((await desk.fired()).map(({ ticketId, type }) => [ticketId, type])).toEqual([
      ['T-2', 'TicketClosed'],
    ]);
  });

  it('does not hide what was told of a breach: the ticket stays live after it', async () => {
    const desk = new Desk(
      slaRules({ ...gold, targets: [{ metric: 'resolution', minutes: 60, hours: 'calendar' }] }),
    );
    await desk.live(open('T-1'), on('T-1', assign(0.1)), on('T-1', holdUntil(0.2, 72)));
    desk.clock.time = monday9 + 50 * hour;
    expect(await desk.keeper().look()).toBe(1);
    await desk.project();
    desk.clock.time = monday9 + 80 * hour;
    expect(await desk.keeper().look()).toBe(1);
    expect((await desk.fired()).map(({ type }) => type)).toEqual(['SlaBreached', 'HoldExpired']);
  });
});

describe('pages of due timers', () => {
  it('come newest first, each timer once, over equal due-times', async () => {
    const desk = new Desk();
    await desk.live(
      ...Array.from({ length: 25 }, (_, index) =>
        open(`T-${String(index).padStart(2, '0')}`, Math.floor(index / 10)),
      ),
    );
    const now = monday9 + 9 * hour;
    const limits = { pageTimersMax: 4, liveLagMsMax: hour };
    const seen: string[] = [];
    let pages = 0;
    let page = await dueTimers(database, 'sla', now, undefined, limits);
    for (; ; pages += 1) {
      seen.push(...page.timers.map(({ dueAt, ticketId }) => `${dueAt} ${ticketId}`));
      if (page.end === undefined) break;
      page = await dueTimers(database, 'sla', now, page.end, limits);
    }
    expect(seen).toHaveLength(25);
    expect(seen).toEqual([...new Set(seen)].sort().reverse());
    expect(pages).toBe(6);
  });
});
