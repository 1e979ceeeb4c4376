/**
 * The workflows that an engine knows, by `name@version` and by name. Old versions stay, because events are
 * replayed under the rules of their day.
 */
import { compileWorkflow } from './compile.ts';
import { incidentMachine } from './incident.ts';
import { supportMachine } from './support.ts';
import type { CompiledWorkflow, WorkflowState } from './table.ts';

export class Workflows {
  readonly #byId = new Map<string, CompiledWorkflow>();
  readonly #latest = new Map<string, CompiledWorkflow>();

  /** In order of age: of two versions of one name, the later in the list is the one new tickets get. */
  constructor(workflows: Iterable<CompiledWorkflow>) {
    for (const workflow of workflows) {
      this.#byId.set(workflow.id, workflow);
      this.#latest.set(workflow.name, workflow);
    }
  }

  /** By `name@version`, or the newest version where only a name is given. */
  find(reference: string): CompiledWorkflow | undefined {
    return this.#byId.get(reference) ?? this.#latest.get(reference);
  }

  /** The workflow that a stored ticket lives under; that it is known was checked when its log was opened. */
  get(id: string): CompiledWorkflow {
    const workflow = this.#byId.get(id);
    if (workflow === undefined) throw new UnknownWorkflow(id);
    return workflow;
  }

  /** A ticket's present configuration. */
  stateOf(ticket: { readonly workflow: string; readonly state: string }): WorkflowState {
    const state = this.get(ticket.workflow).stateByKey.get(ticket.state);
    if (state === undefined) throw new UnknownWorkflow(`${ticket.workflow} with the state ${ticket.state}`);
    return state;
  }

  all(): readonly CompiledWorkflow[] {
    return [...this.#byId.values()];
  }
}

/** A log holds events of rules that this process does not have. */
export class UnknownWorkflow extends Error {
  constructor(what: string) {
    super(`this log needs the workflow ${what}, which is not known here`);
    this.name = 'UnknownWorkflow';
  }
}

/** The two that come with Docket; `support` is the default. */
export const builtInWorkflows = new Workflows([
  compileWorkflow(supportMachine),
  compileWorkflow(incidentMachine),
]);
export const defaultWorkflow = 'support';
