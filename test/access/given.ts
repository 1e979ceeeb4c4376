/** What the matrix is made of: policies, tickets in every state, who asks, and one command of every kind. */
import fc from 'fast-check';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import { ticketAttributes } from '../../domain/access/guard.ts';
import { type AccessPolicy, accessOperations, accessPolicySchema } from '../../domain/access/policy.ts';
import { type Principal, scopes } from '../../domain/access/principal.ts';
import { commandSchema, holdReasons } from '../../domain/ticket/commands.ts';
import type { StampedCommand } from '../../domain/ticket/decision.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { CompiledWorkflow, WorkflowState } from '../../domain/workflow/table.ts';
import { ticketState } from '../support/tickets.ts';
import { condition, script, type Told } from './expressions.ts';
import type { Predicate } from './naive-access.ts';

/** Every attribute, and fields: two that tickets have, and one that no rule and no ticket names. */
export const names = [...ticketAttributes, 'cost', 'color', 'never_named'] as const;

const declaredRoles = ['admin', 'lead', 'agent', 'requester', 'auditor', 'desk'] as const;

/** A policy, and predicates for the texts of its expressions. */
export interface GivenPolicy {
  readonly policy: AccessPolicy;
  readonly predicates: ReadonlyMap<string, Predicate>;
}

const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const maybe = <T>(arbitrary: fc.Arbitrary<T>, oneIn: number) =>
  fc.option(arbitrary, { nil: undefined, freq: oneIn - 1 });

/** Words that most decisions hang on come up more often than the many names of commands. */
const operation = fc.oneof(
  { weight: 3, arbitrary: some('read' as const) },
  { weight: 4, arbitrary: some('create' as const, 'write' as const, 'transition' as const) },
  { weight: 3, arbitrary: some(...accessOperations) },
);
/** Gates of fields are asked for these only; a rule for nothing else would be a problem of the policy. */
const fieldOperation = some('read', 'read', 'create', 'write', 'OpenTicket', 'ChangeFields', 'transition');

const parts = {
  effect: fc.oneof(
    { weight: 4, arbitrary: some('allow' as const) },
    { weight: 1, arbitrary: some('deny-unless' as const) },
  ),
  table: some('support', 'incident', 'ticket', 'ticket', '*'),
  roles: fc.oneof(
    { weight: 1, arbitrary: some([]) },
    {
      weight: 3,
      arbitrary: fc.uniqueArray(some(...declaredRoles, 'nobody'), { minLength: 1, maxLength: 3 }),
    },
  ),
  condition: maybe(condition, 3),
  script: maybe(script, 4),
  adminOverrides: fc.oneof({ weight: 4, arbitrary: some(true) }, { weight: 1, arbitrary: some(false) }),
};
const tableRule = fc.record({
  ...parts,
  field: some(undefined),
  operations: fc.uniqueArray(operation, { minLength: 1, maxLength: 5 }),
});
const fieldRule = fc.record({
  ...parts,
  field: some('*', '*', 'cost', 'cost', 'state', 'requester', 'group', 'assignee', 'note'),
  operations: fc
    .uniqueArray(fieldOperation, { minLength: 1, maxLength: 4 })
    .map((words) => (words.every((word) => word === 'transition') ? [...words, 'read'] : words)),
});
interface DrawnRule {
  readonly field: string | undefined;
  readonly condition: Told | undefined;
  readonly script: Told | undefined;
}

/** Without these most policies let nobody read anything, and there is little to compare. */
const broad = fc.subarray([
  { effect: 'allow', table: 'ticket', operations: ['read', 'transition'], roles: ['agent'] },
  { effect: 'allow', table: 'ticket', operations: ['read', 'transition', 'create', 'write'], roles: [] },
  { effect: 'allow', table: '*', field: '*', operations: ['read', 'write', 'create'], roles: [] },
  { effect: 'allow', table: '*', operations: ['create', 'write', 'read'], roles: ['requester', 'desk'] },
]);

/** Roles contain only those that come after them: no circles. */
const contained = fc.tuple(
  ...declaredRoles.map((_, index) =>
    fc.subarray<string>(declaredRoles.slice(index + 1, index + 4), {
      maxLength: Math.min(2, declaredRoles.length - 1 - index),
    }),
  ),
);

