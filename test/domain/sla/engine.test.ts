/** SLA clocks through the engine: written with their cause, and no secret to whoever repeats a command. */
import { describe, expect, it } from 'vitest';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';
import { gold, slaRules } from '../../support/sla.ts';

const open = command('OpenTicket', { requester: 'rita' }, 'requester');

describe('an engine that was given policies', () => {
  it('writes clocks together with their cause, and counts them in its answer', async () => {
    const log = memoryLog();
    const [opened] = await engineOn(log, { sla: slaRules(gold) }).submit([open]);
    expect(opened).toMatchObject({ status: 'accepted', revision: 5, events: 5, position: 1 });
    const events = await allEvents(log);
    expect(events.map(({ type }) => type)).toEqual(['TicketOpened', ...Array(4).fill('SlaStarted')]);
    expect(new Set(events.map(({ recordedAt }) => recordedAt)).size).toBe(1);
  });

  it('goes on with the clocks of tickets that it reads from the log', async () => {
    const log = memoryLog();
    await engineOn(log, { sla: slaRules(gold) }).submit([open]);
    await engineOn(log, { sla: slaRules(gold) }).submit([
      command('AddComment', { body: 'We look.', public: true }, 'agent', 1),
    ]);
    expect((await allEvents(log)).slice(5).map(({ type }) => type)).toEqual(['CommentAdded', 'SlaFulfilled']);
  });

  it.each(['OpenFollowUp', 'SplitTicket', 'MergeTicket', 'CloseTicket'] as const)(
    'gives the same answer to a repeated %s, clocks of other tickets counted in',
    async (type) => {
      const log = memoryLog();
      const engine = engineOn(log, { sla: slaRules(gold) });
      const given = [
        open,
        { ...open, ticketId: 'T-2' },
        command('AssignTicket', { agent: 'ana' }),
        command('ResolveTicket', { code: 'fixed', notes: 'Done.' }, 'agent', 1),
        command('ConfirmResolution', {}, 'requester', 2),
      ];
      const needs = { OpenFollowUp: 5, SplitTicket: 3, MergeTicket: 3, CloseTicket: 4 }[type];
      const data = type === 'MergeTicket' ? { into: 'T-2' } : {};
      const role = type === 'CloseTicket' ? 'system' : 'agent';
      const last = { ...command(type, data, role, 9 * 24), commandId: 'c-1' };
      await engine.submit(given.slice(0, needs));
      const [first] = await engine.submit([last]);
      expect(first).toMatchObject({ status: 'accepted', repeated: false });
      await engine.submit([{ ...command('AddComment', { body: 'More.', public: true }), ticketId: 'T-2' }]);
      const [again] = await engineOn(log, { sla: slaRules(gold) }).submit([last]);
      expect(again).toEqual({ ...first, repeated: true });
    },
  );
});
