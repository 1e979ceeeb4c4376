/** What a round must not do: lose a ticket that it looked up, or take a repetition for a reuse. */
import { describe, expect, it } from 'vitest';
import type { Command } from '../../../domain/ticket/commands.ts';
import { engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';

const open = command('OpenTicket', { requester: 'rita' }, 'requester');
const assign = command('AssignTicket', { agent: 'ana' });
const on = (each: Command, ticketId: string): Command => ({ ...each, ticketId });

describe('a round of more tickets than memory holds', () => {
  it('keeps the tickets it looked up until they are decided', async () => {
    const log = memoryLog();
    const ids = ['T-1', 'T-2', 'T-3', 'T-4', 'T-5'];
    await engineOn(log).submit(ids.map((id) => on(open, id)));
    for (const ticketsCachedMax of [1, 2, 3, 4]) {
      const engine = engineOn(log, { limits: { ticketsCachedMax } });
      await engine.submit(
        ids
          .slice(0, ticketsCachedMax)
          .map((id) => on(command('AddComment', { body: 'x', public: true }), id)),
      );
      const outcomes = await engine.submit(
        ids.map((id) => on(command('ChangeFields', { fields: { subject: `${ticketsCachedMax}` } }), id)),
      );
      expect(outcomes.map((each) => each.status)).toEqual(Array(5).fill('accepted'));
    }
  });

  it('knows both tickets of one command, with memory for one', async () => {
    const log = memoryLog();
    await engineOn(log).submit([on(open, 'T-1'), on(open, 'T-2'), on(assign, 'T-2')]);
    const engine = engineOn(log, { limits: { ticketsCachedMax: 1 } });
    const [outcome] = await engine.submit([command('MergeTicket', { into: 'T-2' })]);
    expect(outcome).toMatchObject({ status: 'accepted', events: 2 });
  });
});

describe('a repeated command id', () => {
  it('gets its first answer also beside somebody who uses the id for something else', async () => {
    const log = memoryLog();
    const once = { ...assign, commandId: 'c-1' };
    const other: Command = { ...command('AssignTicket', { agent: 'bo' }), commandId: 'c-1' };
    const [, first] = await engineOn(log).submit([open, once]);
    const engine = engineOn(log);
    const outcomes = await engine.submit([other, once, other, once]);
    expect(outcomes.map((each) => (each.status === 'rejected' ? each.code : each))).toEqual([
      'command_id_reused',
      { ...first, repeated: true },
      'command_id_reused',
      { ...first, repeated: true },
    ]);
  });
});
