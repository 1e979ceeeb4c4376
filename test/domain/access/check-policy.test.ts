/** What is said of a policy that has the right shape and yet can not be meant. */
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../../domain/access/check-policy.ts';
import { accessPolicySchema } from '../../../domain/access/policy.ts';
import { expressions } from '../../support/access.ts';

const rule = { id: 'one', table: 'ticket', operations: ['read'] };

function problemsOf(roles: object, ...rules: readonly object[]): readonly string[] {
  const policy = accessPolicySchema.parse({ roles, rules: rules.map((each) => ({ ...rule, ...each })) });
  return checkPolicy(policy, expressions).map(({ path, rule: id, message }) => `${path} (${id}): ${message}`);
}

describe('a policy', () => {
  it('without problems has none', () => {
    const roles = { agent: {}, lead: { contains: ['agent', 'admin'] } };
    const good = {
      roles: ['lead', 'admin', 'nobody'],
      condition: 'true',
      script: 'command.type != before.state',
    };
    expect(problemsOf(roles, good)).toEqual([]);
  });

  it.each<[string, object, readonly object[], string]>([
    ['two rules of one id', {}, [{}, {}], 'rules[1].id (one): rules[0] has the id one already'],
    ['an unknown role', { agent: {} }, [{ roles: ['agnet'] }], 'there is no role agnet; declared are agent'],
    [
      'an unknown contained role',
      { a: { contains: ['b'] } },
      [],
      'roles.a.contains (undefined): there is no role b',
    ],
    ['the role nobody declared', { nobody: {} }, [], 'roles.nobody (undefined): nobody is the role'],
    ['the role nobody contained', { a: { contains: ['nobody'] } }, [], 'there is no role nobody'],
    ['a role in itself', { a: { contains: ['a'] } }, [], 'in a circle: a → a'],
    [
      'roles in a circle',
      { x: { contains: ['a'] }, a: { contains: ['b'] }, b: { contains: ['c'] }, c: { contains: ['a'] } },
      [],
      'in a circle: a → b → c → a',
    ],
    [
      'a condition that is no CEL',
      {},
      [{ condition: 'a ==' }],
      'rules[0].condition (one): the expression is not',
    ],
    [
      'a condition about what changes',
      {},
      [{ condition: 'after == before' }],
      'unknown name after; known are user',
    ],
    [
      'a script about the ticket',
      {},
      [{ script: 'ticket == user' }],
      'rules[0].script (one): at character 1',
    ],
    [
      'a field rule that is never asked',
      {},
      [{ field: 'cost', operations: ['transition'] }],
      'rules[0].operations (one): a rule about a field',
    ],
  ])('has %s', (_, roles, rules, problem) => {
    expect(problemsOf(roles, ...rules)).toEqual([expect.stringContaining(problem)]);
  });
});
