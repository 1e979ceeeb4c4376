/**
 * The rules as this process enforces them, with the policy that they are decided by. It must never let
 * through whoever's credential has ceased to hold.
 */
import type { Explainer, RulesInForce } from '../../domain/access/administration-port.ts';
import type { Access } from '../../domain/access/guard.ts';
import type { AccessPolicy } from '../../domain/access/policy.ts';
import { unrestrictedAccess } from '../../domain/access/unrestricted.ts';

export interface AccessRules {
  readonly access: Access;
  readonly rules: RulesInForce;
  readonly explainer: Explainer;
}

/** What is wrong with a policy, mistake by mistake; nothing where it can be used. */
export function policyProblems({ rules }: AccessPolicy): readonly string[] {
  const ids = rules.map(({ id }) => id);
  return [...new Set(ids.filter((id, at) => ids.indexOf(id) !== at))].map(
    (id) => `rule ${id}: its id is there twice; each rule needs one of its own`,
  );
}

/** Begins with the built-in policy. */
export function openAccessRules(): AccessRules {
  let present = 0;
  return {
    access: {
      guardOf: (principal) => ({
        ...unrestrictedAccess.guardOf(principal),
        get policyVersion() {
          return present;
        },
        refuse: ({ type, ticketId }) =>
          principal.isActive()
            ? undefined
            : {
                status: 'rejected',
                code: 'access_denied',
                message: 'the credential does not hold any more',
                ticketId,
                tried: type,
                state: undefined,
                revision: undefined,
                guard: undefined,
                legal: [],
              },
      }),
    },
    rules: {
      check: policyProblems,
      use: (_policy, version) => {
        present = version;
      },
    },
    explainer: {
      explain: (principal, operation, ticket, field) => ({
        principal: principal.id,
        operation,
        ticketId: ticket?.ticketId,
        field,
        allowed: principal.isActive(),
        policyVersion: present,
      }),
    },
  };
}
