/**
 * Checks a compiled workflow before use: every lifecycle state can be reached, a way leads from each to an
 * end, no final state leads back to work, and regions that answer the same command agree on who may and when,
 * so that a command is never half accepted.
 */
import type { Candidate, CompiledWorkflow, WorkflowState } from './table.ts';

/** The problems found, each a sentence that names the state; none for a sound workflow. */
export function checkWorkflow(workflow: CompiledWorkflow): readonly string[] {
  const reachable = reachableStates(workflow);
  return [
    ...unreachableLifecycles(workflow, reachable),
    ...deadEnds(reachable, workflow),
    ...waysBack(reachable, workflow),
    ...disagreements(reachable),
  ];
}

/** Every configuration that some sequence of commands leads to, guards taken as passable. */
export function reachableStates(workflow: CompiledWorkflow): ReadonlySet<WorkflowState> {
  const found = new Set([workflow.initial]);
  for (const state of found) {
    for (const next of successors(workflow, state)) found.add(next);
  }
  return found;
}

/** The configurations that one transition may lead to, whatever its guards say. */
export function successors(workflow: CompiledWorkflow, from: WorkflowState): readonly WorkflowState[] {
  const next = new Set<WorkflowState>();
  for (const cell of from.cells.values()) {
    let values = [from.values];
    for (const candidates of cell) {
      values = values.flatMap((each) => candidates.map((candidate) => replaced(workflow, each, candidate)));
    }
    for (const each of values) {
      const state = workflow.stateByKey.get(each.join('/'));
      if (state !== undefined) next.add(state);
    }
  }
  return [...next];
}

function replaced(
  workflow: CompiledWorkflow,
  values: readonly string[],
  candidate: Candidate,
): readonly string[] {
  return values.with(candidate.region, workflow.regions[candidate.region]?.states[candidate.to] ?? '');
}

function unreachableLifecycles(workflow: CompiledWorkflow, reachable: ReadonlySet<WorkflowState>): string[] {
  const seen = new Set([...reachable].map((state) => state.lifecycle));
  return (workflow.regions[0]?.states ?? [])
    .filter((name) => !seen.has(name))
    .map((name) => `lifecycle.${name} can not be reached from the initial state`);
}

function deadEnds(reachable: ReadonlySet<WorkflowState>, workflow: CompiledWorkflow): string[] {
  const cameFrom = new Map<WorkflowState, WorkflowState[]>();
  for (const state of reachable) {
    for (const next of successors(workflow, state)) {
      const known = cameFrom.get(next);
      if (known === undefined) cameFrom.set(next, [state]);
      else known.push(state);
    }
  }
  const ending = new Set([...reachable].filter((state) => state.final));
  for (const state of ending) for (const before of cameFrom.get(state) ?? []) ending.add(before);
  const stuck = new Set([...reachable].filter((state) => !ending.has(state)).map((state) => state.lifecycle));
  return [...stuck].map(
    (name) => `lifecycle.${name} is a dead end: no way leads to a closed or cancelled state`,
  );
}

function waysBack(reachable: ReadonlySet<WorkflowState>, workflow: CompiledWorkflow): string[] {
  const bad = [...reachable].filter(
    (state) => state.final && successors(workflow, state).some((next) => next.lifecycle !== state.lifecycle),
  );
  return [...new Set(bad.map((state) => state.lifecycle))].map(
    (name) => `final state lifecycle.${name} can be left`,
  );
}

function disagreements(reachable: ReadonlySet<WorkflowState>): string[] {
  const found = new Set<string>();
  for (const state of reachable) {
    for (const [type, cell] of state.cells) {
      const rules = new Set(
        cell.map((candidates) => JSON.stringify(candidates.map(({ by, when }) => [by, when]))),
      );
      if (rules.size > 1)
        found.add(`in ${state.lifecycle}, the regions that answer ${type} ask different conditions`);
    }
  }
  return [...found];
}
