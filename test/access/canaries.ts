/**
 * Tickets of which every field and attribute holds a word that stands nowhere else, so that whoever may not
 * see it can be shown not to be told it, on whatever way.
 */
import { adminRole, type Principal, scopes } from '../../domain/access/principal.ts';

/**
 * By name in access rules: what must not be said where the name is hidden. Words of one piece, because search
 * takes others apart; and members of answers, where what they hold can not be chosen.
 */
export const canaries: Readonly<Record<string, readonly string[]>> = {
  state: [
    'on_hold',
    'canarytimer',
    '"category":"',
    '"legal":[{',
    '"lifecycle":',
    '"hold":{',
    '"guard":"',
    '/assigned/',
  ],
  requester: ['canaryrequester'],
  assignee: ['canaryassignee', 'canaryoffered'],
  group: ['canarygroup'],
  resolution: ['canarycode', 'esolvedAt":'],
  links: ['CANARY-LINK'],
  comment: ['canarycomment', 'canaryreply', 'canaryasking'],
  note: ['canarynote', 'canaryreason', 'canarywork', 'canaryagain'],
  sla: ['canarysla', '"dueAt"'],
  rating: ['canaryrating', '"good"'],
  metrics: ['"figures":{'],
  salary: ['canarysalary', 'canaryearlier'],
  priority: ['canarypriority'],
};

/** The main ticket is on hold; another was offered to somebody; a third is resolved. */
export const held = 'C-1';
export const offered = 'C-2';
export const resolved = 'C-3';
/** Only staff may know of it: what it is linked by is told, or not, of the ticket that links. */
export const linked = 'CANARY-LINK';
/** What was sent once with its id, and may be sent again by anybody. */
export const repeated = {
  type: 'AddComment',
  ticketId: held,
  commandId: 'said-before',
  actor: { id: 'desk', role: 'agent' },
  data: { body: 'neutral', public: true },
} as const;

const agent = { actor: { id: 'desk', role: 'agent' } };
const opening = (ticketId: string, more: object = {}) => ({
  type: 'OpenTicket',
  ticketId,
  // Who opened a ticket is told to everybody who may read it, so it must not be who requested it.
  actor: { id: 'ann', role: 'integration' },
  data: {
    requester: 'canaryrequester',
    fields: { priority: 'canarypriority', salary: 'canarysalary', color: 'plain', ...more },
  },
});
const on = (ticketId: string, type: string, data: object, actor: object = agent) => ({
  type,
  ticketId,
  ...actor,
  data,
});
const asSystem = { actor: { id: 'rules', role: 'system' } };
const asIntegration = { actor: { id: 'sync', role: 'integration' } };

/** All of it, in order; each command is accepted. */
export const story: readonly object[] = [
  { ...opening(linked), actor: agent.actor },
  opening(held, { salary: 'canaryearlier' }),
  on(held, 'ChangeFields', { fields: { salary: 'canarysalary' } }),
  on(held, 'AssignTicket', { agent: 'canaryassignee', group: 'canarygroup' }),
  on(held, 'AddComment', { body: 'canarycomment', public: true }),
  on(held, 'AddComment', { body: 'canarynote', public: false }),
  on(held, 'RecordRequesterReply', { body: 'canaryreply' }, asIntegration),
  on(held, 'LinkTicket', { ticket: linked, relation: 'child' }),
  on(held, 'EscalateTicket', { reason: 'canaryreason' }),
  on(held, 'HoldTicket', {
    reason: 'vendor',
    timerId: 'canarytimer',
    until: '2027-01-01T00:00:00Z',
    comment: { body: 'canaryasking', public: true },
  }),
  repeated,
  opening(offered, { salary: 'plainsalary' }),
  on(offered, 'QueueTicket', { group: 'canarygroup' }),
  on(offered, 'OfferTicket', { agent: 'canaryoffered', expiresAt: '2027-01-01T00:00:00Z' }),
  opening(resolved),
  on(resolved, 'AssignTicket', { agent: 'canaryassignee' }),
  on(resolved, 'ResolveTicket', { code: 'canarycode', notes: 'canarywork' }),
  on(resolved, 'ReopenTicket', { reason: 'canaryagain' }),
  on(resolved, 'ResolveTicket', { code: 'canarycode', notes: 'canarywork' }, asSystem),
  on(resolved, 'RateTicket', { rating: 'good', comment: 'canaryrating' }, asIntegration),
];

