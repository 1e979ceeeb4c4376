/**
 * What is wrong with a policy that has the right shape: what would make a rule mean nothing, or something
 * else than its author thought. A policy with problems is not put to use.
 */
import { ExpressionError, type Expressions } from '../expressions.ts';
import { conditionNames, scriptNames } from './compiled-policy.ts';
import { isAbout } from './operations.ts';
import type { AccessPolicy, AccessRule } from './policy.ts';
import { adminRole } from './principal.ts';
import { circleIn, nobodyRole } from './role-closure.ts';

export interface PolicyProblem {
  /** Where it is in the policy: `rules[3].roles`. */
  readonly path: string;
  /** The id of the rule it is about, where it is about one. */
  readonly rule: string | undefined;
  readonly message: string;
}

export function checkPolicy(policy: AccessPolicy, expressions: Expressions): readonly PolicyProblem[] {
  return [
    ...rolesProblems(policy),
    ...policy.rules.flatMap((rule, index) => ruleProblems(policy, rule, index, expressions)),
  ];
}

function rolesProblems(policy: AccessPolicy): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const add = (path: string, message: string) => problems.push({ path, rule: undefined, message });
  if (Object.hasOwn(policy.roles, nobodyRole)) {
    add(`roles.${nobodyRole}`, `${nobodyRole} is the role that no one has; it can not be declared`);
  }
  for (const [name, { contains }] of Object.entries(policy.roles)) {
    for (const contained of contains) {
      if (isKnown(policy, contained) && contained !== nobodyRole) continue;
      add(`roles.${name}.contains`, `there is no role ${contained}; ${declared(policy)}`);
    }
  }
  const circle = circleIn(policy);
  if (circle !== undefined) add('roles', `roles contain each other in a circle: ${circle.join(' → ')}`);
  return problems;
}

function ruleProblems(
  policy: AccessPolicy,
  rule: AccessRule,
  index: number,
  expressions: Expressions,
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const add = (member: string, message: string) =>
    problems.push({ path: `rules[${index}].${member}`, rule: rule.id, message });
  const first = policy.rules.findIndex(({ id }) => id === rule.id);
  if (first < index) add('id', `rules[${first}] has the id ${rule.id} already`);
  for (const role of rule.roles) {
    if (!isKnown(policy, role)) add('roles', `there is no role ${role}; ${declared(policy)}`);
  }
  if (
    rule.field !== undefined &&
    !isAbout(rule, 'create') &&
    !isAbout(rule, 'read') &&
    !isAbout(rule, 'write')
  ) {
    add('operations', 'a rule about a field is asked for create, read and write only, and so this one never');
  }
  for (const [member, names] of [
    ['condition', conditionNames],
    ['script', scriptNames],
  ] as const) {
    const message = expressionProblem(rule[member], names, expressions);
    if (message !== undefined) add(member, message);
  }
  return problems;
}

function expressionProblem(
  text: string | undefined,
  names: readonly string[],
  expressions: Expressions,
): string | undefined {
  if (text === undefined) return undefined;
  try {
    expressions.compile(text, names);
    return undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
}

function isKnown(policy: AccessPolicy, role: string): boolean {
  return role === adminRole || role === nobodyRole || Object.hasOwn(policy.roles, role);
}

function declared(policy: AccessPolicy): string {
  const names = Object.keys(policy.roles);
  return names.length === 0 ? 'none is declared' : `declared are ${names.join(', ')}`;
}
