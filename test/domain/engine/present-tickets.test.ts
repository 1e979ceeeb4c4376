/** What readers are shown of tickets in memory: durable events only, and never less than was answered. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { Fault } from '../../../domain/errors.ts';
import type { AppendOutcome, Write } from '../../../domain/ports.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { engineOn, HandClock } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

/**
 * One writer, whose appends and readings take as many turns as they are told, and which may break for good.
 */
class SlowLog extends MemoryLog {
  override readonly soleWriter = true;
  readings = 0;
  /** The appends that still work, and whether the one that breaks does its work before. */
  appendsLeft = Number.POSITIVE_INFINITY;
  doneWhenBroken = false;
  turns: () => number = () => 0;
  #before: Promise<unknown> = Promise.resolve();

  constructor() {
    super({ clock: new HandClock() });
  }

  override append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    const appended = this.#before.then(() => this.#appendLate(writes));
    this.#before = appended.catch(() => undefined);
    return appended;
  }

  override async readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    this.readings += 1;
    await wait(this.turns());
    const events = await super.readTicket(ticketId);
    await wait(this.turns());
    return events;
  }

  async #appendLate(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    await wait(this.turns());
    this.appendsLeft -= 1;
    if (this.appendsLeft >= 0) return super.append(writes);
    if (this.appendsLeft === -1 && this.doneWhenBroken) await super.append(writes);
    throw new Fault('log_failed', 'the disk is full');
  }
}

async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
}

const open = command('OpenTicket', { requester: 'rita' }, 'requester');
const comment = command('AddComment', { body: 'x', public: true });

describe('a ticket in memory', () => {
  it('is shown with the place of its last event, without reading the log', async () => {
    const log = new SlowLog();
    const engine = engineOn(log);
    await engine.submit([open, { ...open, ticketId: 'T-2' }, comment]);
    const readings = log.readings;
    const events = await MemoryLog.prototype.readTicket.call(log, 'T-1');
    expect(await engine.present.present('T-1')).toEqual({
      ticket: replay('T-1', events),
      partition: 0,
      position: 3,
    });
    expect(log.readings).toBe(readings);
  });

  it('is not shown as it will be before that is durable', async () => {
    const log = new SlowLog();
    const engine = engineOn(log);
    await engine.submit([open]);
    log.turns = () => 5;
    const answered = engine.submit([comment]);
    await setImmediate();
    const seen = engine.present.current('T-1').then((ticket) => ({ ticket, head: log.head() }));
    expect((await seen).ticket?.revision).toBe(2);
    expect(await (await seen).head).toBe(2);
    await answered;
  });

  it('is the same object for nobody: what was shown does not change any more', async () => {
    const engine = engineOn(new SlowLog());
    await engine.submit([open]);
    const before = await engine.present.current('T-1');
    await engine.submit([comment]);
    expect([before?.revision, (await engine.present.current('T-1'))?.revision]).toEqual([1, 2]);
  });
});

describe('a ticket that is not in memory', () => {
  it('is read once for all who come while it is being read, and nobody gets an old reading', async () => {
    const log = new SlowLog();
    await engineOn(log).submit([open]);
    const engine = engineOn(log);
    const readings = log.readings;
    log.turns = () => 3;
    const asked = Array.from({ length: 50 }, () => engine.present.current('T-1'));
    expect((await Promise.all(asked)).map((each) => each?.revision)).toEqual(Array(50).fill(1));
    expect(log.readings - readings).toBe(2);
  });

  it('that nobody opened: undefined', async () => {
    expect(await engineOn(new SlowLog()).present.current('T-9')).toBeUndefined();
  });

  it('from a merge is read once, and then known', async () => {
    const log = new SlowLog();
    const engine = engineOn(log);
    await engine.submit([open, { ...open, ticketId: 'T-2' }, command('MergeTicket', { into: 'T-2' })]);
    expect(await engine.present.present('T-2')).toMatchObject({ ticket: { revision: 2 }, position: 4 });
    const readings = log.readings;
    expect(await engine.present.present('T-2')).toMatchObject({ ticket: { revision: 2 }, position: 4 });
    expect(log.readings).toBe(readings);
  });
});

describe('whatever the log does', () => {
  it('what is shown is durable, and no older than the last answer', async () => {
    const story = fc.record({
      commands: arbitraryCommands,
      turns: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 20 }),
      appendsLeft: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 8 })),
      doneWhenBroken: fc.boolean(),
      ticketsCachedMax: fc.constantFrom(1, 2, 100),
    });
    await fc.assert(fc.asyncProperty(story, tell), { numRuns: 150 });
  });
});

interface Told {
  readonly commands: readonly Command[];
  readonly turns: readonly number[];
  readonly appendsLeft: number;
  readonly doneWhenBroken: boolean;
  readonly ticketsCachedMax: number;
}

async function tell({ commands, turns, appendsLeft, doneWhenBroken, ticketsCachedMax }: Told): Promise<void> {
  const log = new SlowLog();
  const engine = engineOn(log, { limits: { roundCommandsMax: 2, ticketsCachedMax } });
  let turn = 0;
  log.turns = () => turns[turn++ % turns.length] ?? 0;
  Object.assign(log, { appendsLeft, doneWhenBroken });
  const answered = new Map<TicketId, number>();
  const look = async (ticketId: TicketId) => {
    const atLeast = answered.get(ticketId) ?? 0;
    const shown = await engine.present.present(ticketId);
    const events = await MemoryLog.prototype.readTicket.call(log, ticketId);
    const revision = shown?.ticket.revision ?? 0;
    expect(revision).toBeGreaterThanOrEqual(atLeast);
    expect(revision).toBeLessThanOrEqual(events.length);
    expect(shown?.ticket).toEqual(replay(ticketId, events.slice(0, revision)));
    expect(shown?.position).toBe(events[revision - 1]?.position);
  };
  const pending: Promise<unknown>[] = [];
  for (const each of commands) {
    const submitted = engine.submit([each]).then(
      ([outcome]) => {
        if (outcome?.status !== 'accepted') return;
        answered.set(outcome.ticketId, Math.max(answered.get(outcome.ticketId) ?? 0, outcome.revision));
      },
      (error: unknown) => expect(error).toMatchObject({ code: 'log_failed' }),
    );
    pending.push(submitted);
    await wait(log.turns());
    for (const ticketId of ['T-1', 'T-2', 'T-3']) pending.push(look(ticketId));
  }
  await Promise.all(pending);
  for (const ticketId of ['T-1', 'T-2', 'T-3']) await look(ticketId);
}
