/**
 * The rules that hold until others are applied: what most desks expect. `docket access show` prints them, and
 * they are a start for rules of one's own.
 */
import { type AccessPolicy, accessPolicySchema } from './policy.ts';

const isOwn = 'ticket.requester == user.id || ticket.openedBy == user.id';

export const defaultPolicy: AccessPolicy = accessPolicySchema.parse({
  roles: {
    admin: {},
    lead: { contains: ['agent'] },
    agent: {},
    integration: {},
    requester: {},
    analyst: {},
    auditor: {},
  },
  rules: [
    {
      id: 'staff-tickets',
      description: 'Agents and integrations work on every ticket.',
      table: 'ticket',
      operations: ['create', 'read', 'write', 'transition'],
      roles: ['agent', 'integration'],
    },
    {
      id: 'staff-fields',
      table: 'ticket',
      field: '*',
      operations: ['create', 'read', 'write'],
      roles: ['agent', 'integration'],
    },
    {
      id: 'cancelling',
      description: 'An agent may cancel what nobody has worked on, as spam; anything else takes a lead.',
      effect: 'deny-unless',
      table: 'ticket',
      operations: ['CancelTicket'],
      roles: ['agent', 'integration'],
      condition: 'ticket.category == "new" || "lead" in user.roles || "integration" in user.roles',
    },
    {
      id: 'redacting',
      description: 'What is removed for good takes a lead.',
      effect: 'deny-unless',
      table: 'ticket',
      operations: ['RedactContent'],
      roles: ['lead', 'integration'],
    },
    {
      id: 'readers-tickets',
      description: 'Those who look into how the desk works see everything and change nothing.',
      table: 'ticket',
      operations: ['read'],
      roles: ['analyst', 'auditor'],
    },
    {
      id: 'readers-fields',
      table: 'ticket',
      field: '*',
      operations: ['read'],
      roles: ['analyst', 'auditor'],
    },
    {
      id: 'requester-opens',
      description: 'Requesters open tickets for themselves.',
      table: 'ticket',
      operations: ['create'],
      roles: ['requester'],
      script: 'after.requester == null || after.requester == user.id',
    },
    { id: 'requester-fills-in', table: 'ticket', field: '*', operations: ['create'], roles: ['requester'] },
    ...['group', 'assignee'].map((field) => ({
      id: `staff-places-${field}`,
      description: 'Whose work a new ticket becomes is for the desk to say.',
      table: 'ticket',
      field,
      operations: ['create'],
      roles: ['agent', 'integration'],
    })),
    {
      id: 'requester-reads-own',
      table: 'ticket',
      operations: ['read'],
      roles: ['requester'],
      condition: isOwn,
    },
    { id: 'requester-sees', table: 'ticket', field: '*', operations: ['read'], roles: ['requester'] },
    ...['note', 'sla', 'metrics'].map((field) => ({
      id: `inside-${field}`,
      description: 'Said among those who work on tickets or look into how they do.',
      table: 'ticket',
      field,
      operations: ['read'],
      roles: ['agent', 'integration', 'analyst', 'auditor'],
    })),
    {
      id: 'requester-answers',
      table: 'ticket',
      operations: ['RecordRequesterReply', 'ReopenTicket', 'ConfirmResolution', 'RateTicket'],
      roles: ['requester'],
      condition: isOwn,
    },
    {
      id: 'requester-comments',
      description: 'Requesters speak in public only.',
      table: 'ticket',
      operations: ['AddComment'],
      roles: ['requester'],
      condition: isOwn,
      script: '!has(command.data.public) || command.data.public',
    },
  ],
});
