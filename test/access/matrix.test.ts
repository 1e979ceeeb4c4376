/**
 * The matrix: who × what × of which ticket × by which rules, asked of the guard and of a naive reading of
 * docs/access.md. Where they differ, one of the two or the page is wrong.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPolicy } from '../../domain/access/check-policy.ts';
import { defaultPolicy } from '../../domain/access/default-policy.ts';
import { categories } from '../../domain/workflow/transition.ts';
import { expressions } from '../support/access.ts';
import { ticketState } from '../support/tickets.ts';
import { Comparison } from './comparison.ts';
import { builtInExpressions } from './expressions.ts';
import {
  builtInPrincipals,
  givenPolicy,
  principals,
  reachableStates,
  ticketInEveryCategory,
} from './given.ts';

const seed = 20_261_121;
const policiesTried = 60;
/** More than a matrix of roles, attributes, states and operations has cells, under any one policy. */
const decisionsMin = 300_000;
const builtInDecisionsMin = 150_000;
/** Of each kind of question so many answers at least are yes, and so many no. */
const shareMin = 0.02;

describe('the guard and the page', () => {
  it('are compared on tickets of every category', () => {
    expect(new Set(reachableStates.keys())).toEqual(new Set(categories));
  });

  it('agree on who may do what, whatever the rules are', () => {
    const comparison = new Comparison(principals());
    fc.assert(
      fc.property(givenPolicy, ticketInEveryCategory, (given, tickets) => {
        expect(checkPolicy(given.policy, expressions)).toEqual([]);
        const other = tickets[given.policy.rules.length % tickets.length] ?? ticketState();
        comparison.under(given, tickets, other);
      }),
      // Shrinking a policy that fails asks thousands of questions at each attempt, and may not take forever.
      { seed, numRuns: policiesTried, interruptAfterTimeLimit: 120_000 },
    );
    expect(comparison.decisions).toBeGreaterThanOrEqual(decisionsMin);
    for (const [question, { decisions, yes }] of comparison.tallies) {
      expect(yes / decisions, `answers of yes to ${question}`).toBeGreaterThan(shareMin);
      expect(yes / decisions, `answers of yes to ${question}`).toBeLessThan(1 - shareMin);
    }
  }, 180_000);

  it('agree on the built-in rules, in every configuration that a ticket can come to', () => {
    const comparison = new Comparison(builtInPrincipals());
    const given = { policy: defaultPolicy, predicates: builtInExpressions };
    for (const [index, { workflowId, key }] of [...reachableStates.values()].flat().entries()) {
      // Own and foreign ones in turn; every category has many configurations.
      const requester = ['ana', 'bo', undefined][index % 3];
      const ticket = ticketState({ workflow: workflowId, state: key, requester });
      comparison.under(given, [ticket], ticketState({ requester: 'ana' }));
    }
    expect(comparison.decisions).toBeGreaterThanOrEqual(builtInDecisionsMin);
  });
});
