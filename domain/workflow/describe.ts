/** Workflows for people: rows of states and transitions, and a Mermaid diagram. */
import type { Role } from '../ticket/values.ts';
import { reachableStates } from './check.ts';
import { type GuardName, guardMeanings } from './guards.ts';
import type { Candidate, CompiledWorkflow } from './table.ts';
import { type Category, eventOfTransition, type TransitionType } from './transition.ts';

export interface TransitionRow {
  readonly region: string;
  readonly from: string;
  readonly command: TransitionType;
  readonly to: string;
  readonly event: string;
  readonly by: readonly Role[];
  readonly when: readonly GuardName[];
}

export interface StateRow {
  readonly region: string;
  readonly state: string;
  readonly initial: boolean;
  /** For states of the lifecycle. */
  readonly category: Category | undefined;
  readonly final: boolean;
}

export function stateRows(workflow: CompiledWorkflow): readonly StateRow[] {
  return workflow.regions.flatMap((region, index) =>
    region.states.map((state, position) => {
      const example = index === 0 ? workflow.states.find((each) => each.lifecycle === state) : undefined;
      return {
        region: region.name,
        state,
        initial: position === region.initial,
        category: example?.category,
        final: example?.final ?? false,
      };
    }),
  );
}

/** Every transition of every region once, in the order of regions, states and commands. */
export function transitionRows(workflow: CompiledWorkflow): readonly TransitionRow[] {
  const rows = new Map<string, TransitionRow>();
  for (const state of reachableStates(workflow)) {
    for (const [command, cell] of state.cells) {
      for (const candidate of cell.flat()) {
        const row = rowOf(workflow, state.values, command, candidate);
        rows.set(`${row.region} ${row.from} ${command} ${row.to} ${row.by} ${row.when}`, row);
      }
    }
  }
  const place = (row: TransitionRow) => {
    const index = workflow.regions.findIndex((region) => region.name === row.region);
    return index * 1_000 + (workflow.regions[index]?.states.indexOf(row.from) ?? 0);
  };
  return [...rows.values()].sort((left, right) => place(left) - place(right));
}

function rowOf(
  workflow: CompiledWorkflow,
  values: readonly string[],
  command: TransitionType,
  candidate: Candidate,
): TransitionRow {
  const region = workflow.regions[candidate.region];
  return {
    region: region?.name ?? '',
    from: values[candidate.region] ?? '',
    command,
    to: region?.states[candidate.to] ?? '',
    event: eventOfTransition[command],
    by: candidate.by,
    when: candidate.when,
  };
}

/** The guards that a workflow asks for, with what each means. */
export function guardRows(workflow: CompiledWorkflow): readonly { guard: GuardName; meaning: string }[] {
  const names = new Set(transitionRows(workflow).flatMap((row) => row.when));
  return [...names].sort().map((guard) => ({ guard, meaning: guardMeanings[guard] }));
}

/**
 * A Mermaid state diagram of one region, or of all side by side. Transitions that stay where they are are
 * left out.
 */
export function mermaid(workflow: CompiledWorkflow, onlyRegion?: string): string {
  const regions = workflow.regions.filter((region) => onlyRegion === undefined || region.name === onlyRegion);
  const rows = transitionRows(workflow);
  const lines = ['stateDiagram-v2', '  direction LR'];
  for (const region of regions) {
    const indent = regions.length > 1 ? '    ' : '  ';
    if (regions.length > 1) lines.push(`  state ${region.name} {`);
    const { names, declarations } = mermaidNames(region.states, workflow.labels);
    const nameOf = (state: string) => names.get(state) ?? state;
    for (const line of declarations) lines.push(indent + line);
    lines.push(`${indent}[*] --> ${nameOf(region.states[region.initial] ?? '')}`);
    const labels = new Map<string, Set<string>>();
    for (const row of rows) {
      if (row.region !== region.name || row.from === row.to) continue;
      const arrow = `${nameOf(row.from)} --> ${nameOf(row.to)}`;
      labels.set(arrow, (labels.get(arrow) ?? new Set()).add(row.command));
    }
    for (const [arrow, commands] of labels) lines.push(`${indent}${arrow}: ${[...commands].join(', ')}`);
    for (const state of stateRows(workflow)) {
      if (state.region === region.name && state.final) lines.push(`${indent}${nameOf(state.state)} --> [*]`);
    }
    if (regions.length > 1) lines.push('  }');
  }
  return `${lines.join('\n')}\n`;
}

/** Mermaid takes plain words only as names of states; others get one, declared with what they are called. */
export function mermaidNames(
  states: readonly string[],
  labels: ReadonlyMap<string, string>,
): { readonly names: ReadonlyMap<string, string>; readonly declarations: readonly string[] } {
  const names = new Map<string, string>();
  const declarations: string[] = [];
  for (const [index, state] of states.entries()) {
    const label = labels.get(state) ?? state;
    if (/^[A-Za-z]\w*$/.test(label) && label === state) continue;
    names.set(state, `s${index}`);
    declarations.push(`state "${label.replaceAll('"', "'")}" as s${index}`);
  }
  return { names, declarations };
}
