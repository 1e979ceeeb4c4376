/** What holds of access whatever the rules, the roles, the ticket and the command are. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AccessControl } from '../../../domain/access/access-control.ts';
import type { Guard } from '../../../domain/access/guard.ts';
import { askedOperation } from '../../../domain/access/operations.ts';
import { type AccessPolicy, accessOperations } from '../../../domain/access/policy.ts';
import type { Expressions } from '../../../domain/expressions.ts';
import { commandTypes } from '../../../domain/ticket/commands.ts';
import type { TicketState } from '../../../domain/ticket/state.ts';
import { builtInWorkflows, defaultWorkflow } from '../../../domain/workflow/registry.ts';
import { accessBy, policyOf, principal, roleNames } from '../../support/access.ts';
import { ticketState } from '../../support/tickets.ts';

const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const fieldNames = ['cost', 'price', 'group', 'state'] as const;
const conditions = [
  'ticket.group == "network"',
  'ticket.fields.cost == 1',
  'user.id == "ana"',
  'ticket.no == 1',
];
const scripts = ['before.group == after.group', 'command.type == "StartWork"', 'true'];

const rule = fc.record(
  {
    effect: fc.oneof({ weight: 4, arbitrary: some('allow') }, { weight: 1, arbitrary: some('deny-unless') }),
    table: some('support', 'incident', 'ticket', '*'),
    field: some('cost', 'group', 'state', '*'),
    operations: fc.uniqueArray(some('create', 'read', 'write', 'transition', 'StartWork'), { minLength: 1 }),
    roles: fc.uniqueArray(some(...roleNames, 'nobody'), { maxLength: 3 }),
    condition: some(...conditions),
    script: some(...scripts),
    adminOverrides: fc.boolean(),
  },
  { requiredKeys: ['effect', 'table', 'operations', 'roles'] },
);
const rules = fc.array(rule, { maxLength: 14 });
const rolesOfSomebody = fc.uniqueArray(some(...roleNames), { maxLength: 3 });
const ticket: fc.Arbitrary<TicketState> = fc
  .record({
    workflow: some('support@1', 'incident@1'),
    group: some('network', undefined),
    cost: some(1, 2, undefined),
  })
  .map(({ workflow, group, cost }) => ({
    ...ticketState({ workflow, group, fields: cost === undefined ? {} : { cost } }),
    state: builtInWorkflows.get(workflow).initial.key,
  }));

/** All that a guard allows on a ticket, as a set that can be compared. */
function allowances(guard: Guard, about: TicketState): ReadonlySet<string> {
  const view = guard.view(about);
  const shown = view === undefined ? [] : fieldNames.filter((name) => view.shows(name));
  return new Set([
    ...(view === undefined ? [] : ['read']),
    ...shown.map((name) => `read ${name}`),
    ...commandTypes.filter((type) => type !== 'OpenTicket' && guard.may(type, about)),
  ]);
}

function guardBy(policy: AccessPolicy, roles: readonly string[]): Guard {
  return accessBy(policy).guardOf(principal(roles));
}

describe('whatever the rules are', () => {
  it('another allowing rule at the place that decides takes nothing away', () => {
    fc.assert(
      fc.property(rules, rule, rolesOfSomebody, ticket, fc.nat(), (given, added, roles, about, at) => {
        const allowing = given.filter(({ effect }) => effect === 'allow');
        fc.pre(allowing.length > 0);
        const model = allowing[at % allowing.length];
        const { table, field, operations } = model ?? added;
        const beside = {
          ...added,
          effect: 'allow',
          table,
          operations,
          ...(field === undefined ? {} : { field }),
        };
        if (field === undefined) Reflect.deleteProperty(beside, 'field');
        const before = allowances(guardBy(policyOf(given), roles), about);
        const after = allowances(guardBy(policyOf([...given, beside]), roles), about);
        expect([...before].filter((each) => !after.has(each))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('another deny-unless rule gives nothing', () => {
    fc.assert(
      fc.property(rules, rule, rolesOfSomebody, ticket, (given, added, roles, about) => {
        const before = allowances(guardBy(policyOf(given), roles), about);
        const after = allowances(
          guardBy(policyOf([...given, { ...added, effect: 'deny-unless' }]), roles),
          about,
        );
        expect([...after].filter((each) => !before.has(each))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('without any, nobody but an admin may do anything', () => {
    fc.assert(
      fc.property(rolesOfSomebody, ticket, (roles, about) => {
        expect(allowances(guardBy(policyOf([]), roles), about).size > 0).toBe(roles.includes('admin'));
      }),
    );
  });

  it('an admin may everything where no rule is for nobody or without override', () => {
    fc.assert(
      fc.property(rules, ticket, (given, about) => {
        const overridable = given.map((each) => ({
          ...each,
          adminOverrides: true,
          roles: each.roles.filter((role) => role !== 'nobody'),
        }));
        const guard = guardBy(policyOf(overridable), ['admin']);
        expect(guard.readsAll).toBe(true);
        expect(allowances(guard, about).size).toBe(1 + fieldNames.length + commandTypes.length - 1);
      }),
      { numRuns: 200 },
    );
  });

  it('an expression that fails is a rule that does not pass', () => {
    const failing: Expressions = {
      compile: (text) => ({
        text,
        evaluate: () => {
          throw new Error('the evaluator is broken');
        },
      }),
    };
    fc.assert(
      fc.property(rules, rolesOfSomebody, ticket, (given, roles, about) => {
        const options = { version: 1, workflows: builtInWorkflows, defaultWorkflow };
        const without = given.map((each) => ({
          ...each,
          ...(each.condition === undefined && each.script === undefined ? {} : { condition: 'false' }),
        }));
        const broken = new AccessControl({ ...options, policy: policyOf(given), expressions: failing });
        const closed = guardBy(policyOf(without), roles);
        expect(allowances(broken.guardOf(principal(roles)), about)).toEqual(allowances(closed, about));
      }),
      { numRuns: 200 },
    );
  });

  it('the explanation comes to what the guard does', () => {
    fc.assert(
      fc.property(rules, rolesOfSomebody, ticket, (given, roles, about) => {
        const access = accessBy(policyOf(given));
        const somebody = principal(roles);
        const guard = access.guardOf(somebody);
        const view = guard.view(about);
        const explained = (operation: 'read', field?: string) =>
          access.explain(somebody, { operation, ticket: about, field }).allowed;
        expect(explained('read')).toBe(view !== undefined);
        for (const field of fieldNames) {
          expect(explained('read', field)).toBe(view?.shows(field) === true);
          if (view?.shows(field) === true) expect(guard.mayEverShow(field)).toBe(true);
        }
        if (guard.readsAll) expect(view?.complete).toBe(true);
        for (const word of accessOperations) {
          const operation = askedOperation(word);
          if (operation === undefined || operation === 'read' || operation === 'create') continue;
          const type = operation === 'write' ? 'ChangeFields' : operation;
          const { allowed } = access.explain(somebody, { operation, ticket: about });
          expect([type, allowed]).toEqual([type, guard.may(type, about)]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
