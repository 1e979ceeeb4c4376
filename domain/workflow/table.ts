/**
 * The compiled form of a workflow: a frozen table from (state, transition) to what may follow. It gives the
 * same answers as the XState machine it was compiled from, millions of times a second, and says why it
 * refuses.
 */
import { asksFor, type Guard, type GuardInput, type GuardName, guards, roleMayFire } from './guards.ts';
import type { TransitionRule } from './setup.ts';
import type { Category, TransitionType } from './transition.ts';

/** One way a region may answer a transition; the first whose rule holds is taken. */
export interface Candidate extends TransitionRule {
  readonly region: number;
  /** The region's state afterwards, by its index among the region's states. */
  readonly to: number;
}

/** A candidate as one configuration has it: with its guards looked up and its effect worked out. */
export interface PlacedCandidate extends Candidate {
  readonly guards: readonly Guard[];
  /** How far in `CompiledWorkflow.states` it moves the ticket. */
  readonly shift: number;
}

/** The ways of each region that answers at all, in document order. */
export type Cell = readonly (readonly PlacedCandidate[])[];

/** One configuration of a workflow: a state for each region. */
export interface WorkflowState {
  /** The workflow's `name@version`, and all of its configurations by index, this one among them. */
  readonly workflowId: string;
  readonly all: readonly WorkflowState[];
  /** The states of all regions joined by `/`, such as `open/assigned/L0`. */
  readonly key: string;
  readonly index: number;
  readonly values: readonly string[];
  readonly lifecycle: string;
  readonly category: Category;
  /** Whether the ticket is done for good: nothing but small corrections is accepted. */
  readonly final: boolean;
  readonly cells: ReadonlyMap<TransitionType, Cell>;
}

export interface Region {
  readonly name: string;
  readonly states: readonly string[];
  readonly initial: number;
  /** How far apart, in `CompiledWorkflow.states`, neighbouring states of this region are. */
  readonly stride: number;
}

export interface CompiledWorkflow {
  /** `name@version`, as every event carries it. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly regions: readonly Region[];
  /** Every combination of the regions' states, reachable or not, by index. */
  readonly states: readonly WorkflowState[];
  readonly initial: WorkflowState;
  /** What lifecycle states are called outside, by state, where that is not the state's own name. */
  readonly labels: ReadonlyMap<string, string>;
  readonly stateByKey: ReadonlyMap<string, WorkflowState>;
}

/** The lifecycle state that is called so: by its label, else by its own name. */
export function stateCalled(workflow: CompiledWorkflow, name: string): string | undefined {
  const { labels, regions } = workflow;
  for (const [state, label] of labels) if (label === name) return state;
  return regions[0]?.states.includes(name) === true ? name : undefined;
}

export type StepRefusal =
  | {
      readonly code: 'illegal_transition';
      /** Where the workflow has the transition, but not to the state that was asked for: to which it has. */
      readonly targets?: readonly string[];
    }
  | { readonly code: 'role_not_permitted'; readonly by: readonly string[] }
  | { readonly code: 'condition_unmet'; readonly guard: GuardName; readonly explanation: string };

/** The state that a request leads to, or why there is none. */
export function step(from: WorkflowState, input: GuardInput): WorkflowState | StepRefusal {
  const cell = from.cells.get(input.request.type);
  if (cell === undefined) return { code: 'illegal_transition' };
  let index = from.index;
  let taken = false;
  for (let region = 0; region < cell.length; region += 1) {
    const candidate = firstThatHolds(cell[region] ?? [], input);
    if (candidate === undefined) continue;
    taken = true;
    index += candidate.shift;
  }
  const to = from.all[index];
  return taken && to !== undefined ? to : explainRefusal(cell, input);
}

export function isRefusal(result: WorkflowState | StepRefusal): result is StepRefusal {
  return 'code' in result;
}

function firstThatHolds(
  candidates: readonly PlacedCandidate[],
  input: GuardInput,
): PlacedCandidate | undefined {
  for (let at = 0; at < candidates.length; at += 1) {
    const candidate = candidates[at];
    if (candidate !== undefined && ruleHolds(candidate, input)) return candidate;
  }
  return undefined;
}

function ruleHolds(candidate: PlacedCandidate, input: GuardInput): boolean {
  if (!roleMayFire(input.request, candidate.by)) return false;
  for (let at = 0; at < candidate.guards.length; at += 1) {
    if (candidate.guards[at]?.(input) !== undefined) return false;
  }
  return true;
}

/**
 * The refusal that helps most: an unmet guard where the role was right, else the roles that were asked for.
 */
function explainRefusal(cell: Cell, input: GuardInput): StepRefusal {
  const all = cell.flat();
  const candidates = all.filter(({ asked }) => asked === undefined || asksFor(asked)(input) === undefined);
  if (candidates.length === 0) {
    return { code: 'illegal_transition', targets: all.flatMap(({ asked }) => asked ?? []) };
  }
  for (const candidate of candidates) {
    if (!roleMayFire(input.request, candidate.by)) continue;
    for (const guard of candidate.when) {
      const explanation = guards[guard](input);
      if (explanation !== undefined) return { code: 'condition_unmet', guard, explanation };
    }
  }
  return { code: 'role_not_permitted', by: [...new Set(candidates.flatMap((candidate) => candidate.by))] };
}
