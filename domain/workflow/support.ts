/**
 * The default workflow: a support desk after Zendesk, with on-hold reasons after ServiceNow. Three parallel
 * regions: how far the ticket is (`lifecycle`), who has it (`assignment`), how high it was raised
 * (`escalation`).
 *
 * A final ticket takes what real desks take: tags, subject, priority, links, redaction and, once closed, a
 * follow-up ticket and the requester's rating. It is never reopened.
 */
import type { Role } from '../ticket/values.ts';
import { during, may, workflow } from './setup.ts';

const requester: readonly Role[] = ['requester'];
const fromRequester: readonly Role[] = ['requester', 'integration'];
const staff: readonly Role[] = ['agent', 'lead'];
const staffOrRules: readonly Role[] = ['agent', 'lead', 'system'];
const rules: readonly Role[] = ['system'];
const leads: readonly Role[] = ['lead'];
const anyone: readonly Role[] = ['requester', 'agent', 'lead', 'system', 'integration'];

/** What every ticket takes that is not final, whatever state it is in. */
const alwaysWhileLive = (state: string) => ({
  ChangeFields: may(state, anyone),
  AddComment: may(state, anyone),
  LinkTicket: may(state, [...staffOrRules, 'integration']),
  SplitTicket: may(state, staff),
  AbsorbTicket: may(state, staff),
  RedactContent: may(state, leads),
  MergeTicket: may('merged', staff, 'mergeTargetOpen'),
});

const stillWhenFinal = (state: string) => ({
  ChangeFields: may(state, [...staffOrRules, 'integration'], 'onlyFinalFields'),
  LinkTicket: may(state, [...staffOrRules, 'integration']),
  RedactContent: may(state, leads),
});

const breach = (state: string) => ({ BreachSla: may(state, ['system', 'integration'], 'slaClockDue') });
const resolve = may('resolved', staffOrRules, 'assigneeSet', 'resolutionGiven', 'childrenResolved');
const working = ['new', 'open', 'pending', 'on_hold'];
const whileLive = during([...working, 'resolved']);
const whileWorking = during(working);

/** Back to the group where there is one, else to nobody. */
const backToQueue = (by: readonly Role[]) => [
  whileLive('queued', by, 'groupKnown'),
  whileLive('unassigned', by),
];

export const supportMachine = workflow.createMachine({
  id: 'support',
  version: '1',
  description: 'A support desk: new, open, pending, on hold, resolved, closed.',
  type: 'parallel',
  states: {
    lifecycle: {
      initial: 'new',
      states: {
        new: {
          tags: ['new'],
          on: {
            ...alwaysWhileLive('new'),
            ...breach('new'),
            StartWork: may('open', staffOrRules, 'assigneeSet'),
            AssignTicket: may('open', [...staffOrRules, 'integration'], 'agentEligible'),
            AcceptOffer: may('open', staff, 'offeredToAgent', 'offerOpen'),
            RecordRequesterReply: may('new', fromRequester),
            AwaitRequester: may('pending', staff, 'publicCommentGiven'),
            HoldTicket: may('on_hold', staff),
            ResolveTicket: resolve,
            CancelTicket: may('cancelled', staff),
          },
        },
        open: {
          tags: ['open'],
          on: {
            ...alwaysWhileLive('open'),
            ...breach('open'),
            RecordRequesterReply: may('open', fromRequester),
            AwaitRequester: may('pending', staff, 'publicCommentGiven'),
            HoldTicket: may('on_hold', staff),
            ResolveTicket: resolve,
            CancelTicket: may('cancelled', leads),
          },
        },
        pending: {
          tags: ['pending'],
          on: {
            ...alwaysWhileLive('pending'),
            ...breach('pending'),
            RecordRequesterReply: may('open', fromRequester),
            HoldTicket: may('on_hold', staff),
            ResumeTicket: may('open', staffOrRules),
            ExpireHold: may('open', rules, 'holdTimerCurrent'),
            ResolveTicket: resolve,
            CancelTicket: may('cancelled', leads),
          },
        },
        on_hold: {
          tags: ['hold'],
          on: {
            ...alwaysWhileLive('on_hold'),
            ...breach('on_hold'),
            RecordRequesterReply: [
              may('open', fromRequester, 'heldForCaller'),
              may('on_hold', fromRequester),
            ],
            AwaitRequester: may('pending', staff, 'publicCommentGiven'),
            ResumeTicket: may('open', staffOrRules),
            ExpireHold: may('open', rules, 'holdTimerCurrent'),
            ResolveTicket: resolve,
            CancelTicket: may('cancelled', leads),
          },
        },
        resolved: {
          tags: ['resolved'],
          on: {
            ...alwaysWhileLive('resolved'),
            RecordRequesterReply: may('open', fromRequester, 'insideReopenWindow'),
            ReopenTicket: may('open', ['requester', ...staff]),
            ConfirmResolution: may('closed', requester),
            CloseTicket: may('closed', rules, 'autoCloseDue'),
            CancelTicket: may('cancelled', leads),
            RateTicket: may('resolved', fromRequester),
          },
        },
        closed: {
          tags: ['closed'],
          on: {
            ...stillWhenFinal('closed'),
            OpenFollowUp: may('closed', ['requester', ...staff]),
            RateTicket: may('closed', fromRequester),
          },
        },
        cancelled: { tags: ['cancelled'], on: stillWhenFinal('cancelled') },
        merged: { tags: ['cancelled'], on: stillWhenFinal('merged') },
      },
    },
    assignment: {
      initial: 'unassigned',
      states: {
        unassigned: {
          on: {
            QueueTicket: whileLive('queued', [...staffOrRules, 'integration']),
            AssignTicket: whileLive('assigned', [...staffOrRules, 'integration'], 'agentEligible'),
          },
        },
        queued: {
          on: {
            QueueTicket: whileLive('queued', [...staffOrRules, 'integration']),
            OfferTicket: whileLive('offered', staffOrRules, 'agentEligible'),
            AssignTicket: whileLive('assigned', [...staffOrRules, 'integration'], 'agentEligible'),
            UnassignTicket: whileLive('unassigned', staffOrRules),
          },
        },
        offered: {
          on: {
            AcceptOffer: whileLive('assigned', staff, 'offeredToAgent', 'offerOpen'),
            DeclineOffer: whileLive('queued', staff, 'offeredToAgent'),
            ExpireOffer: whileLive('queued', rules, 'offerExpired'),
            MarkAgentOffline: whileLive('queued', rules),
            QueueTicket: whileLive('queued', [...staffOrRules, 'integration']),
            AssignTicket: whileLive('assigned', [...staffOrRules, 'integration'], 'agentEligible'),
            UnassignTicket: whileLive('unassigned', staffOrRules),
          },
        },
        assigned: {
          on: {
            AssignTicket: whileLive('assigned', [...staffOrRules, 'integration'], 'agentEligible'),
            QueueTicket: whileLive('queued', [...staffOrRules, 'integration']),
            UnassignTicket: whileLive('unassigned', staffOrRules),
            RemoveAgent: backToQueue(['lead', 'system']),
            MarkAgentOffline: backToQueue(rules),
          },
        },
      },
    },
    escalation: {
      initial: 'L0',
      states: {
        L0: { on: { EscalateTicket: whileWorking('L1', staffOrRules) } },
        L1: { on: { EscalateTicket: whileWorking('L2', staffOrRules) } },
        L2: { on: { EscalateTicket: whileWorking('L3', staffOrRules) } },
        L3: {},
      },
    },
  },
});
