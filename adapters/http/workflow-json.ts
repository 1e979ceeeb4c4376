/** A workflow as JSON: its regions and states, and every transition with what it asks for. */
import type { Role } from '../../domain/ticket/values.ts';
import { guardMeanings } from '../../domain/workflow/guards.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import type { Category, TransitionType } from '../../domain/workflow/transition.ts';

export interface WorkflowSummaryJson {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

export interface TransitionJson {
  readonly command: TransitionType;
  readonly region: string;
  readonly from: string;
  readonly to: string;
  readonly by: readonly Role[];
  /**
   * What must hold beside the role. Of several transitions with the same beginning the first that may is
   * taken.
   */
  readonly needs: readonly string[];
}

export interface WorkflowJson extends WorkflowSummaryJson {
  readonly initial: string;
  readonly regions: readonly { readonly name: string; readonly states: readonly string[] }[];
  readonly lifecycle: readonly {
    readonly state: string;
    /** What the state is called outside, where that is not its own name. */
    readonly label: string | undefined;
    readonly category: Category;
    readonly final: boolean;
  }[];
  readonly transitions: readonly TransitionJson[];
}

export function workflowSummaryJson({
  id,
  name,
  version,
  description,
}: CompiledWorkflow): WorkflowSummaryJson {
  return { id, name, version, description };
}

export function workflowJson(workflow: CompiledWorkflow): WorkflowJson {
  return {
    ...workflowSummaryJson(workflow),
    initial: workflow.initial.key,
    regions: workflow.regions.map(({ name, states }) => ({ name, states })),
    lifecycle: lifecycleOf(workflow),
    transitions: transitionsOf(workflow),
  };
}

function lifecycleOf(workflow: CompiledWorkflow): WorkflowJson['lifecycle'] {
  return (workflow.regions[0]?.states ?? []).flatMap((name) => {
    const state = workflow.states.find((each) => each.lifecycle === name);
    return state === undefined
      ? []
      : [{ state: name, label: workflow.labels.get(name), category: state.category, final: state.final }];
  });
}

/** The table has a row for each combination of states; a transition is told once, by its own region. */
function transitionsOf(workflow: CompiledWorkflow): readonly TransitionJson[] {
  const told = new Map<string, TransitionJson>();
  for (const state of workflow.states) {
    for (const [command, cell] of state.cells) {
      for (const { region, to, by, when } of cell.flat()) {
        const transition = {
          command,
          region: workflow.regions[region]?.name ?? '',
          from: state.values[region] ?? '',
          to: workflow.regions[region]?.states[to] ?? '',
          by,
          needs: when.map((name) => guardMeanings[name]),
        };
        const key = JSON.stringify(transition);
        if (!told.has(key)) told.set(key, transition);
      }
    }
  }
  return [...told.values()];
}
