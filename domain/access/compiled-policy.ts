/**
 * A policy with its expressions compiled and its rules laid out by the place that they are about, so that
 * the rules for a question are found without looking at the others. Made once for a version of the policy.
 */
import type { Expression, Expressions } from '../expressions.ts';
import type { AccessPolicy, AccessRule } from './policy.ts';

/** What a condition may name. */
export const conditionNames = ['user', 'ticket'] as const;
/** What a script may name. */
export const scriptNames = ['user', 'before', 'after', 'command'] as const;

export interface CompiledRule
  extends Pick<AccessRule, 'id' | 'effect' | 'roles' | 'operations' | 'adminOverrides'> {
  readonly condition: Expression | undefined;
  readonly script: Expression | undefined;
}

export interface CompiledPolicy {
  readonly policy: AccessPolicy;
  readonly version: number;
  /** In the order of the policy, by their place: `support`, `support.priority`, `*.*`. */
  readonly rulesAt: ReadonlyMap<string, readonly CompiledRule[]>;
  /** Tables that rules name. All other workflows are treated alike. */
  readonly tables: ReadonlySet<string>;
  /** Fields that rules name. All other fields are treated alike. */
  readonly fields: ReadonlySet<string>;
}

/** Throws `ExpressionError`, which names the rule, for a condition or script that is none. */
export function compilePolicy(
  policy: AccessPolicy,
  version: number,
  expressions: Expressions,
): CompiledPolicy {
  const rulesAt = new Map<string, CompiledRule[]>();
  for (const rule of policy.rules) {
    const place = rule.field === undefined ? rule.table : `${rule.table}.${rule.field}`;
    const rules = rulesAt.get(place) ?? [];
    rules.push(compileRule(rule, expressions));
    rulesAt.set(place, rules);
  }
  return {
    policy,
    version,
    rulesAt,
    tables: new Set(policy.rules.map((rule) => rule.table)),
    fields: new Set(policy.rules.flatMap((rule) => rule.field ?? [])),
  };
}

function compileRule(rule: AccessRule, expressions: Expressions): CompiledRule {
  const { id, effect, roles, operations, adminOverrides, condition, script } = rule;
  return {
    id,
    effect,
    roles,
    operations,
    adminOverrides,
    condition: condition === undefined ? undefined : expressions.compile(condition, conditionNames),
    script: script === undefined ? undefined : expressions.compile(script, scriptNames),
  };
}

/** Where rules about the record as a whole may stand, the most specific place first. */
export function tablePoints(workflow: string): readonly string[] {
  return [...new Set([workflow, 'ticket', '*'])];
}

/** Where rules about a field may stand, the most specific place first. */
export function fieldPoints(workflow: string, field: string): readonly string[] {
  const tables = tablePoints(workflow);
  return [
    ...new Set([...tables.map((table) => `${table}.${field}`), ...tables.map((table) => `${table}.*`)]),
  ];
}
