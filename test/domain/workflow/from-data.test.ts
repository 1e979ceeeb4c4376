/** Workflows as data: what becomes of a definition, and what is said of one that can not be used. */
import { describe, expect, it } from 'vitest';
import { compileWorkflow, WorkflowProblem } from '../../../domain/workflow/compile.ts';
import { mermaid, stateRows, transitionRows } from '../../../domain/workflow/describe.ts';
import { workflowFromData } from '../../../domain/workflow/from-data.ts';
import { legalFrom } from '../../../domain/workflow/legal.ts';
import { may, move, workflow } from '../../../domain/workflow/setup.ts';
import { fines } from '../../support/workflows.ts';

const { states, moves } = fines;

function problemsOf(value: unknown): readonly string[] {
  try {
    workflowFromData(value, 'mine.json');
    return [];
  } catch (error) {
    if (error instanceof WorkflowProblem) return error.problems;
    throw error;
  }
}

describe('a definition', () => {
  const compiled = workflowFromData(fines);

  it('becomes a workflow with an assignment region, and labels where they differ from the keys', () => {
    expect(compiled.id).toBe('fines@1');
    expect(compiled.regions.map((region) => region.name)).toEqual(['lifecycle', 'assignment']);
    expect(compiled.initial.key).toBe('Create Fine/unassigned');
    expect([...compiled.labels]).toEqual([
      ['Send for Credit Collection %2F Court', 'Send for Credit Collection / Court'],
      ['done', 'Paid in full'],
    ]);
    expect(stateRows(compiled)).toContainEqual({
      region: 'lifecycle',
      state: 'done',
      initial: false,
      category: 'closed',
      final: true,
    });
  });

  it('moves only where it says, for those it says', () => {
    const rows = transitionRows(compiled).filter((row) => row.command === 'MoveTicket');
    expect(rows).toHaveLength(moves.length);
    expect(rows).toContainEqual({
      region: 'lifecycle',
      from: 'Create Fine',
      command: 'MoveTicket',
      to: 'Payment',
      event: 'TicketMoved',
      by: ['requester', 'integration'],
      when: [],
    });
  });

  it('says what each move needs', () => {
    const sent = compiled.stateByKey.get('Send Fine/assigned') ?? compiled.initial;
    expect(legalFrom(compiled, sent).find(({ command }) => command === 'MoveTicket')).toEqual({
      command: 'MoveTicket',
      to: ['Insert Date Appeal to Prefecture', 'Send for Credit Collection %2F Court'],
      by: ['agent', 'lead', 'system', 'integration'],
      needs: ['for Insert Date Appeal to Prefecture: the ticket has an assignee'],
    });
  });

  it('gives every state what tickets need, unless it says otherwise', () => {
    const comments = transitionRows(compiled).filter((row) => row.command === 'AddComment');
    expect(Object.fromEntries(comments.map(({ from, by }) => [from, by]))).toEqual({
      'Create Fine': ['requester', 'agent', 'lead', 'system', 'integration'],
      'Send Fine': ['lead'],
      'Insert Date Appeal to Prefecture': ['requester', 'agent', 'lead', 'system', 'integration'],
      Payment: ['requester', 'agent', 'lead', 'system', 'integration'],
    });
    const whenDone = compiled.stateByKey.get('done/assigned') ?? compiled.initial;
    expect([...whenDone.cells.keys()]).toEqual(['ChangeFields', 'LinkTicket', 'RedactContent', 'RateTicket']);
    const rated = transitionRows(compiled).filter((row) => row.command === 'RateTicket');
    expect(rated.map(({ from }) => from)).toEqual([
      'Payment',
      'Send for Credit Collection %2F Court',
      'done',
    ]);
    const breached = transitionRows(compiled).filter((row) => row.command === 'BreachSla');
    expect(breached.map(({ from }) => from)).toEqual([
      'Create Fine',
      'Send Fine',
      'Insert Date Appeal to Prefecture',
    ]);
  });

  it('may bring regions of its own, or none', () => {
    const review = {
      initial: 'none',
      states: { none: { on: { EscalateTicket: { to: 'asked' } } }, asked: {} },
    };
    const own = workflowFromData({ ...fines, regions: { review } });
    expect(own.regions.map((region) => region.name)).toEqual(['lifecycle', 'review']);
    expect(transitionRows(own)).toContainEqual(
      expect.objectContaining({ region: 'review', from: 'none', to: 'asked', command: 'EscalateTicket' }),
    );
    expect(workflowFromData({ ...fines, regions: {} }).initial.key).toBe('Create Fine');
  });

  it('can be drawn, whatever its states are called', () => {
    const drawing = mermaid(compiled, 'lifecycle');
    expect(drawing).toContain('state "Send for Credit Collection / Court" as s4');
    expect(drawing).toContain('s0 --> s1: MoveTicket');
    expect(drawing).toContain('s5 --> [*]');
  });
});

