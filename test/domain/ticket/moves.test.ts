/** Moving tickets of workflows given as data: by name, through the engine, and checked again from the log. */
import { describe, expect, it } from 'vitest';
import { HistoryAudit } from '../../../domain/ticket/audit.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { workflowFromData } from '../../../domain/workflow/from-data.ts';
import { builtInWorkflows, Workflows } from '../../../domain/workflow/registry.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { command } from '../../support/given.ts';
import { gold, hour, slaRules } from '../../support/sla.ts';
import { monday9 } from '../../support/tickets.ts';
import { fines } from '../../support/workflows.ts';

const workflows = new Workflows([...builtInWorkflows.all(), workflowFromData(fines)]);
const opening = { ...command('OpenTicket', { fields: { amount: 36 } }), workflow: 'fines' };
const court = 'Send for Credit Collection %2F Court';

async function submitting(...commands: readonly ReturnType<typeof command>[]) {
  const log = memoryLog();
  const engine = engineOn(log, { workflows });
  const outcomes = [];
  for (const each of commands) outcomes.push(...(await engine.submit([each])));
  return { outcomes, events: await allEvents(log) };
}

describe('a ticket of a workflow given as data', () => {
  it('moves to the state that is named, with its fields, and the history is sound', async () => {
    const { outcomes, events } = await submitting(
      opening,
      command('AssignTicket', { agent: 'ana' }),
      command('MoveTicket', {
        to: 'Send Fine',
        activity: 'Send Fine',
        fields: { amount: 36, expense: 11, vehicle: null },
      }),
      command('MoveTicket', { to: 'Insert Date Appeal to Prefecture' }),
      command('MoveTicket', { to: 'Send Fine' }),
      command('MoveTicket', { to: court }, 'lead'),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill('accepted'));
    expect(events[2]).toMatchObject({
      type: 'TicketMoved',
      state: 'Send Fine/assigned',
      data: { to: 'Send Fine', activity: 'Send Fine', fields: { expense: 11 } },
    });
    expect(replay('T-1', events)).toMatchObject({
      state: `${court}/assigned`,
      fields: { amount: 36, expense: 11 },
    });
    const audit = new HistoryAudit(workflows);
    expect(events.flatMap((event) => audit.check(event))).toEqual([]);
  });

  it('moves to the state it is in only where the workflow has such a move', async () => {
    const { outcomes, events } = await submitting(
      opening,
      command('MoveTicket', { to: 'Create Fine' }),
      command('MoveTicket', { to: 'Payment' }, 'requester'),
      command('MoveTicket', { to: 'Payment' }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'accepted', 'accepted']);
    expect(events.map(({ type }) => type)).toEqual(['TicketOpened', 'TicketMoved', 'TicketMoved']);
  });

  it.each([
    [
      command('MoveTicket', { to: court }),
      'illegal_transition',
      /MoveTicket to Send for .* leads to Send Fine, Payment$/,
    ],
    [command('MoveTicket', { to: 'nowhere' }), 'illegal_transition', /MoveTicket to nowhere is not legal/],
    [command('MoveTicket', { to: 'Payment' }), 'role_not_permitted', /is for requester, integration/],
  ])('is not moved elsewhere, by others or unready (%#)', async (move, code, message) => {
    const { outcomes } = await submitting(opening, move);
    expect(outcomes[1]).toMatchObject({
      status: 'rejected',
      code,
      message: expect.stringMatching(message),
      legal: expect.arrayContaining([
        expect.objectContaining({ command: 'MoveTicket', to: ['Send Fine', 'Payment'] }),
      ]),
    });
  });

  it('is told which condition of the move it asked for does not hold', async () => {
    const { outcomes } = await submitting(
      opening,
      command('MoveTicket', { to: 'Send Fine' }),
      command('MoveTicket', { to: 'Insert Date Appeal to Prefecture' }),
    );
    expect(outcomes[2]).toMatchObject({ code: 'condition_unmet', guard: 'assigneeSet' });
  });

  it('is not sound where the log says it moved to where it could not', async () => {
    const { events } = await submitting(opening, command('MoveTicket', { to: 'Send Fine' }));
    const audit = new HistoryAudit(workflows);
    const forged = events.map((event) =>
      event.type === 'TicketMoved' ? { ...event, data: { to: court }, state: `${court}/unassigned` } : event,
    );
    expect(forged.flatMap((event) => audit.check(event))).toMatchObject([
      { revision: 2, problem: 'MoveTicket is not legal from Create Fine/unassigned: illegal_transition' },
    ]);
  });
});

it('a move keeps or ends the promises of the category it leads to, and the history is sound', async () => {
  const log = memoryLog();
  const engine = engineOn(log, { workflows, sla: slaRules(gold) });
  const at = (hours: number) => ({ occurredAt: monday9 + hours * hour });
  await engine.submit([
    opening,
    { ...command('AssignTicket', { agent: 'ana' }), ...at(1) },
    { ...command('MoveTicket', { to: 'Send Fine' }), ...at(1) },
    { ...command('MoveTicket', { to: 'Insert Date Appeal to Prefecture' }), ...at(2) },
    { ...command('MoveTicket', { to: 'Send Fine' }), ...at(3) },
    { ...command('ResolveTicket', { code: 'paid', notes: 'By card.' }), ...at(4) },
  ]);
  const events = await allEvents(log);
  const ofAgent = events.filter((event) => 'clock' in event.data && event.data.clock === 'agent_work#1');
  expect(ofAgent.map(({ type, occurredAt }) => [type, (occurredAt - monday9) / hour])).toEqual([
    ['SlaStarted', 0],
    ['SlaPaused', 2],
    ['SlaResumed', 3],
    ['SlaFulfilled', 4],
  ]);
  const audit = new HistoryAudit(workflows);
  expect(events.flatMap((event) => audit.check(event))).toEqual([]);
});

it('tickets of built-in workflows are not moved by name', async () => {
  const { outcomes } = await submitting(command('OpenTicket'), command('MoveTicket', { to: 'open' }));
  expect(outcomes[1]).toMatchObject({
    code: 'illegal_transition',
    message: expect.stringMatching(/^MoveTicket is not legal for ticket T-1/),
  });
});
