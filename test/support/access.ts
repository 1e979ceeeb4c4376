/** Makers of principals and rules for tests of access: unremarkable, overridden where it matters. */
import { celExpressions } from '../../adapters/expressions/cel-expressions.ts';
import { AccessControl } from '../../domain/access/access-control.ts';
import { type AccessPolicy, accessPolicySchema } from '../../domain/access/policy.ts';
import { type Principal, scopes } from '../../domain/access/principal.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';

export const expressions = celExpressions();

export const roleNames = ['admin', 'lead', 'agent', 'requester', 'auditor'] as const;

/** A policy of these rules over a few roles, of which `lead` contains `agent`. */
export function policyOf(rules: readonly object[]): AccessPolicy {
  const roles = Object.fromEntries(roleNames.map((name) => [name, {}]));
  const complete = rules.map((rule, index) => ({ id: `rule-${index}`, table: 'ticket', ...rule }));
  return accessPolicySchema.parse({ roles: { ...roles, lead: { contains: ['agent'] } }, rules: complete });
}

export function accessBy(policy: AccessPolicy): AccessControl {
  return new AccessControl({ policy, version: 1, expressions, workflows: builtInWorkflows, defaultWorkflow });
}

export function principal(roles: readonly string[], overrides: Partial<Principal> = {}): Principal {
  return {
    id: 'key:1',
    actor: { id: 'ana', role: 'agent' },
    roles,
    groups: ['network'],
    scopes: new Set(scopes),
    isActive: () => true,
    ...overrides,
  };
}
