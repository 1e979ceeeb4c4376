/**
 * The policy of a desk that has none of its own: whoever has a role of staff may do what the workflow lets
 * them.
 */
import type { AccessPolicy } from './policy.ts';

const everything = ['create', 'read', 'write', 'transition'] as const;

export const defaultPolicy: AccessPolicy = {
  roles: {
    admin: { contains: [] },
    lead: { contains: ['agent'] },
    agent: { contains: [] },
    integration: { contains: [] },
    requester: { contains: [] },
    analyst: { contains: [] },
    auditor: { contains: [] },
  },
  rules: [
    {
      id: 'staff',
      effect: 'allow',
      table: 'ticket',
      operations: [...everything],
      roles: ['agent', 'integration'],
      adminOverrides: true,
    },
    {
      id: 'staff-fields',
      effect: 'allow',
      table: 'ticket',
      field: '*',
      operations: [...everything],
      roles: ['agent', 'integration'],
      adminOverrides: true,
    },
  ],
};
