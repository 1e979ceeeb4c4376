/**
 * Which state of a workflow an activity of an event log stands for: the one that the mapping names, else the
 * one that is called as the activity is.
 */
import type { CompiledWorkflow } from '../../domain/workflow/table.ts';
import { ImportProblem } from './import-problem.ts';

const statesShownMax = 20;

export class CaseStates {
  readonly #workflow: CompiledWorkflow;
  readonly #mapped: Readonly<Record<string, string>>;
  /** Keys win over labels: a state's key is its own alone. */
  readonly #byName: ReadonlyMap<string, string>;

  constructor(workflow: CompiledWorkflow, mapped: Readonly<Record<string, string>>) {
    this.#workflow = workflow;
    this.#mapped = mapped;
    const keys = workflow.regions[0]?.states ?? [];
    this.#byName = new Map([
      ...[...workflow.labels].map(([key, label]) => [label, key] as const),
      ...keys.map((key) => [key, key] as const),
    ]);
  }

  /** The state's key. */
  of(activity: string): string | ImportProblem {
    const named = Object.hasOwn(this.#mapped, activity) ? this.#mapped[activity] : undefined;
    const key = this.#byName.get(named ?? activity);
    if (key !== undefined) return key;
    const known = [...this.#byName.keys()].slice(0, statesShownMax).join(', ');
    const message = `${named ?? activity} is no state of ${this.#workflow.id}, which has ${known}`;
    return new ImportProblem('unknown_state', undefined, message);
  }
}
