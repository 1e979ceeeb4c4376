/**
 * What all workflow machines share: the XState setup with the named guards, and `may`, which writes one
 * transition. A workflow machine is parallel (a `lifecycle` region, an `assignment` region, more where
 * needed), pure, and without actions, actors or delays. Machines are the definition, never the hot path:
 * `compile.ts` turns each into a table once.
 */
import { and, or, setup, stateIn } from 'xstate';
import type { Role } from '../ticket/values.ts';
import { asksFor, type GuardInput, type GuardName, guards, roleMayFire } from './guards.ts';
import type { TransitionType } from './transition.ts';

/** The event a workflow machine is sent: the request, and what guards may look at. */
export type WorkflowEvent = GuardInput & { readonly type: TransitionType };

/** Who may fire a transition, under which guards, and during which lifecycle states. */
export interface TransitionRule {
  readonly by: readonly Role[];
  readonly when: readonly GuardName[];
  /** For regions other than `lifecycle`: the lifecycle states in which the transition exists at all. */
  readonly during?: readonly string[] | undefined;
  /** For `MoveTicket`: the state that the request must name, which is the one the transition leads to. */
  readonly asked?: string | undefined;
}

const holds = (name: GuardName, event: WorkflowEvent) => guards[name](event) === undefined;

export const workflow = setup({
  types: { events: {} as WorkflowEvent, meta: {} as TransitionRule },
  guards: {
    mayFire: ({ event }, params: { readonly by: readonly Role[] }) => roleMayFire(event.request, params.by),
    asksFor: ({ event }, params: { readonly state: string }) => asksFor(params.state)(event) === undefined,
    assigneeSet: ({ event }) => holds('assigneeSet', event),
    agentEligible: ({ event }) => holds('agentEligible', event),
    groupKnown: ({ event }) => holds('groupKnown', event),
    offeredToAgent: ({ event }) => holds('offeredToAgent', event),
    offerOpen: ({ event }) => holds('offerOpen', event),
    offerExpired: ({ event }) => holds('offerExpired', event),
    publicCommentGiven: ({ event }) => holds('publicCommentGiven', event),
    callerToldWhy: ({ event }) => holds('callerToldWhy', event),
    heldForCaller: ({ event }) => holds('heldForCaller', event),
    holdTimerCurrent: ({ event }) => holds('holdTimerCurrent', event),
    resolutionGiven: ({ event }) => holds('resolutionGiven', event),
    childrenResolved: ({ event }) => holds('childrenResolved', event),
    insideReopenWindow: ({ event }) => holds('insideReopenWindow', event),
    autoCloseDue: ({ event }) => holds('autoCloseDue', event),
    mergeTargetOpen: ({ event }) => holds('mergeTargetOpen', event),
    slaClockDue: ({ event }) => holds('slaClockDue', event),
    onlyFinalFields: ({ event }) => holds('onlyFinalFields', event),
  },
});

/**
 * One transition: to `target`, fired by one of the roles, while all guards hold. The same rule goes into the
 * XState guard, which enforces it, and into `meta`, from which the table is compiled; a test proves them
 * equal.
 */
export function may(target: string, by: readonly Role[], ...when: readonly GuardName[]) {
  return transition(target, { by, when });
}

/**
 * Like `may`, for a region beside the lifecycle: the transition exists only during these lifecycle states.
 */
export function during(lifecycle: readonly string[]) {
  return (target: string, by: readonly Role[], ...when: readonly GuardName[]) =>
    transition(target, { by, when, during: lifecycle });
}

/**
 * One of a state's answers to `MoveTicket`: taken where the request names its target. Several of them side by
 * side are how a workflow given as data says where a ticket may go.
 */
export function move(target: string, by: readonly Role[], ...when: readonly GuardName[]) {
  return transition(target, { by, when, asked: target });
}

function transition(target: string, rule: TransitionRule) {
  const always = and([]);
  const inLifecycle =
    rule.during === undefined ? always : or(rule.during.map((state) => stateIn({ lifecycle: state })));
  const { asked } = rule;
  return {
    target,
    meta: rule,
    guard: and([
      { type: 'mayFire', params: { by: rule.by } },
      asked === undefined ? always : and([{ type: 'asksFor', params: { state: asked } }]),
      inLifecycle,
      and(rule.when),
    ]),
  };
}
