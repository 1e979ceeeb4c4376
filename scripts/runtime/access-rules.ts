/**
 * The rules as this process enforces them: the built-in policy until another is put to use. It must never
 * decide by a policy that has problems.
 */
import { celExpressions } from '../../adapters/expressions/cel-expressions.ts';
import { AccessControl } from '../../domain/access/access-control.ts';
import type { Explainer, RulesInForce } from '../../domain/access/administration-port.ts';
import { checkPolicy } from '../../domain/access/check-policy.ts';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import type { Access } from '../../domain/access/guard.ts';
import type { AccessPolicy } from '../../domain/access/policy.ts';
import type { Expressions } from '../../domain/expressions.ts';
import { defaultWorkflow, type Workflows } from '../../domain/workflow/registry.ts';

export interface AccessRules {
  readonly access: Access;
  readonly rules: RulesInForce;
  readonly explainer: Explainer;
}

/** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
export function policyProblems(policy: AccessPolicy): readonly string[] {
  return problemsOf(policy, celExpressions());
}

/** The built-in policy has version 0. */
export function openAccessRules(workflows: Workflows): AccessRules {
  const expressions = celExpressions();
  const control = new AccessControl({
    policy: defaultPolicy,
    version: 0,
    expressions,
    workflows,
    defaultWorkflow,
  });
  return {
    access: control,
    rules: {
      check: (policy) => problemsOf(policy, expressions),
      use: (policy, version) => control.use(policy, version),
    },
    explainer: {
      explain: (principal, operation, ticket, field, reader) =>
        control.explain(principal, { operation, ticket, field }, reader),
    },
  };
}

function problemsOf(policy: AccessPolicy, expressions: Expressions): readonly string[] {
  return checkPolicy(policy, expressions).map(({ path, rule, message }) =>
    rule === undefined ? `${path}: ${message}` : `${path} (rule ${rule}): ${message}`,
  );
}
