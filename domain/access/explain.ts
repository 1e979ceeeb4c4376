/**
 * Why something is allowed or not: every place, every rule and every part of it, worked out anew from the
 * rules and without what the guards remember. Tests hold both against each other.
 */

import type { Bindings, Expression, ExpressionValue } from '../expressions.ts';
import type { TicketState } from '../ticket/state.ts';
import type { Workflows } from '../workflow/registry.ts';
import { type AskedCommand, Question, userBinding, workflowName } from './bindings.ts';
import { type CompiledPolicy, type CompiledRule, fieldPoints, tablePoints } from './compiled-policy.ts';
import { isOverridden, rulesFor } from './gate.ts';
import type { AskedOperation } from './operations.ts';
import { adminRole, type Principal } from './principal.ts';
import { withContained } from './role-closure.ts';

export interface ToExplain {
  readonly operation: AskedOperation;
  /** A field or attribute; absent for the record as a whole. */
  readonly field?: string | undefined;
  /** The ticket; absent for one that is being opened, and for what holds whatever the ticket is. */
  readonly ticket?: TicketState | undefined;
  /** The workflow by name, where there is no ticket. */
  readonly workflow?: string | undefined;
  /** What scripts look at; where it is absent, a command of the operation without data. */
  readonly command?: AskedCommand | undefined;
  /**
   * Whether why an expression could not be evaluated is told in words that may quote the ticket; only to
   * whoever may see all of it.
   */
  readonly quoting?: boolean | undefined;
}

/** What a part of a rule says: nothing where the rule does not have it, or was settled before. */
export type PartVerdict = 'passes' | 'fails' | { readonly error: string } | undefined;

export interface RuleExplanation {
  readonly rule: string;
  readonly effect: 'allow' | 'deny-unless';
  readonly place: string;
  /** Whether it passes because an admin asks, whatever its parts say. */
  readonly adminOverride: boolean;
  readonly role: 'passes' | 'fails';
  readonly condition: PartVerdict;
  readonly script: PartVerdict;
  readonly passes: boolean;
  /** Whether it had a say: allowing rules at less specific places have none. */
  readonly counts: boolean;
}

export interface GateExplanation {
  readonly gate: 'table' | 'field';
  readonly operation: AskedOperation;
  readonly allowed: boolean;
  /** The places looked at, the most specific first, and the one whose allowing rules count. */
  readonly places: readonly string[];
  readonly deciding: string | undefined;
  readonly reason: string;
  readonly rules: readonly RuleExplanation[];
}

export interface Explanation {
  readonly policyVersion: number;
  readonly principal: string;
  readonly active: boolean;
  /** With those that the principal's roles contain. */
  readonly roles: readonly string[];
  readonly operation: AskedOperation;
  readonly workflow: string;
  readonly ticketId: string | undefined;
  readonly field: string | undefined;
  readonly allowed: boolean;
  readonly reason: string;
  /** All that have to be open, in the order in which they are asked. */
  readonly gates: readonly GateExplanation[];
}

export function explain(
  policy: CompiledPolicy,
  workflows: Workflows,
  principal: Principal,
  asked: ToExplain,
): Explanation {
  const { operation, ticket, field } = asked;
  const roles = withContained(principal.roles, policy.policy);
  const workflow = workflowName(ticket?.workflow ?? asked.workflow ?? '');
  const command = asked.command ?? commandFor(operation, principal);
  const ticketId = ticket?.ticketId ?? '';
  const question = new Question(
    { workflow, ticket, ticketId, command },
    userBinding(principal, roles),
    workflows,
  );
  const look: Look = { policy, roles, question, quoting: asked.quoting === true };
  const gates: GateExplanation[] = [];
  if (operation !== 'create' && operation !== 'read')
    gates.push(
      explainGate({ ...look, question: question.ofReading() }, 'table', 'read', tablePoints(workflow)),
    );
  gates.push(explainGate(look, 'table', operation, tablePoints(workflow)));
  if (field !== undefined) {
    const ofField = operation === 'create' || operation === 'read' ? operation : 'write';
    gates.push(explainGate(look, 'field', ofField, fieldPoints(workflow, field)));
  }
  const active = principal.isActive();
  const shut = gates.find((gate) => !gate.allowed);
  return {
    policyVersion: policy.version,
    principal: principal.id,
    active,
    roles: [...roles],
    operation,
    workflow,
    ticketId: ticket?.ticketId,
    field,
    allowed: active && shut === undefined,
    reason: active ? (shut?.reason ?? 'every gate is open') : 'the credential does not hold any more',
    gates,
  };
}

