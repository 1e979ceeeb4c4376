/** The memory of ticket states: finds what it was given, and lets go of the right ones. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TicketCache } from '../../../domain/ticket/cache.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { ticketState } from '../../support/tickets.ts';

const state = (ticketId: string, revision = 1): TicketState =>
  ticketState({ ticketId, revision, fields: { subject: ticketId } });

const ids = (count: number, prefix = 'T-') => Array.from({ length: count }, (_, index) => prefix + index);

/** So few different ids that they come again, among them some that differ in one character only. */
const anyId = fc.oneof(fc.constantFrom(...ids(40)), fc.constantFrom(...ids(40, 'T-1')));
const anyStep = fc.oneof(
  fc.record({ step: fc.constant('add' as const), id: anyId, revision: fc.nat(9) }),
  fc.record({ step: fc.constant('delete' as const), id: anyId }),
  fc.record({ step: fc.constant('find' as const), id: anyId }),
  fc.record({ step: fc.constant('find all' as const), ids: fc.array(anyId, { maxLength: 30 }) }),
);

describe('the ticket cache', () => {
  it('finds exactly what a map would, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 200 }), fc.integer(), (steps, seed) => {
        const cache = new TicketCache(1_000, 1, seed);
        const map = new Map<string, number>();
        for (const each of steps) {
          if (each.step === 'add' && !map.has(each.id)) {
            cache.add(state(each.id, each.revision));
            map.set(each.id, each.revision);
          } else if (each.step === 'delete') {
            cache.delete(each.id);
            map.delete(each.id);
          } else if (each.step === 'find') {
            expect(cache.find(each.id)?.revision).toBe(map.get(each.id));
          } else if (each.step === 'find all') {
            const found = cache
              .findAll(each.ids)
              .map((ticket) => ticket && [ticket.ticketId, ticket.revision]);
            expect(found).toEqual(each.ids.map((id) => (map.has(id) ? [id, map.get(id)] : undefined)));
          }
          expect(cache.size).toBe(map.size);
        }
        const states = [...cache.states()].map(({ ticketId, revision }) => [ticketId, revision]);
        expect(states.sort()).toEqual([...map].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('finds twenty thousand tickets after it has grown, and none that left', () => {
    const cache = new TicketCache(100_000);
    for (const id of ids(20_000)) cache.add(state(id));
    for (const id of ids(20_000).filter((_, index) => index % 3 === 0)) cache.delete(id);
    const found = cache.findAll(ids(20_000));
    expect(found.every((ticket, index) => (ticket === undefined) === (index % 3 === 0))).toBe(true);
    expect(found.every((ticket, index) => ticket === undefined || ticket.ticketId === `T-${index}`)).toBe(
      true,
    );
  });

  it('gives back the states that it was given', () => {
    const cache = new TicketCache(10);
    const given = { ...state('A', 7), offer: { agent: 'bo', expiresAt: 5 }, resolvedAt: 9 };
    cache.add(given);
    expect([...cache.states()]).toStrictEqual([given]);
    expect(cache.find('A')).toMatchObject(given);
  });

  it('comes down to its bound at the next round, and lets nothing go that recent rounds looked up', () => {
    const cache = new TicketCache(10, 2);
    for (const id of ids(50)) cache.add(state(id));
    for (let round = 0; round < 2; round += 1) {
      cache.beginRound();
      expect(cache.size).toBe(50);
      cache.findAll(['T-3', 'T-7']);
    }
    cache.beginRound();
    expect(cache.size).toBe(10);
    expect(cache.find('T-3')).toBeDefined();
    expect(cache.find('T-7')?.held).toBe(true);
  });

  it('lets those go first that were not used since the last look, and at once those that are done', () => {
    const cache = new TicketCache(4, 0);
    const closed = builtInWorkflows.get('support@1').states.find(({ final }) => final);
    for (const id of ids(4)) cache.add(state(id));
    cache.beginRound();
    const done = cache.find('T-2');
    if (done !== undefined) done.at = closed;
    cache.add(state('new'));
    cache.beginRound();
    expect(cache.find('T-2')).toBeUndefined();
    expect(done?.held).toBe(false);
    expect(cache.findAll(['T-0', 'T-1', 'T-3', 'new']).every((ticket) => ticket !== undefined)).toBe(true);
  });
});
