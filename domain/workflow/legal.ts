/** What is legal from a state, as rejections, `docket ticket show` and HTTP answers list it. */
import { type CommandType, commandTypes } from '../ticket/commands.ts';
import type { Role } from '../ticket/values.ts';
import { type GuardName, guardMeanings } from './guards.ts';
import type { CompiledWorkflow, WorkflowState } from './table.ts';

export interface LegalCommand {
  readonly command: CommandType;
  /** The lifecycle states it may lead to; the present one where only other regions or nothing moves. */
  readonly to: readonly string[];
  readonly by: readonly Role[];
  /** What must hold beside the role, in words. */
  readonly needs: readonly string[];
}

const remembered = new WeakMap<WorkflowState, readonly LegalCommand[]>();

/** The commands that the workflow knows from this state, in the order in which commands are documented. */
export function legalFrom(workflow: CompiledWorkflow, state: WorkflowState): readonly LegalCommand[] {
  const known = remembered.get(state);
  if (known !== undefined) return known;
  const legal = commandTypes.flatMap((command) => {
    const cell = command === 'OpenTicket' ? undefined : state.cells.get(command);
    return cell === undefined ? [] : [describe(workflow, state, command, cell.flat())];
  });
  remembered.set(state, legal);
  return legal;
}

function describe(
  workflow: CompiledWorkflow,
  state: WorkflowState,
  command: CommandType,
  candidates: readonly {
    readonly region: number;
    readonly to: number;
    readonly by: readonly Role[];
    readonly when: readonly GuardName[];
    readonly asked?: string | undefined;
  }[],
): LegalCommand {
  const inLifecycle = candidates.filter((candidate) => candidate.region === 0);
  const targets = inLifecycle.map((candidate) => workflow.regions[0]?.states[candidate.to] ?? '');
  // With several candidates a guard only chooses between them; where one has none, nothing is needed. Among
  // moves the request chooses, so that each has its own needs.
  const open = candidates.some(({ when, asked }) => when.length === 0 && asked === undefined);
  const needs = open ? [] : candidates.flatMap(({ when, asked }) => when.map((name) => need(name, asked)));
  return Object.freeze({
    command,
    to: targets.length === 0 ? [state.lifecycle] : [...new Set(targets)],
    by: [...new Set(candidates.flatMap((candidate) => candidate.by))],
    needs: [...new Set(needs)],
  });
}

function need(name: GuardName, asked: string | undefined): string {
  return asked === undefined ? guardMeanings[name] : `for ${asked}: ${guardMeanings[name]}`;
}
