/** States as text and back: every state that commands can lead to, and every part a state can have. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeState, StateDecoder } from '../../../adapters/snapshots/state-codec.ts';
import type { SlaClock } from '../../../domain/sla/clock.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { arbitraryCommands } from '../../support/arbitrary-commands.ts';
import { allEvents, engineOn, memoryLog } from '../../support/engine.ts';
import { monday9, ticketState } from '../../support/tickets.ts';

function throughText(...states: readonly TicketState[]): readonly TicketState[] {
  return new StateDecoder().decode(`[${states.map(encodeState).join(',')}]`);
}

const clock: SlaClock = {
  clock: 'first_reply#12',
  metric: 'first_reply',
  targetMs: 900_000,
  policy: 'gold ☂',
  priority: 'high',
  hours: 'business',
  calendar: 'office',
  state: 'running',
  elapsedMs: 17,
  since: monday9,
  dueAt: monday9 + 899_983,
  breached: false,
};

const full: TicketState = ticketState({
  requester: 'rita ☂',
  assignee: 'ana',
  group: 'first "line"\n',
  offer: { agent: 'bo', expiresAt: monday9 + 1 },
  hold: { reason: 'vendor', until: monday9 + 2, timerId: 't-1' },
  resolvedAt: monday9 + 3,
  resolutionCode: 'fixed',
  mergedInto: 'T-9',
  links: [
    { ticket: 'T-2', relation: 'related' },
    { ticket: 'T-3', relation: 'split_from' },
  ],
  fields: { subject: 'half a pair: \ud83d', cost: 1e21, share: -0.1, vip: false, tags: ['a', ''], empty: '' },
  replied: true,
  clocks: [
    { ...clock, breached: true },
    { ...clock, clock: 'resolution#1', metric: 'resolution', state: 'paused', dueAt: undefined },
    { ...clock, clock: 'agent_work#1', metric: 'agent_work', priority: undefined, calendar: undefined },
  ],
});

it('every part that a state can have is tried', () => {
  expect(Object.entries(full).filter(([, value]) => value === undefined)).toEqual([]);
  expect(Object.keys(full).sort()).toEqual(Object.keys(ticketState()).sort());
});

describe('a state', () => {
  it('comes back with all its parts', () => {
    expect(throughText(full)).toStrictEqual([full]);
  });

  it('comes back without the parts that it does not have, and times of zero stay times', () => {
    const without = ticketState({ hold: { reason: 'caller', until: undefined, timerId: undefined } });
    const zero = ticketState({ openedAt: 0, resolvedAt: 0, requester: '' });
    expect(throughText(ticketState(), without, zero)).toStrictEqual([ticketState(), without, zero]);
  });

  it('keeps the order of its fields', () => {
    const ticket = ticketState({ fields: { zeta: 1, alpha: 2 } });
    expect(Object.keys(throughText(ticket)[0]?.fields ?? {})).toEqual(['zeta', 'alpha']);
  });

  it('comes back as any story of commands made it, from the engine and from the log', async () => {
    let tickets = 0;
    const story = fc.asyncProperty(arbitraryCommands, async (commands) => {
      const log = memoryLog();
      const engine = engineOn(log);
      await engine.submit(commands);
      const states = [...engine.tickets.states()];
      tickets += states.length;
      expect(throughText(...states)).toStrictEqual(states);
      const events = await allEvents(log);
      const replayed = states.map(({ ticketId }) =>
        replay(
          ticketId,
          events.filter((event) => event.ticketId === ticketId),
        ),
      );
      expect(throughText(...states)).toStrictEqual(replayed);
    });
    await fc.assert(story, { numRuns: 100 });
    expect(tickets).toBeGreaterThan(100);
  });
});

describe('what many tickets share', () => {
  it('comes back as one object, so that a million tickets do not hold a million copies', () => {
    const [first, second] = throughText(ticketState(), ticketState({ ticketId: 'T-2' }));
    expect(second?.openedBy).toBe(first?.openedBy);
    expect(second?.links).toBe(first?.links);
    expect(second?.fields).toBe(first?.fields);
  });

  it('is not mixed up where one id has several roles', () => {
    const roles = (['agent', 'requester', 'agent'] as const).map((role) => ({ id: 'x', role }));
    const states = roles.map((openedBy) => ticketState({ openedBy }));
    expect(throughText(...states).map(({ openedBy }) => openedBy)).toEqual(roles);
  });
});