interface Look {
  readonly policy: CompiledPolicy;
  readonly roles: ReadonlySet<string>;
  readonly question: Question;
  readonly quoting: boolean;
}

/** Reading is asked without a command, all else with one that brings no data. */
function commandFor(operation: AskedOperation, { actor }: Principal): AskedCommand | undefined {
  switch (operation) {
    case 'read':
      return undefined;
    case 'create':
      return { type: 'OpenTicket', data: {}, actor };
    case 'write':
      return { type: 'ChangeFields', data: {}, actor };
    default:
      return { type: operation, data: {}, actor };
  }
}

function explainGate(
  look: Look,
  gate: GateExplanation['gate'],
  operation: AskedOperation,
  places: readonly string[],
): GateExplanation {
  const { policy } = look;
  const deciding = places.find((place) => rulesFor(policy, place, operation, 'allow').length > 0);
  const rules = places.flatMap((place) => [
    ...rulesFor(policy, place, operation, 'deny-unless').map((rule) => explainRule(look, rule, place, true)),
    ...rulesFor(policy, place, operation, 'allow').map((rule) =>
      explainRule(look, rule, place, place === deciding),
    ),
  ]);
  const unmet = rules.find((rule) => rule.effect === 'deny-unless' && !rule.passes);
  const allowing = rules.find((rule) => rule.effect === 'allow' && rule.counts && rule.passes);
  const isAdmins = deciding === undefined && look.roles.has(adminRole);
  const of = `${operation} at the ${gate}`;
  const verdict = (allowed: boolean, reason: string) => ({
    gate,
    operation,
    allowed,
    places,
    deciding,
    reason,
    rules,
  });
  if (unmet !== undefined) return verdict(false, `${of}: rule ${unmet.rule} does not let pass`);
  if (allowing !== undefined) return verdict(true, `${of}: rule ${allowing.rule} allows it`);
  if (isAdmins) return verdict(true, `${of}: no rule is about it, and an admin asks`);
  if (deciding === undefined) return verdict(false, `${of}: no rule allows it`);
  return verdict(false, `${of}: no rule at ${deciding} passes`);
}

function explainRule(
  { roles, question, quoting }: Look,
  rule: CompiledRule,
  place: string,
  counts: boolean,
): RuleExplanation {
  const adminOverride = isOverridden(rule, roles);
  const hasRole = rule.roles.length === 0 || rule.roles.some((role) => roles.has(role));
  const isSettled = adminOverride || !hasRole;
  const condition = isSettled ? undefined : part(rule.condition, () => question.ofConditions(), quoting);
  const script = isSettled ? undefined : part(rule.script, () => question.ofScripts(), quoting);
  const holds = (verdict: PartVerdict) => verdict === undefined || verdict === 'passes';
  return {
    rule: rule.id,
    effect: rule.effect,
    place,
    adminOverride,
    role: hasRole ? 'passes' : 'fails',
    condition,
    script,
    passes: adminOverride || (hasRole && holds(condition) && holds(script)),
    counts,
  };
}

function part(expression: Expression | undefined, bindings: () => Bindings, quoting: boolean): PartVerdict {
  if (expression === undefined) return undefined;
  try {
    const value = expression.evaluate(bindings());
    if (value === true) return 'passes';
    return value === false ? 'fails' : { error: `it comes to ${kindOf(value)}, not to true or false` };
  } catch (error) {
    if (!quoting) return { error: 'the expression can not be evaluated' };
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/** What it is, and not what it says: that may be hidden from whoever reads the explanation. */
function kindOf(value: ExpressionValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : typeof value === 'string' ? 'a text' : 'a number';
}