export const givenPolicy: fc.Arbitrary<GivenPolicy> = fc
  .record({
    contained,
    broad,
    ofTables: fc.array(tableRule, { maxLength: 8 }),
    ofFields: fc.array(fieldRule, { maxLength: 8 }),
  })
  .map((drawn) => {
    const predicates = new Map<string, Predicate>();
    const others: readonly DrawnRule[] = [...drawn.ofTables, ...drawn.ofFields];
    for (const each of others) {
      for (const told of [each.condition, each.script]) {
        if (told !== undefined) predicates.set(told.text, told.predicate);
      }
    }
    const rules = [...drawn.broad, ...others.map(inWords)].map((each, index) => ({
      id: `rule-${index}`,
      ...each,
    }));
    const roles = Object.fromEntries(
      declaredRoles.map((name, index) => [name, { contains: drawn.contained[index] ?? [] }]),
    );
    return { policy: accessPolicySchema.parse({ roles, rules }), predicates };
  });

function inWords({ field, condition: when, script: how, ...others }: DrawnRule): object {
  return {
    ...others,
    ...(field === undefined ? {} : { field }),
    ...(when === undefined ? {} : { condition: when.text }),
    ...(how === undefined ? {} : { script: how.text }),
  };
}

/** Configurations that a new ticket can come to, whoever acts and whatever guards say; by category. */
export const reachableStates: ReadonlyMap<string, readonly WorkflowState[]> = Map.groupBy(
  builtInWorkflows.all().flatMap(reachable),
  ({ category }) => category,
);

function reachable({ initial }: CompiledWorkflow): readonly WorkflowState[] {
  const seen = new Set([initial]);
  for (const from of seen) {
    for (const cell of from.cells.values()) {
      let shifts = [0];
      for (const ways of cell) {
        shifts = shifts.flatMap((sum) => [sum, ...ways.map(({ shift }) => sum + shift)]);
      }
      for (const shift of shifts) {
        const to = from.all[from.index + shift];
        if (to !== undefined) seen.add(to);
      }
    }
  }
  return [...seen];
}

const person = some('ana', 'bo', undefined);

/** A ticket in one of the configurations of each category. */
export const ticketInEveryCategory: fc.Arbitrary<readonly TicketState[]> = fc.tuple(
  ...[...reachableStates.values()].map(ticketIn),
);

function ticketIn(states: readonly WorkflowState[]): fc.Arbitrary<TicketState> {
  return fc
    .record({
      at: some(...states),
      revision: some(1, 2, 7),
      openedAt: some(0, 5_000),
      openedBy: some('ana', 'bo'),
      requester: person,
      assignee: person,
      offered: person,
      group: some('network', 'desk', undefined),
      hold: some(...holdReasons, undefined),
      resolved: fc.boolean(),
      resolutionCode: some('fixed', undefined),
      mergedInto: some('T-2', undefined),
      cost: some<string | number | undefined>(1, 6, 6.5, '6', undefined),
      color: some('red', 'blue', undefined),
    })
    .map(({ at, openedBy, offered, hold, resolved, cost, color, ...own }) =>
      ticketState({
        ...own,
        workflow: at.workflowId,
        state: at.key,
        openedBy: { id: openedBy, role: 'requester' },
        offer: offered === undefined ? undefined : { agent: offered, expiresAt: 9_000 },
        hold: hold === undefined ? undefined : { reason: hold, until: undefined, timerId: undefined },
        resolvedAt: resolved ? 7_000 : undefined,
        fields: { ...(cost === undefined ? {} : { cost }), ...(color === undefined ? {} : { color }) },
      }),
    );
}

function somebody(roles: readonly string[], overrides: Partial<Principal> = {}): Principal {
  return {
    id: 'key:ana',
    actor: { id: 'ana', role: 'agent' },
    roles,
    groups: ['network'],
    scopes: new Set(scopes),
    isActive: () => true,
    ...overrides,
  };
}

const bo = { id: 'key:bo', actor: { id: 'bo', role: 'requester' }, groups: [] } as const;

