/** The three one-touch definitions side by side, and first-contact resolution. */
import { describe, expect, it } from 'vitest';
import {
  firstContactResolution,
  followUpWindowMs,
  oneTouchExact,
  oneTouchExplore,
  oneTouchMessaging,
  type TouchFacts,
} from '../../../domain/metrics/touch.ts';

const facts: TouchFacts = {
  category: 'closed',
  agentReplies: 1,
  reopenCount: 0,
  waited: false,
  lastResolvedAt: 1_000,
  firstFollowUpAt: undefined,
};

type Verdict = readonly [explore: boolean, exact: boolean, messaging: boolean, firstContact: boolean];
const cases: readonly (readonly [string, Partial<TouchFacts>, Verdict])[] = [
  ['one reply', {}, [true, true, true, true]],
  ['one reply, resolved but not closed', { category: 'resolved' }, [true, true, true, true]],
  ['no reply', { agentReplies: 0 }, [true, false, false, true]],
  ['two replies', { agentReplies: 2 }, [false, false, true, false]],
  ['a wait', { waited: true }, [true, true, false, true]],
  ['a reopening', { reopenCount: 1 }, [true, true, false, false]],
  ['a ticket that is open', { category: 'open', lastResolvedAt: undefined }, [false, false, false, false]],
  ['a cancelled ticket', { category: 'cancelled', lastResolvedAt: undefined }, [false, false, false, false]],
  ['a follow-up soon', { firstFollowUpAt: 1_000 + followUpWindowMs }, [true, true, true, false]],
  ['a follow-up later', { firstFollowUpAt: 1_001 + followUpWindowMs }, [true, true, true, true]],
];

describe('touch', () => {
  it.each(cases)('after %s', (_, changed, expected) => {
    const ticket = { ...facts, ...changed };
    const definitions = [oneTouchExplore, oneTouchExact, oneTouchMessaging, firstContactResolution];
    expect(definitions.map((definition) => definition(ticket))).toEqual(expected);
  });
});
