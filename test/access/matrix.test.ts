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
const policiesTried = 90;
/** More than a matrix of roles, attributes, states and operations has cells, under any one policy. */
const decisionsMin = 300_000;
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
      // A failing policy is shrunk by seconds, not by minutes: each attempt asks thousands of questions.
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
    for (const states of reachableStates.values()) {
      for (const requester of ['ana', 'bo', undefined]) {
        const tickets = states.map(({ workflowId, key }) =>
          ticketState({ workflow: workflowId, state: key, requester }),
        );
        comparison.under(given, tickets, ticketState({ requester }));
      }
    }
    expect(comparison.decisions).toBeGreaterThanOrEqual(decisionsMin);
  });
});
