/** Drafts of workflows from logs: what is seen becomes states and moves, and every draft can be used. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CaseEvent } from '../../../adapters/imports/case-event.ts';
import { conform } from '../../../adapters/imports/conform.ts';
import { type DiscoverOptions, discoverWorkflow } from '../../../adapters/imports/discover.ts';
import { readDefinition } from '../../../domain/workflow/definition.ts';
import { compileDefinition } from '../../../domain/workflow/from-data.ts';
import { batchesOf, casesOf } from './case-logs.ts';

function discover(events: readonly CaseEvent[], options: Partial<DiscoverOptions> = {}) {
  return discoverWorkflow(batchesOf(events), { name: 'mine', ...options });
}

/** What the draft says, as short as a test wants it: categories by state, and counts by move. */
async function draftOf(events: readonly CaseEvent[], options: Partial<DiscoverOptions> = {}) {
  const { definition } = await discover(events, options);
  compileDefinition(readDefinition(definition));
  return {
    initial: definition.initial,
    states: Object.fromEntries(
      Object.entries(definition.states).map(([key, { category }]) => [key, category]),
    ),
    moves: Object.fromEntries(definition.moves.map(({ from, to, count }) => [`${from} > ${to}`, count])),
  };
}

describe('a draft', () => {
  it('has what followed what, how often, and a guess at each category', async () => {
    const events = casesOf(
      ['Register', 'Check', 'Await Customer', 'Check', 'Done', 'Archive'],
      ['Register', 'Check', 'Check', 'Done', 'Check', 'Done'],
      ['Register', 'On Hold', 'Check', 'Withdrawn'],
    );
    expect(await draftOf(events)).toEqual({
      initial: 'Register',
      states: {
        Register: 'new',
        Check: 'open',
        'Await Customer': 'pending',
        Done: 'resolved',
        Archive: 'closed',
        'On Hold': 'hold',
        Withdrawn: 'cancelled',
      },
      moves: {
        'Register > Check': 2,
        'Register > On Hold': 1,
        'Check > Await Customer': 1,
        'Await Customer > Check': 1,
        'Check > Done': 3,
        'Done > Archive': 1,
        'Check > Check': 1,
        'Done > Check': 1,
        'On Hold > Check': 1,
        'Check > Withdrawn': 1,
      },
    });
  });

  it('does not mind how the cases are mixed, and tells what the log holds', async () => {
    const mixed = casesOf(['A', 'B', 'C'], ['A', 'C', 'B', 'C'], ['A', 'B']).sort(
      (left, right) => left.at - right.at,
    );
    const { cases, events, definition } = await discover(mixed);
    expect({ cases, events }).toEqual({ cases: 3, events: 9 });
    expect(definition.observed).toMatchObject({ cases: 3, events: 9, since: '2026-03-02T09:00:00.000Z' });
    expect(definition.moves.find(({ from, to }) => from === 'B' && to === 'C')?.count).toBe(2);
  });

  it('adds a state to begin in where cases begin in several, and one to end in where all are left', async () => {
    expect(await draftOf(casesOf(['A', 'B', 'A'], ['B', 'A', 'B'], ['A', 'B']))).toEqual({
      initial: 'opened',
      states: { opened: 'new', A: 'resolved', B: 'resolved', closed: 'closed' },
      moves: { 'opened > A': 2, 'opened > B': 1, 'A > B': 3, 'B > A': 2 },
    });
  });

  it('leaves out what is rare, but nothing without which a state would lead nowhere', async () => {
    const often = Array.from({ length: 20 }, () => ['A', 'B', 'C']);
    const events = casesOf(...often, ['A', 'C'], ['B', 'C'], ['A', 'X', 'Y', 'X', 'Y', 'X', 'C']);
    const { definition, states, moves } = await discover(events, { minFrequency: 0.1 });
    expect(definition.moves).toEqual(
      [
        { from: 'A', to: 'B', count: 20, when: [] },
        { from: 'B', to: 'C', count: 21, when: [] },
      ].sort((left, right) => right.count - left.count),
    );
    expect(states.filter(({ kept }) => !kept).map(({ key }) => key)).toEqual(['X', 'Y']);
    expect(moves.filter(({ kept }) => !kept)).toHaveLength(5);
    const loop = await draftOf(casesOf(...often, ['A', 'X', 'Y', 'X', 'Y', 'X', 'Y', 'X', 'C']), {
      minFrequency: 0.05,
    });
    expect(loop.moves).toMatchObject({ 'X > Y': 3, 'Y > X': 3, 'X > C': 1 });
  });

  it('spells names from outside as keys, and keeps them as labels', async () => {
    const { definition } = await discover(casesOf(['A/B', 'v1.2', '100']));
    expect(Object.entries(definition.states).map(([key, { label }]) => [key, label])).toEqual([
      ['A%2FB', 'A/B'],
      ['v1%2E2', 'v1.2'],
      ['%3100', '100'],
    ]);
  });

  it('takes states for activities where they are mapped, and only what was completed where it is asked', async () => {
    const events = casesOf(['a', 'b', 'c']).flatMap((event) => [
      { ...event, lifecycle: 'start' },
      { ...event, lifecycle: 'COMPLETE' },
    ]);
    const { definition, notComplete } = await discover(events, {
      states: { a: 'One', b: 'One', c: 'Two' },
      completeOnly: true,
    });
    expect(notComplete).toBe(3);
    expect(definition.moves).toEqual([
      { from: 'One', to: 'One', count: 1, when: [] },
      { from: 'One', to: 'Two', count: 1, when: [] },
    ]);
    // The import takes what began as well, so without being asked the draft allows for it.
    const all = await discover(events);
    expect(all).toMatchObject({ events: 6, notComplete: 0 });
    expect(all.moves).toContainEqual({ from: 'a', to: 'a', count: 1, kept: true });
  });

  it('tells of times that run backwards', async () => {
    const [first, second] = casesOf(['A', 'B']);
    if (first === undefined || second === undefined) throw new Error('two events are needed');
    expect(await discover([second, first])).toMatchObject({ backwards: 1 });
  });
});

describe('a log is refused', () => {
  it.each([
    ['without events', [], {}, /holds no events/],
    [
      'with too many activities',
      casesOf(['A', 'B', 'C']),
      { limits: { activitiesMax: 2 } },
      /line 3: .* more than 2 activities/,
    ],
    [
      'with too many cases',
      casesOf(['A'], ['A'], ['A']),
      { limits: { casesMax: 2 } },
      /line 3: .* more than 2 cases/,
    ],
    ['with a name that is too long', casesOf(['x'.repeat(201)]), {}, /can not be a state: .*1 to 200/],
  ])('%s', async (_what, events, options, message) => {
    await expect(discover(events, options)).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(message),
    });
  });
});

it('whatever the log and the threshold, the draft can be used; with all that was seen, the log fits it', async () => {
  const activity = fc.constantFrom('A', 'B', 'C', 'D', 'opened', 'closed', 'E/1');
  const log = fc.array(fc.array(activity, { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(log, fc.constantFrom(0, 0.1, 0.5, 1), async (cases, minFrequency) => {
      const events = casesOf(...cases);
      const { definition } = await discover(events, { minFrequency });
      const workflow = compileDefinition(readDefinition(definition));
      const found = await conform(batchesOf(events), { workflow });
      expect(found.observed + found.unchanged).toBe(events.length - cases.length);
      if (minFrequency > 0) return;
      expect(found).toMatchObject({ fitness: 1, conformingCases: cases.length });
    }),
    { numRuns: 150 },
  );
});
