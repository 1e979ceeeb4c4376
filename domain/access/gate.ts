/**
 * A gate: what the rules say to one set of roles about one operation at one place. Roles are settled when it
 * is made; most gates are then open or closed whatever the ticket is, and cost nothing to ask.
 */
import type { Bindings, Expression } from '../expressions.ts';
import type { Question } from './bindings.ts';
import type { CompiledPolicy, CompiledRule } from './compiled-policy.ts';
import { type AskedOperation, isAbout } from './operations.ts';
import { adminRole } from './principal.ts';
import { nobodyRole } from './role-closure.ts';

/** What a rule says to a set of roles, as far as that is known without looking at a ticket. */
export type Leaning =
  /** The roles are the wrong ones. */
  | 'fails'
  /** `roles` suffice, and the rule asks for nothing else; or they are an admin's. */
  | 'passes'
  /** The roles are right; its condition and script decide. */
  | 'depends';

/** How often an expression could not be evaluated, and so counted as no. */
export interface EvaluationErrors {
  count: number;
}

export interface Gate {
  readonly verdict: 'open' | 'closed' | 'depends';
  /** Why it is closed for this question, in words for whoever asked; undefined where it is open. */
  refusal(question: Question): string | undefined;
}

export function leaningOf(rule: CompiledRule, roles: ReadonlySet<string>): Leaning {
  if (isOverridden(rule, roles)) return 'passes';
  if (rule.roles.length > 0 && !rule.roles.some((role) => roles.has(role))) return 'fails';
  return rule.condition === undefined && rule.script === undefined ? 'passes' : 'depends';
}

/** Whether the rule lets an admin pass, whatever else it asks for. */
export function isOverridden(rule: CompiledRule, roles: ReadonlySet<string>): boolean {
  return roles.has(adminRole) && rule.adminOverrides && !rule.roles.includes(nobodyRole);
}

/** Whether condition and script hold. One that can not be evaluated does not hold. */
export function expressionsHold(rule: CompiledRule, question: Question, errors: EvaluationErrors): boolean {
  return (
    holds(rule.condition, () => question.ofConditions(), errors) &&
    holds(rule.script, () => question.ofScripts(), errors)
  );
}

function holds(
  expression: Expression | undefined,
  bindings: () => Bindings,
  errors: EvaluationErrors,
): boolean {
  if (expression === undefined) return true;
  try {
    return expression.evaluate(bindings()) === true;
  } catch {
    errors.count += 1;
    return false;
  }
}

/** Rules of one operation at one place. */
export function rulesFor(
  { rulesAt }: CompiledPolicy,
  point: string,
  operation: AskedOperation,
  effect: CompiledRule['effect'],
): readonly CompiledRule[] {
  return (rulesAt.get(point) ?? []).filter((rule) => rule.effect === effect && isAbout(rule, operation));
}

/** The gate at `points`, the most specific first, for a set of roles that contains what they contain. */
export function makeGate(
  policy: CompiledPolicy,
  points: readonly string[],
  operation: AskedOperation,
  roles: ReadonlySet<string>,
  errors: EvaluationErrors,
): Gate {
  const unless = points.flatMap((point) => rulesFor(policy, point, operation, 'deny-unless'));
  const failing = unless.find((rule) => leaningOf(rule, roles) === 'fails');
  if (failing !== undefined) return closed(`rule ${failing.id} does not let these roles`);
  const deciding = points.find((point) => rulesFor(policy, point, operation, 'allow').length > 0);
  if (deciding === undefined && !roles.has(adminRole)) return closed('no rule allows it');
  const allow = deciding === undefined ? [] : rulesFor(policy, deciding, operation, 'allow');
  const leanings = allow.map((rule) => leaningOf(rule, roles));
  const isAllowed = deciding === undefined || leanings.includes('passes');
  const allowing = isAllowed ? [] : allow.filter((_, index) => leanings[index] === 'depends');
  if (!isAllowed && allowing.length === 0) return closed(`no rule at ${deciding} lets these roles`);
  const needed = unless.filter((rule) => leaningOf(rule, roles) === 'depends');
  if (isAllowed && needed.length === 0) return open;
  return {
    verdict: 'depends',
    refusal: (question) => {
      const unmet = needed.find((rule) => !expressionsHold(rule, question, errors));
      if (unmet !== undefined) return `rule ${unmet.id} does not hold`;
      if (isAllowed || allowing.some((rule) => expressionsHold(rule, question, errors))) return undefined;
      return `none of these rules holds: ${allowing.map(({ id }) => id).join(', ')}`;
    },
  };
}

const open: Gate = { verdict: 'open', refusal: () => undefined };

function closed(reason: string): Gate {
  return { verdict: 'closed', refusal: () => reason };
}
