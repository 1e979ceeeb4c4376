/**
 * docs/access-matrix.md: what the built-in rules let each role do, found out by asking about every role,
 * every command, every attribute and tickets in every state, so that whoever reviews the rules reads what
 * they come to and not what they seem to say. `node scripts/access-matrix.ts --write` writes it; a test fails
 * when it is out of date, and another makes it from a second implementation.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { celExpressions } from '../adapters/expressions/cel-expressions.ts';
import { AccessControl } from '../domain/access/access-control.ts';
import { defaultPolicy } from '../domain/access/default-policy.ts';
import { ticketAttributes } from '../domain/access/guard.ts';
import type { Principal } from '../domain/access/principal.ts';
import { commandSchema, commandTypes } from '../domain/ticket/commands.ts';
import type { StampedCommand } from '../domain/ticket/decision.ts';
import type { TicketState } from '../domain/ticket/state.ts';
import type { TicketId } from '../domain/ticket/values.ts';
import { builtInWorkflows, defaultWorkflow } from '../domain/workflow/registry.ts';

export const accessMatrixFile = join(import.meta.dirname, '../docs/access-matrix.md');

/** Who is asked: the guard, or in tests somebody else who read the same page. */
export interface Deciding {
  sees(principal: Principal, ticket: TicketState, name: string): boolean;
  reads(principal: Principal, ticket: TicketState): boolean;
  gives(
    principal: Principal,
    command: StampedCommand,
    ticket: TicketState | undefined,
    others: ReadonlyMap<TicketId, TicketState>,
  ): boolean;
}

const introduction = `# What the built-in rules come to

Found out by asking: for every role alone, everything below was asked of tickets of each built-in workflow in each
lifecycle state, once requested by whoever asks, once opened by them, once neither. How the rules come to this is in
[access.md](access.md), the rules themselves in [default-policy.ts](../domain/access/default-policy.ts). These are
the gates only: whether the workflow then allows a command in that state to that actor is the workflow's to say, and
a credential needs its scopes beside.

\`yes\`: always. \`own\`: of tickets requested or opened by them, always. \`–\`: never. Anything else says in which
categories of which tickets. This page is made by \`node scripts/access-matrix.ts --write\`.
`;

const asker = 'ana';
const somebodyElse = 'bo';

const askers: readonly Principal[] = [
  ...Object.keys(defaultPolicy.roles).map((role) => asking(role, [role])),
  asking('no role', []),
];

function asking(id: string, roles: readonly string[]): Principal {
  return {
    id,
    actor: { id: asker, role: 'agent' },
    roles,
    groups: [],
    scopes: new Set(),
    isActive: () => true,
  };
}

interface Case {
  readonly isOwn: boolean;
  readonly category: string;
  readonly ticket: TicketState;
}

const cases: readonly Case[] = builtInWorkflows.all().flatMap((workflow) => {
  const lifecycles = Map.groupBy(workflow.states, ({ lifecycle }) => lifecycle);
  return [...lifecycles.values()].flatMap(([state]) =>
    state === undefined
      ? []
      : [
          { isOwn: true, requester: asker, openedBy: somebodyElse },
          { isOwn: true, requester: somebodyElse, openedBy: asker },
          { isOwn: false, requester: somebodyElse, openedBy: somebodyElse },
        ].map(({ isOwn, requester, openedBy }) => ({
          isOwn,
          category: state.category,
          ticket: ticketOf(workflow.id, state.key, requester, openedBy),
        })),
  );
});

function ticketOf(workflow: string, state: string, requester: string, openedBy: string): TicketState {
  return {
    ticketId: 'T-1',
    workflow,
    revision: 1,
    state,
    openedAt: 0,
    openedBy: { id: openedBy, role: 'requester' },
    requester,
    assignee: undefined,
    group: undefined,
    offer: undefined,
    hold: undefined,
    resolvedAt: undefined,
    resolutionCode: undefined,
    mergedInto: undefined,
    links: [],
    fields: {},
  };
}

/** Opening a ticket, with each thing that may be given. */
const openings: readonly (readonly [string, object])[] = [
  ['`OpenTicket` with nothing', {}],
  ['… for oneself', { requester: asker }],
  ['… for somebody else', { requester: somebodyElse }],
  ['… with any field', { fields: { subject: 'x' } }],
  ['… with a `group`', { group: 'x' }],
  ['… with an `agent`', { agent: asker }],
];

