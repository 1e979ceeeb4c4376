/**
 * How access rules combine, after ServiceNow's access control lists but for what is said below to differ.
 * docs/access.md says the same at length, for those who write rules.
 *
 * 1. Denied is what no rule allows. Always: a ServiceNow table without rules is open, here it is closed.
 * 2. A rule stands at a place, a table or a field of one. For a ticket of the workflow `w` the places of its
 *    table are `w`, `ticket`, `*`; those of its field `f` are `w.f`, `ticket.f`, `*.f`, `w.*`, `ticket.*`,
 *    `*.*`, the most specific first.
 * 3. A rule passes where role AND condition AND script pass. Any one of its roles suffices, and it has one
 *    who has a role that contains it; no roles ask for none. What can not be evaluated does not pass.
 * 4. Every `deny-unless` rule for the operation, at any of the places, must pass.
 * 5. Of the `allow` rules for the operation only those at the first place that has any count; one of them
 *    must pass. So another rule at that place only ever widens what is allowed.
 * 6. Reading, opening and changing a field needs the gate of its table and the gate of the field. Every
 *    command needs that the ticket may be read, the gate of its operation at the table and, for each field
 *    that it sets or clears, the field's gate for `write`. Whoever may not read a ticket is told that there
 *    is none.
 * 7. Who has the role `admin` passes every rule, but those that name the role `nobody` and those with
 *    `adminOverrides: false`, for which it is a role as any other; and is allowed what no rule is about.
 */
import type { CompiledPolicy } from './compiled-policy.ts';
import { fieldPoints, tablePoints } from './compiled-policy.ts';
import { type EvaluationErrors, type Gate, makeGate } from './gate.ts';
import type { AskedOperation } from './operations.ts';

/** Stands for all workflows and fields that no rule names: no rule can tell them apart. */
const unnamed = '';

/** All gates for one set of roles under one version of the policy; made as they are asked for. */
export class Gates {
  readonly roles: ReadonlySet<string>;
  readonly #policy: CompiledPolicy;
  readonly #errors: EvaluationErrors;
  /** By operation and workflow; never more than there are operations and named tables. */
  readonly #tables = new Map<AskedOperation, Map<string, TableGates>>();
  #readsAll: boolean | undefined;

  constructor(policy: CompiledPolicy, roles: ReadonlySet<string>, errors: EvaluationErrors) {
    this.#policy = policy;
    this.roles = roles;
    this.#errors = errors;
  }

  /** Of the record as a whole. */
  table(workflow: string, operation: AskedOperation): Gate {
    return this.#of(workflow, operation).table;
  }

  /** Of one field; beside it, the table's gate has to be asked. */
  field(workflow: string, field: string, operation: AskedOperation): Gate {
    const gates = this.#of(workflow, operation);
    const name = this.#policy.fields.has(field) ? field : unnamed;
    const known = gates.fields.get(name);
    if (known !== undefined) return known;
    const gate = this.#make(fieldPoints(gates.workflow, name), operation);
    gates.fields.set(name, gate);
    return gate;
  }

  /** Whether every field of tickets of the workflow is shown with the ticket, whatever it holds. */
  showsAll(workflow: string): boolean {
    const gates = this.#of(workflow, 'read');
    gates.showsAll ??= [unnamed, ...this.#policy.fields].every(
      (field) => this.field(workflow, field, 'read').verdict === 'open',
    );
    return gates.showsAll;
  }

  /** Whether every ticket may be read with everything of it. */
  readsAll(): boolean {
    this.#readsAll ??= [unnamed, ...this.#policy.tables].every(
      (table) => this.table(table, 'read').verdict === 'open' && this.showsAll(table),
    );
    return this.#readsAll;
  }

  /** Whether there can be a ticket of any workflow that shows the field. */
  mayEverShow(field: string): boolean {
    return [unnamed, ...this.#policy.tables].some(
      (table) =>
        this.table(table, 'read').verdict !== 'closed' &&
        this.field(table, field, 'read').verdict !== 'closed',
    );
  }

  #of(workflow: string, operation: AskedOperation): TableGates {
    let byWorkflow = this.#tables.get(operation);
    if (byWorkflow === undefined) {
      byWorkflow = new Map();
      this.#tables.set(operation, byWorkflow);
    }
    const name = this.#policy.tables.has(workflow) ? workflow : unnamed;
    const known = byWorkflow.get(name);
    if (known !== undefined) return known;
    const table = this.#make(tablePoints(name), operation);
    const gates: TableGates = { workflow: name, table, fields: new Map(), showsAll: undefined };
    byWorkflow.set(name, gates);
    return gates;
  }

  #make(points: readonly string[], operation: AskedOperation): Gate {
    return makeGate(this.#policy, points, operation, this.roles, this.#errors);
  }
}

interface TableGates {
  readonly workflow: string;
  readonly table: Gate;
  /** By field; never more than there are named fields and one. */
  readonly fields: Map<string, Gate>;
  showsAll: boolean | undefined;
}