describe('a definition is refused, with the path of each mistake,', () => {
  const withState = (state: object) => ({ ...fines, states: { ...states, odd: state } });
  const withMove = (move: object) => ({ ...fines, moves: [...moves, move] });

  it.each([
    [
      'for a state that is spelt unsafely',
      { ...fines, states: { ...states, 'a/b': {} } },
      /^states\.a\/b: "a\/b" can not be a state's key; write "a%2Fb"$/m,
    ],
    ['for an unknown category', withState({ category: 'opne' }), /^states\.odd\.category: .*"hold"/m],
    [
      'for an unknown command',
      withState({ category: 'open', on: { Explode: {} } }),
      /^states\.odd\.on\.Explode: must be the name of a command/m,
    ],
    [
      'for MoveTicket outside of moves',
      withState({ category: 'open', on: { MoveTicket: { to: 'done' } } }),
      /said in "moves"/,
    ],
    [
      'for an answer that leads nowhere',
      withState({ category: 'open', on: { StartWork: { to: 'nope' } } }),
      /^states\.odd\.on\.StartWork\.to: there is no state "nope"/m,
    ],
    [
      'for a label used twice',
      withState({ category: 'open', label: 'Payment' }),
      /^states\.odd\.label: Payment is called Payment too/m,
    ],
    [
      'for a move to nowhere',
      withMove({ from: 'Payment', to: 'nope' }),
      /^moves\[7\]\.to: there is no state "nope"/m,
    ],
    ['for a move told twice', withMove({ from: 'Payment', to: 'Payment' }), /^moves\[7\]: .* told before/m],
    [
      'for an unknown guard',
      withMove({ from: 'Payment', to: 'done', when: ['sunny'] }),
      /^moves\[7\]\.when\[0\]: must be one of the guards assigneeSet/m,
    ],
    [
      'for an unknown role',
      withMove({ from: 'Payment', to: 'done', by: ['boss'] }),
      /^moves\[7\]\.by\[0\]: .*"lead"/m,
    ],
    [
      'for an initial state that is not there',
      { ...fines, initial: 'nope' },
      /^initial: there is no state "nope"/m,
    ],
    [
      'for a region called lifecycle',
      { ...fines, regions: { lifecycle: { initial: 'a', states: { a: {} } } } },
      /^regions\.lifecycle: /m,
    ],
    ['for the name of a built-in workflow', { ...fines, name: 'support' }, /^name: support is built in/m],
    ['for a name that is no file name', { ...fines, name: '../up' }, /^name: lower-case letters/m],
    ['for what it does not know', { ...fines, colour: 'red' }, /^the definition: .*colour/m],
    [
      'for a state that nothing leads to',
      withState({ category: 'closed' }),
      /lifecycle\.odd can not be reached/,
    ],
    [
      'for a final state that is left',
      withMove({ from: 'done', to: 'Payment' }),
      /final state lifecycle\.done can be left/,
    ],
    [
      'for a dead end',
      { ...withMove({ from: 'Payment', to: 'odd' }), states: { ...states, odd: { category: 'open' } } },
      /lifecycle\.odd is a dead end/,
    ],
    [
      'for too many states',
      {
        ...fines,
        states: Object.fromEntries(
          Array.from({ length: 201 }, (_, index) => [`s${index}`, { category: 'open' }]),
        ),
      },
      /^states: at most 200 states/m,
    ],
    ['for being no object', 7, /^the definition: .*object/m],
  ])('%s', (_why, value, expected) => {
    expect(problemsOf(value).join('\n')).toMatch(expected);
  });
});

it('a machine that answers MoveTicket otherwise than by move() is refused', () => {
  const machine = (answer: ReturnType<typeof may>) =>
    workflow.createMachine({
      id: 'mine',
      version: '1',
      type: 'parallel',
      states: {
        lifecycle: {
          initial: 'a',
          states: { a: { tags: ['open'], on: { MoveTicket: answer } }, b: { tags: ['closed'] } },
        },
      },
    });
  expect(() => compileWorkflow(machine(may('b', ['agent'])))).toThrow(/move\(\) is for MoveTicket/);
  expect(compileWorkflow(machine(move('b', ['agent']))).id).toBe('mine@1');
});
