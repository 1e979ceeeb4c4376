/** Workflows that are not sound are refused, with a sentence for each problem. */
import { describe, expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { compileWorkflow, WorkflowProblem } from '../../../domain/workflow/compile.ts';
import { during, may, workflow } from '../../../domain/workflow/setup.ts';

const staff = ['agent'] as const;

function problemsOf(machine: AnyStateMachine): readonly string[] {
  try {
    compileWorkflow(machine);
    return [];
  } catch (error) {
    if (error instanceof WorkflowProblem) return error.problems;
    throw error;
  }
}

/** A machine with these lifecycle states, and an assignment region that answers `AssignTicket`. */
function machineOf(states: object, assignment: object = {}): AnyStateMachine {
  return workflow.createMachine({
    id: 'mine',
    version: '1',
    type: 'parallel',
    states: {
      lifecycle: { initial: 'new', states },
      assignment: { initial: 'unassigned', states: { unassigned: { on: assignment }, assigned: {} } },
    },
  } as Parameters<typeof workflow.createMachine>[0]);
}

const sound = {
  new: { tags: ['new'], on: { StartWork: may('open', staff), CancelTicket: may('gone', staff) } },
  open: { tags: ['open'], on: { CloseTicket: may('done', staff) } },
  done: { tags: ['closed'] },
  gone: { tags: ['cancelled'] },
};

describe('a workflow', () => {
  it('is taken when it is sound', () => {
    expect(problemsOf(machineOf(sound))).toEqual([]);
  });

  it.each([
    ['an unreachable state', { ...sound, lost: { tags: ['hold'] } }, /lifecycle.lost can not be reached/],
    ['a dead end', { ...sound, open: { tags: ['open'], on: {} } }, /lifecycle.open is a dead end/],
    [
      'a final state that can be left',
      { ...sound, done: { tags: ['closed'], on: { ReopenTicket: may('open', staff) } } },
      /final state lifecycle.done can be left/,
    ],
    [
      'a missing category',
      { ...sound, open: { ...sound.open, tags: [] } },
      /lifecycle.open needs exactly one/,
    ],
    ['two categories', { ...sound, open: { ...sound.open, tags: ['open', 'hold'] } }, /it has 2/],
    [
      'an unknown command',
      { ...sound, open: { tags: ['open'], on: { ...sound.open.on, Explode: may('done', staff) } } },
      /Explode, which no command is called/,
    ],
    [
      'a transition without a rule',
      { ...sound, open: { tags: ['open'], on: { CloseTicket: { target: 'done' } } } },
      /must be written with may/,
    ],
  ])('is refused for %s', (_what, states, expected) => {
    expect(problemsOf(machineOf(states)).join('\n')).toMatch(expected);
  });

  it('is refused when regions that answer one command disagree on who may or when', () => {
    const states = {
      ...sound,
      new: { ...sound.new, on: { ...sound.new.on, AssignTicket: may('open', ['lead']) } },
    };
    const assignment = { AssignTicket: during(['new'])('assigned', ['agent']) };
    expect(problemsOf(machineOf(states, assignment)).join('\n')).toMatch(/answer AssignTicket ask different/);
  });

  it('is refused when a region speaks of lifecycle states that there are not', () => {
    const assignment = { AssignTicket: during(['newish'])('assigned', ['agent']) };
    expect(problemsOf(machineOf(sound, assignment)).join('\n')).toMatch(/no lifecycle state newish/);
  });

  it('is refused without a version or a parallel root', () => {
    const bare = workflow.createMachine({ id: 'bare', states: {} });
    expect(problemsOf(bare)).toEqual([
      'it needs a version',
      'its root must be parallel, with a region called lifecycle',
      'its first region must be called lifecycle',
    ]);
  });
});