/** Who asks: nobody in particular, every role alone, some together, one unknown role, one revoked key. */
export function principals(): readonly Principal[] {
  return [
    somebody([]),
    ...declaredRoles.map((role) => somebody([role])),
    somebody(['agent', 'desk']),
    somebody(['requester', 'auditor'], bo),
    somebody(['desk'], bo),
    somebody(['nobody', 'undeclared']),
    somebody(['admin', 'lead'], { isActive: () => false }),
  ];
}

/** One of each role that the built-in rules know, and one of none. */
export function builtInPrincipals(): readonly Principal[] {
  return [somebody([]), ...Object.keys(defaultPolicy.roles).map((role) => somebody([role]))];
}

const fields = { cost: 9, color: 'red' };
const ana = { id: 'ana', role: 'agent' };

/** Each type of command bare, and again with each kind of thing that a gate may ask about. */
const commandDrafts: readonly (readonly [string, object, object?])[] = [
  ['OpenTicket', {}],
  ['OpenTicket', { requester: 'ana', fields }, { workflow: 'incident' }],
  ['OpenTicket', { group: 'network' }, { workflow: 'support@1' }],
  ['OpenTicket', { agent: 'ana', fields: { never_named: true } }],
  ['StartWork', {}],
  ['AssignTicket', { agent: 'ana' }],
  ['AssignTicket', { agent: 'bo', group: null }],
  ['QueueTicket', { group: 'network' }],
  ['OfferTicket', { agent: 'ana', expiresAt: 9_000 }],
  ['AcceptOffer', { agent: 'ana' }],
  ['DeclineOffer', { agent: 'ana', reason: 'busy' }],
  ['ExpireOffer', {}],
  ['UnassignTicket', { reason: 'wrong' }],
  ['RemoveAgent', {}],
  ['MarkAgentOffline', {}],
  ['RecordRequesterReply', { body: 'hello' }],
  ['AwaitRequester', { comment: { body: 'and?', public: true } }],
  ['HoldTicket', { reason: 'vendor' }],
  ['ExpireHold', { timerId: 'timer' }],
  ['ResumeTicket', {}],
  ['ResolveTicket', { code: 'fixed' }],
  ['ResolveTicket', { fields: { cost: null, group: 'x' } }],
  ['ConfirmResolution', {}],
  ['CloseTicket', { fields: { color: null } }],
  ['ReopenTicket', { reason: 'again' }],
  ['CancelTicket', { reason: 'spam' }],
  ['MergeTicket', { into: 'T-2' }],
  ['MergeTicket', { into: 'T-404' }],
  ['OpenFollowUp', { fields: { cost: 3 } }],
  ['SplitTicket', { fields }],
  ['SplitTicket', {}],
  ['ChangeFields', { fields: { cost: 9 } }],
  ['ChangeFields', { fields: { color: null } }],
  ['ChangeFields', { fields: { note: 'in', cost: 2.5, never_named: 1 } }],
  ['ChangeFields', { fields: {} }],
  ['AddComment', { body: 'inside', public: false }],
  ['AddComment', { body: 'outside', public: true }, { onBehalfOf: { id: 'bo', role: 'requester' } }],
  ['LinkTicket', { ticket: 'T-2', relation: 'related' }],
  ['LinkTicket', { ticket: 'T-404', relation: 'parent' }],
  ['RedactContent', { fields: ['cost'], reason: 'private' }],
  ['RedactContent', { fields: ['color', 'note'], reason: 'private' }],
  ['EscalateTicket', { reason: 'vip' }],
  ['RateTicket', { rating: 'good' }],
  ['BreachSla', { clock: 'first_reply#1' }],
  ['MoveTicket', { to: 'open', fields: { cost: 1 } }],
  ['StartWork', {}, { actor: { id: 'carla', role: 'lead' } }],
];

export const commands: readonly StampedCommand[] = commandDrafts.map(([type, data, envelope = {}]) => ({
  ...commandSchema.parse({ type, data, actor: ana, ...envelope }),
  ticketId: 'T-1',
  occurredAt: 6_000,
  newTicketId: 'T-9',
}));
