/** A workflow as JSON: its regions and states, and every transition with what it asks for. */
import { z } from 'zod';
import { commandTypes } from '../../domain/ticket/commands.ts';
import { roleSchema } from '../../domain/ticket/values.ts';
import { guardMeanings } from '../../domain/workflow/guards.ts';
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { categories } from '../../domain/workflow/transition.ts';

export const workflowSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  description: z.string(),
});
export type WorkflowSummaryJson = Readonly<z.infer<typeof workflowSummarySchema>>;

const transitionSchema = z.object({
  /** `AbsorbTicket` is what happens to the other ticket of a merge. */
  command: z.enum([...commandTypes, 'AbsorbTicket']),
  region: z.string(),
  from: z.string(),
  to: z.string(),
  by: z.array(roleSchema).readonly(),
  /**
   * What must hold beside the role. Of several transitions with the same beginning the first that may is
   * taken.
   */
  needs: z.array(z.string()).readonly(),
});
type TransitionJson = Readonly<z.infer<typeof transitionSchema>>;

export const workflowJsonSchema = z.object({
  ...workflowSummarySchema.shape,
  initial: z.string(),
  regions: z.array(z.object({ name: z.string(), states: z.array(z.string()).readonly() })).readonly(),
  lifecycle: z
    .array(
      z.object({
        state: z.string(),
        /** What the state is called outside, where that is not its own name. */
        label: z.string().optional(),
        category: z.enum(categories),
        final: z.boolean(),
      }),
    )
    .readonly(),
  transitions: z.array(transitionSchema).readonly(),
});
export type WorkflowJson = Readonly<z.infer<typeof workflowJsonSchema>>;

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
