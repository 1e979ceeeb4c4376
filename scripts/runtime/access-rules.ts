/**
 * The rules as this process enforces them, with the policy that they are decided by. It must never let
 * through whoever's credential has ceased to hold.
 */
import type { Explainer, RulesInForce } from '../../domain/access/administration-port.ts';
import type { Access } from '../../domain/access/guard.ts';
import { unrestrictedAccess } from '../../domain/access/unrestricted.ts';

export interface AccessRules {
  readonly access: Access;
  readonly rules: RulesInForce;
  readonly explainer: Explainer;
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
      check: () => [],
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