export const hideable: readonly string[] = Object.keys(canaries);

const bare = { groups: [], isActive: () => true, scopes: new Set(scopes) };

function known(id: string, role: Principal['actor']['role'], roles: readonly string[]): Principal {
  return { ...bare, id: `key:${id}`, actor: { id, role }, roles };
}

/** Who asks, by name: one of each built-in role, and one for each name, from whom just that is hidden. */
export const callers: ReadonlyMap<string, Principal> = new Map([
  ['chief', known('chief', 'lead', [adminRole])],
  ...['lead', 'agent', 'integration', 'analyst', 'auditor', 'requester'].map(
    (role) => [role, known(role, 'agent', [role])] as const,
  ),
  // Opened the tickets, and so may read them; the one above did not.
  ['opener', known('ann', 'agent', ['requester'])] as const,
  ['stranger', known('stranger', 'agent', [])] as const,
  ...hideable.map((name) => [`without-${name}`, known(`clerk-${name}`, 'agent', [`no_${name}`])] as const),
  ['while-open', known('while-open', 'agent', ['while_open'])] as const,
]);

const clerks = [...hideable.map((name) => `no_${name}`), 'while_open'];

/**
 * Clerks do everything on every ticket but the linked one. For each name there is one who does not see it;
 * and one who sees the salary, and who has it, only where the state allows.
 */
export const clerksPolicy = {
  roles: Object.fromEntries(clerks.map((name) => [name, {}])),
  rules: [
    { id: 'work', table: 'ticket', operations: ['create', 'read', 'write', 'transition'], roles: clerks },
    { id: 'fields', table: 'ticket', field: '*', operations: ['create', 'read', 'write'], roles: clerks },
    {
      id: 'not-the-linked',
      effect: 'deny-unless',
      table: 'ticket',
      operations: ['read'],
      condition: `ticket.ticketId != "${linked}"`,
    },
    ...hideable.map((name) => ({
      id: `sees-${name}`,
      table: 'ticket',
      field: name,
      operations: ['read'],
      roles: clerks.filter((clerk) => clerk !== `no_${name}` && clerk !== 'while_open'),
    })),
    ...['salary', 'assignee'].map((name) => ({
      id: `${name}-while-open`,
      table: 'ticket',
      field: name,
      operations: ['read'],
      roles: ['while_open'],
      condition: 'ticket.category in ["new", "open"]',
    })),
    ...hideable
      .filter((name) => name !== 'salary' && name !== 'assignee')
      .map((name) => ({
        id: `${name}-always`,
        table: 'ticket',
        field: name,
        operations: ['read'],
        roles: ['while_open'],
      })),
    // Expressions that come to what must not be told, or fail over it: what is explained must not say it.
    {
      id: 'no-truth',
      table: 'ticket',
      field: 'salary',
      operations: ['read'],
      roles: clerks,
      condition: 'ticket.fields.salary',
    },
    {
      id: 'no-number',
      table: 'ticket',
      field: 'salary',
      operations: ['read'],
      roles: clerks,
      condition: 'int(ticket.fields.salary) > 1',
    },
    {
      id: 'no-member',
      table: 'ticket',
      field: 'salary',
      operations: ['read'],
      roles: clerks,
      condition: 'ticket[ticket.fields.salary] == 1 || {"a": true}[ticket.fields.salary]',
    },
  ],
};

/** Tickets on which somebody who sees some things only while they are open does not see them. */
const notOpen = [held, resolved];
const hiddenWhileNotOpen = ['salary', 'assignee'];
const all = [held, offered, resolved];

/** The names that are hidden from a caller on some ticket. */
export function hiddenNames(caller: string): readonly string[] {
  if (caller.startsWith('without-')) return [caller.slice('without-'.length)];
  if (caller === 'while-open') return hiddenWhileNotOpen;
  if (caller === 'opener') return ['note', 'sla', 'metrics'];
  return caller === 'requester' || caller === 'stranger' ? hideable : [];
}

/** On which tickets they are. */
export function hiddenOn(caller: string): readonly string[] {
  return caller === 'while-open' ? notOpen : all;
}

/** What no answer to a caller may say. */
export function hiddenWords(caller: string): readonly string[] {
  // The offer is one of a new ticket.
  if (caller === 'while-open') return ['canarysalary', 'canaryearlier', 'canaryassignee'];
  return hiddenNames(caller).flatMap((name) => canaries[name] ?? []);
}
