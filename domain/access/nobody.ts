/** Somebody who is not known: may do nothing and sees nothing. What public routes are asked by. */
import type { Guard } from './guard.ts';
import type { Principal } from './principal.ts';

const principal: Principal = {
  id: 'nobody',
  actor: { id: 'nobody', role: 'requester' },
  roles: [],
  groups: [],
  scopes: new Set(),
  isActive: () => false,
};

const guard: Guard = {
  principal,
  policyVersion: 0,
  readsAll: false,
  view: () => undefined,
  redact: () => {
    throw new Error('bug: an event was to be shown to nobody');
  },
  may: () => false,
  mayEverShow: () => false,
  refuse: ({ type, ticketId }) => ({
    status: 'rejected',
    code: 'access_denied',
    message: 'nobody may give commands',
    ticketId,
    tried: type,
    state: undefined,
    revision: undefined,
    guard: undefined,
    legal: [],
  }),
  conceal: (rejection) => ({ ...rejection, state: undefined, revision: undefined, legal: [] }),
};

export const nobody = { principal, guard } as const;