/** What each command has to bring; those that are not here bring nothing. */
const dataOf: Readonly<Record<string, object>> = {
  AssignTicket: { agent: asker, group: 'x' },
  QueueTicket: { group: 'x' },
  OfferTicket: { agent: asker, expiresAt: 1 },
  AcceptOffer: { agent: asker },
  DeclineOffer: { agent: asker },
  RecordRequesterReply: { body: 'x' },
  HoldTicket: { reason: 'vendor' },
  ExpireHold: { timerId: 'x' },
  ResolveTicket: { fields: { subject: 'x' } },
  CloseTicket: { fields: { subject: 'x' } },
  CancelTicket: { reason: 'spam' },
  MergeTicket: { into: 'T-2' },
  OpenFollowUp: { fields: { subject: 'x' } },
  SplitTicket: { fields: { subject: 'x' } },
  ChangeFields: { fields: { subject: 'x' } },
  LinkTicket: { ticket: 'T-2', relation: 'related' },
  RedactContent: { fields: ['subject'], reason: 'x' },
  RateTicket: { rating: 'good' },
  BreachSla: { clock: 'first_reply#1' },
  MoveTicket: { to: 'x', fields: { subject: 'x' } },
};

const acting: readonly (readonly [string, string, object])[] = commandTypes
  .filter((type) => type !== 'OpenTicket')
  .flatMap((type): (readonly [string, string, object])[] =>
    type === 'AddComment'
      ? [
          ['`AddComment` in public', type, { body: 'x', public: true }],
          ['`AddComment` as a note', type, { body: 'x', public: false }],
        ]
      : [[`\`${type}\``, type, dataOf[type] ?? {}]],
  );

/** The page as Markdown, of what `deciding` says. */
export function accessMatrix(deciding: Deciding = byGuard()): string {
  const headings = askers.map(({ id }) => id);
  const row = (label: string, allowed: (asker: Principal, about: Case) => boolean) => [
    label,
    ...askers.map((each) => inWords((about) => allowed(each, about))),
  ];
  const given = (each: Principal, type: string, data: object, about: Case) => {
    const others = new Map([['T-2', { ...about.ticket, ticketId: 'T-2' }]]);
    const own = type === 'OpenTicket' ? undefined : about.ticket;
    return deciding.gives(each, stamped(type, data), own, others);
  };
  const operations = [
    ...openings.map(([label, data]) => row(label, (each, about) => given(each, 'OpenTicket', data, about))),
    row('read', (each, { ticket }) => deciding.reads(each, ticket)),
    ...acting.map(([label, type, data]) => row(label, (each, about) => given(each, type, data, about))),
  ];
  const attributes = [...ticketAttributes.map((name) => [`\`${name}\``, name]), ['any field', 'subject']];
  const seen = attributes.map(([label = '', name = '']) =>
    row(label, (each, { ticket }) => deciding.sees(each, ticket, name)),
  );
  return [
    introduction,
    '## Operations\n',
    'Commands bring what they may bring: all that set fields set one. The other ticket of `MergeTicket` and',
    '`LinkTicket` is in the same state, and as much their own, as the first.\n',
    table(['operation', ...headings], operations),
    '## What is seen\n',
    table(['field or attribute', ...headings], seen),
  ].join('\n');
}

function byGuard(): Deciding {
  const access = new AccessControl({
    policy: defaultPolicy,
    version: 1,
    expressions: celExpressions(),
    workflows: builtInWorkflows,
    defaultWorkflow,
  });
  return {
    sees: (principal, ticket, name) => access.guardOf(principal).view(ticket)?.shows(name) === true,
    reads: (principal, ticket) => access.guardOf(principal).view(ticket) !== undefined,
    gives: (principal, command, ticket, others) =>
      access.guardOf(principal).refuse(command, ticket, others) === undefined,
  };
}

function stamped(type: string, data: object): StampedCommand {
  const command = commandSchema.parse({ type, data, actor: { id: asker, role: 'agent' } });
  return { ...command, ticketId: 'T-1', occurredAt: 0, newTicketId: 'T-3' };
}

/** A cell: of which tickets, in which categories. A category counts where it holds of all its tickets. */
function inWords(allowed: (about: Case) => boolean): string {
  const told = [true, false].map((isOwn) => categoriesIn(isOwn, allowed));
  const [own, others] = told;
  if (own === undefined || others === undefined) throw new Error('bug: tickets are own or are not');
  if (own === others) return own;
  if (others === never) return own === always ? 'own' : `own: ${own}`;
  return `own: ${own}; others: ${others}`;
}

const always = 'yes';
const never = '–';

function categoriesIn(isOwn: boolean, allowed: (about: Case) => boolean): string {
  const byCategory = Map.groupBy(
    cases.filter((each) => each.isOwn === isOwn),
    ({ category }) => category,
  );
  const whole: string[] = [];
  const parts: string[] = [];
  for (const [category, of] of byCategory) {
    const count = of.filter(allowed).length;
    if (count === of.length) whole.push(category);
    else if (count > 0) parts.push(`some ${category}`);
  }
  if (whole.length === byCategory.size) return always;
  return [...whole, ...parts].join(', ') || never;
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

if (import.meta.main && process.argv.includes('--write')) writeFileSync(accessMatrixFile, accessMatrix());
