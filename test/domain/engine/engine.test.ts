/** The command path: order, numbers, repeated ids, other writers, overload and failure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../domain/engine.ts';
import { Fault } from '../../../domain/errors.ts';
import type { AppendOutcome, EventLog, Write } from '../../../domain/ports.ts';
import { HistoryAudit } from '../../../domain/ticket/audit.ts';
import type { Command } from '../../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

const open = command('OpenTicket', { requester: 'rita' }, 'requester');
const unnumbered: Command = { ...open, ticketId: undefined };
const assign = command('AssignTicket', { agent: 'ana' });
const resolve = command('ResolveTicket', { code: 'fixed', notes: 'Done.' });

describe('submitting', () => {
  it('answers each command, in order, on the state that the one before made', async () => {
    const log = memoryLog();
    const outcomes = await engineOn(log).submit([resolve, open, assign, resolve, assign]);
    expect(outcomes.map((each) => (each.status === 'accepted' ? each.state : each.code))).toEqual([
      'ticket_not_found',
      'new/unassigned/L0',
      'open/assigned/L0',
      'resolved/assigned/L0',
      'resolved/assigned/L0',
    ]);
    expect(outcomes.at(-1)).toMatchObject({ events: 0, position: 0 });
    expect(outcomes[3]).toMatchObject({ revision: 3, events: 1, position: 3, repeated: false });
    expect((await allEvents(log)).map((event) => event.type)).toEqual([
      'TicketOpened',
      'TicketAssigned',
      'TicketResolved',
    ]);
  });

  it('keeps the order of separate calls that are not awaited', async () => {
    const engine = engineOn(memoryLog(), { limits: { roundCommandsMax: 2 } });
    const calls = [[open], [assign], [resolve], [command('ReopenTicket')], [resolve]].map((each) =>
      engine.submit(each),
    );
    const outcomes = (await Promise.all(calls)).flat();
    expect(outcomes.map((each) => each.status === 'accepted' && each.revision)).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on with tickets that only the log remembers', async () => {
    const log = memoryLog();
    await engineOn(log).submit([open, assign]);
    const [outcome] = await engineOn(log).submit([resolve]);
    expect(outcome).toMatchObject({ status: 'accepted', revision: 3 });
  });

  it('keeps working with hardly any memory for tickets', async () => {
    const log = memoryLog();
    const engine = engineOn(log, { limits: { ticketsCachedMax: 4, roundCommandsMax: 2 } });
    const ids = Array.from({ length: 20 }, (_, index) => `T-${index}`);
    for (const step of [open, assign, resolve]) {
      const outcomes = await engine.submit(ids.map((ticketId) => ({ ...step, ticketId })));
      expect(outcomes.filter((each) => each.status === 'rejected')).toEqual([]);
    }
  });

  it('writes a merge to both tickets, and a follow-up as a ticket of its own', async () => {
    const log = memoryLog();
    const other = { ...open, ticketId: 'T-2' };
    const close = command('ConfirmResolution', {}, 'requester');
    const outcomes = await engineOn(log).submit([
      open,
      other,
      command('MergeTicket', { into: 'T-2' }),
      { ...assign, ticketId: 'T-2' },
      { ...resolve, ticketId: 'T-2' },
      { ...close, ticketId: 'T-2' },
      { ...command('OpenFollowUp', {}, 'requester'), ticketId: 'T-2' },
    ]);
    expect(outcomes.map((each) => each.status)).toEqual(Array(7).fill('accepted'));
    expect(outcomes[2]).toMatchObject({ events: 2, position: 3 });
    expect(outcomes[6]).toMatchObject({ events: 2, newTicketId: 'REQ0000001' });
    expect((await log.readTicket('REQ0000001'))[0]?.data).toMatchObject({ followUpOf: 'T-2' });
  });

  it('asks for a ticket id where the command needs one', async () => {
    const [outcome] = await engineOn(memoryLog()).submit([{ ...assign, ticketId: undefined }]);
    expect(outcome).toMatchObject({
      code: 'invalid_command',
      message: expect.stringMatching(/ticketId is required/),
    });
  });
});

describe('automatic numbers', () => {
  const ids = (outcomes: readonly object[]) => outcomes.map((each) => 'ticketId' in each && each.ticketId);

  it('count up from 1, go on after a restart and step over ids that callers brought', async () => {
    const log = memoryLog();
    const own = { ...open, ticketId: 'REQ0000003' };
    const first = await engineOn(log).submit([unnumbered, unnumbered, own, unnumbered]);
    expect(ids(first)).toEqual(['REQ0000001', 'REQ0000002', 'REQ0000003', 'REQ0000004']);
    const second = await engineOn(log).submit([unnumbered, unnumbered]);
    expect(ids(second)).toEqual(['REQ0000005', 'REQ0000006']);
  });

  it('take the prefix and digits that were asked for', async () => {
    const engine = engineOn(memoryLog(), { numbering: { prefix: 'INC-', digits: 3 } });
    expect(ids(await engine.submit([unnumbered]))).toEqual(['INC-001']);
  });

  it('are not used up by commands that are refused', async () => {
    const bad = { ...unnumbered, workflow: 'nope' };
    const outcomes = await engineOn(memoryLog()).submit([bad, unnumbered, bad, unnumbered]);
    expect(outcomes.map((each) => each.status)).toEqual(['rejected', 'accepted', 'rejected', 'accepted']);
    expect(new Set(ids(outcomes.filter((each) => each.status === 'accepted'))).size).toBe(2);
  });

  it('stay unique among thousands, with holes left by callers', async () => {
    const log = memoryLog();
    const brought = [64, 65, 66, 100, 1000].map((n) => ({
      ...open,
      ticketId: `REQ${String(n).padStart(7, '0')}`,
    }));
    await engineOn(log).submit(brought);
    for (let restart = 0; restart < 5; restart += 1) {
      const outcomes = await engineOn(log).submit(Array(300).fill(unnumbered));
      expect(outcomes.every((each) => each.status === 'accepted')).toBe(true);
    }
    const opened = (await allEvents(log)).map((event) => event.ticketId);
    expect(new Set(opened).size).toBe(1_505);
  });
});

describe('a repeated command id', () => {
  const once = { ...assign, commandId: 'c-1' };

  it('gets the first answer in the same call, in a later one and after a restart', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const [, first, again] = await engine.submit([open, once, once]);
    expect(first).toMatchObject({ status: 'accepted', repeated: false, revision: 2, position: 2 });
    expect(again).toEqual({ ...first, repeated: true });
    await engine.submit([resolve]);
    expect(await engine.submit([once])).toEqual([{ ...first, repeated: true }]);
    expect(await engineOn(log).submit([once])).toEqual([{ ...first, repeated: true }]);
    expect(await allEvents(log)).toHaveLength(3);
  });

  it('gives an automatic number once', async () => {
    const log = memoryLog();
    const opening = { ...unnumbered, commandId: 'c-2' };
    const [first] = await engineOn(log).submit([opening]);
    const [again] = await engineOn(log).submit([opening]);
    expect(again).toEqual({ ...first, repeated: true });
    expect(await allEvents(log)).toHaveLength(1);
  });

  it('tells the follow-up that was opened the first time', async () => {
    const log = memoryLog();
    const follow = { ...command('OpenFollowUp', {}, 'requester'), commandId: 'c-3' };
    const close = command('ConfirmResolution', {}, 'requester');
    const first = (await engineOn(log).submit([open, assign, resolve, close, follow])).at(-1);
    expect(await engineOn(log).submit([follow])).toEqual([{ ...first, repeated: true }]);
  });

  it('is refused with another body, wherever the first one is', async () => {
    const log = memoryLog();
    const engine = engineOn(log);
    const reused = { ...assign, data: { agent: 'bo' }, commandId: 'c-1' } as Command;
    const [, , inFlight] = await engine.submit([open, once, reused]);
    expect(inFlight).toMatchObject({ status: 'rejected', code: 'command_id_reused' });
    expect(await engineOn(log).submit([reused])).toMatchObject([{ code: 'command_id_reused' }]);
  });

  it('is decided anew when it was refused, since a refusal leaves no trace', async () => {
    const engine = engineOn(memoryLog());
    expect(await engine.submit([once])).toMatchObject([{ code: 'ticket_not_found' }]);
    expect((await engine.submit([open, once])).map((each) => each.status)).toEqual(['accepted', 'accepted']);
  });
});

describe('any stream of commands', () => {
  const numbered = arbitraryCommands.map((commands) =>
    commands.map((each, index): Command => ({ ...each, commandId: `c-${index}` })),
  );

  it('yields no new event when it is sent again, and the same answers', async () => {
    await fc.assert(
      fc.asyncProperty(numbered, fc.integer({ min: 1, max: 9 }), async (commands, roundCommandsMax) => {
        const log = memoryLog();
        const first = await engineOn(log, { limits: { roundCommandsMax } }).submit(commands);
        const events = await allEvents(log);
        const kept = commands.filter((_, index) => {
          const outcome = first[index];
          return outcome?.status === 'accepted' && outcome.events > 0;
        });
        const again = await engineOn(log).submit(kept);
        expect(await allEvents(log)).toEqual(events);
        const firstKept = first.filter((each) => each.status === 'accepted' && each.events > 0);
        expect(again).toEqual(firstKept.map((each) => ({ ...each, repeated: true })));
      }),
      { numRuns: 100 },
    );
  });

  it('makes a sound history when two engines write to one log', async () => {
    await fc.assert(
      fc.asyncProperty(numbered, numbered, async (left, right) => {
        const log = memoryLog();
        const [one, two] = [engineOn(log), engineOn(log)];
        const calls = left.map((each) => one.submit([each]));
        calls.push(...right.map((each) => two.submit([{ ...each, commandId: `r-${each.commandId}` }])));
        const outcomes = (await Promise.all(calls)).flat();
        const events = await allEvents(log);
        const audit = new HistoryAudit(builtInWorkflows);
        expect(events.flatMap((event) => audit.check(event))).toEqual([]);
        const counted = outcomes.reduce(
          (sum, each) => sum + (each.status === 'accepted' ? each.events : 0),
          0,
        );
        expect(events).toHaveLength(counted);
      }),
      { numRuns: 100 },
    );
  });
});

/** A log whose appends a test decides over: the memory log otherwise. */
function fakeLog(
  append: (writes: readonly Write[], real: EventLog) => Promise<readonly AppendOutcome[]>,
): EventLog {
  const real = memoryLog();
  return new Proxy<EventLog>(real, {
    get(target, key) {
      if (key === 'append') return (writes: readonly Write[]) => append(writes, target);
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('other writers', () => {
  it('make the engine decide again, in order, on what they left', async () => {
    const log = memoryLog();
    const [mine, theirs] = [engineOn(log), engineOn(log)];
    await mine.submit([open, assign]);
    await theirs.submit([resolve]);
    const outcomes = await mine.submit([
      command('HoldTicket', { reason: 'vendor' }),
      command('ReopenTicket'),
      resolve,
    ]);
    expect(outcomes.map((each) => (each.status === 'accepted' ? each.state : each.code))).toEqual([
      'illegal_transition',
      'open/assigned/L0',
      'resolved/assigned/L0',
    ]);
    expect(mine.counts.conflicts).toBeGreaterThan(0);
  });

  it('are seen before a command is refused, or found to change nothing', async () => {
    const log = memoryLog();
    const [mine, theirs] = [engineOn(log), engineOn(log)];
    const refused = async (engine: Engine, what: Command) => {
      const [outcome] = await engine.submit([what]);
      return outcome?.status === 'accepted' ? outcome.events : outcome?.code;
    };
    await mine.submit([open, assign]);
    expect(await refused(mine, command('ReopenTicket'))).toBe('illegal_transition');
    await theirs.submit([resolve]);
    expect(await refused(mine, command('ReopenTicket'))).toBe(1);
    expect(await refused(mine, assign)).toBe(0);
    await theirs.submit([command('AssignTicket', { agent: 'bo' })]);
    expect(await refused(mine, assign)).toBe(1);
    expect((await allEvents(log)).map((event) => event.revision)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('with the same command at the same time get the first answer of the one that was faster', async () => {
    const log = memoryLog();
    const first = { ...open, commandId: 'c-1' };
    const other = { ...command('OpenTicket', { requester: 'sam' }, 'requester'), commandId: 'c-1' };
    const engines = [engineOn(log), engineOn(log), engineOn(log)];
    const outcomes = await Promise.all(
      [first, first, other].map((each, index) => engines[index]?.submit([each])),
    );
    expect(outcomes.flat()).toMatchObject([
      { status: 'accepted', position: 1, repeated: false },
      { status: 'accepted', position: 1, repeated: true },
      { status: 'rejected', code: 'command_id_reused' },
    ]);
    expect(await allEvents(log)).toHaveLength(1);
  });

  it('who take an automatic number while it is being looked at leave the next one', async () => {
    const log = memoryLog();
    const theirs = engineOn(log);
    let faster = 3;
    const raced = new Proxy<EventLog>(log, {
      get(target, key) {
        if (key === 'readTicket') {
          return async (ticketId: string) => {
            // Here it was found to be free, and is not yet decided on.
            faster -= 1;
            if (faster >= 0) await theirs.submit([{ ...open, ticketId }]);
            return target.readTicket(ticketId);
          };
        }
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const outcomes = await engineOn(raced).submit([{ ...unnumbered, commandId: 'c-1' }, unnumbered]);
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect((await allEvents(log)).map(({ type }) => type)).toEqual(Array(5).fill('TicketOpened'));
  });

  it('who are always faster end in an answer, after a bounded number of tries', async () => {
    let appends = 0;
    const contended = fakeLog(async (writes) => {
      appends += 1;
      return writes.map(({ ticketId }) => ({ status: 'conflict', ticketId, actualRevision: 1 }));
    });
    const [outcome] = await engineOn(contended, { limits: { conflictRetriesMax: 3 } }).submit([open]);
    expect(outcome).toMatchObject({ status: 'rejected', code: 'contention' });
    expect(appends).toBe(4);
  });
});

describe('limits and failures', () => {
  it('refuses more than its queue holds, and takes it later', async () => {
    const engine = engineOn(memoryLog(), { limits: { unansweredCommandsMax: 3 } });
    const first = engine.submit([open, assign, resolve]);
    await expect(engine.submit([command('ReopenTicket')])).rejects.toMatchObject({
      code: 'overloaded',
      retry: true,
    });
    await first;
    expect(await engine.submit([command('ReopenTicket')])).toMatchObject([{ status: 'accepted' }]);
  });

  it('fails everything that is waiting when the log fails, and everything after', async () => {
    const broken = fakeLog(() => Promise.reject(new Fault('log_failed', 'the disk is gone')));
    const engine = engineOn(broken, { limits: { roundCommandsMax: 1 } });
    const calls = [engine.submit([open]), engine.submit([assign])];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'log_failed' });
    await expect(engine.submit([open])).rejects.toMatchObject({ code: 'log_failed' });
    await engine.drain();
  });

  it('forgets what it assumed when an append can be tried again', async () => {
    let fail = true;
    const shaky = fakeLog((writes, real) =>
      fail ? Promise.reject(new Fault('database_unavailable', 'away')) : real.append(writes),
    );
    const engine = engineOn(shaky);
    await expect(engine.submit([open])).rejects.toMatchObject({ code: 'database_unavailable' });
    fail = false;
    expect(await engine.submit([open])).toMatchObject([{ status: 'accepted', revision: 1 }]);
  });
});
