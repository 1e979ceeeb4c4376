/**
 * The incident workflow, after ServiceNow's state model: New, In Progress, On Hold (with a reason), Resolved,
 * Closed, Canceled. An incident may be held again for another reason, the caller's answer ends a hold for the
 * caller, and a closed incident is never reopened. Leads and integrations may close one that was never
 * resolved, as ServiceNow's administrators do.
 */
import type { Role } from '../ticket/values.ts';
import { during, may, workflow } from './setup.ts';

const caller: readonly Role[] = ['requester', 'integration'];
const staff: readonly Role[] = ['agent', 'lead', 'system', 'integration'];
const closers: readonly Role[] = ['lead', 'integration'];
const leads: readonly Role[] = ['lead'];
const anyone: readonly Role[] = ['requester', 'agent', 'lead', 'system', 'integration'];

const alwaysWhileLive = (state: string) => ({
  ChangeFields: may(state, anyone),
  AddComment: may(state, anyone),
  LinkTicket: may(state, staff),
  RedactContent: may(state, leads),
});

const stillWhenFinal = (state: string) => ({
  ChangeFields: may(state, staff, 'onlyFinalFields'),
  LinkTicket: may(state, staff),
  RedactContent: may(state, leads),
});

const breach = (state: string) => ({ BreachSla: may(state, ['system', 'integration'], 'slaClockDue') });

/** A person who waits for the caller must say so; an integration repeats what was said elsewhere. */
const hold = [may('on_hold', ['integration', 'system']), may('on_hold', ['agent', 'lead'], 'callerToldWhy')];
const whileLive = during(['new', 'in_progress', 'on_hold', 'resolved']);

export const incidentMachine = workflow.createMachine({
  id: 'incident',
  version: '1',
  description: 'IT incidents: new, in progress, on hold, resolved, closed, canceled.',
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
            RecordRequesterReply: may('new', caller),
            StartWork: may('in_progress', staff),
            HoldTicket: hold,
            ResolveTicket: may('resolved', staff, 'childrenResolved'),
            CancelTicket: may('canceled', ['requester', ...staff]),
            CloseTicket: may('closed', closers),
          },
        },
        in_progress: {
          tags: ['open'],
          on: {
            ...alwaysWhileLive('in_progress'),
            ...breach('in_progress'),
            RecordRequesterReply: may('in_progress', caller),
            HoldTicket: hold,
            ResolveTicket: may('resolved', staff, 'childrenResolved'),
            CancelTicket: may('canceled', closers),
            CloseTicket: may('closed', closers),
          },
        },
        on_hold: {
          tags: ['hold'],
          on: {
            ...alwaysWhileLive('on_hold'),
            ...breach('on_hold'),
            RecordRequesterReply: [may('in_progress', caller, 'heldForCaller'), may('on_hold', caller)],
            HoldTicket: hold,
            ResumeTicket: may('in_progress', staff),
            ExpireHold: may('in_progress', ['system'], 'holdTimerCurrent'),
            ResolveTicket: may('resolved', staff, 'childrenResolved'),
            CancelTicket: may('canceled', closers),
            CloseTicket: may('closed', closers),
          },
        },
        resolved: {
          tags: ['resolved'],
          on: {
            ...alwaysWhileLive('resolved'),
            RecordRequesterReply: may('resolved', caller),
            ReopenTicket: may('in_progress', ['requester', ...staff]),
            ConfirmResolution: may('closed', caller),
            CloseTicket: may('closed', staff),
            RateTicket: may('resolved', caller),
          },
        },
        closed: {
          tags: ['closed'],
          on: { ...stillWhenFinal('closed'), RateTicket: may('closed', caller) },
        },
        canceled: { tags: ['cancelled'], on: stillWhenFinal('canceled') },
      },
    },
    assignment: {
      initial: 'unassigned',
      states: {
        unassigned: {
          on: {
            QueueTicket: whileLive('queued', staff),
            AssignTicket: whileLive('assigned', staff, 'agentEligible'),
          },
        },
        queued: {
          on: {
            QueueTicket: whileLive('queued', staff),
            AssignTicket: whileLive('assigned', staff, 'agentEligible'),
            UnassignTicket: whileLive('unassigned', staff),
          },
        },
        assigned: {
          on: {
            QueueTicket: whileLive('queued', staff),
            AssignTicket: whileLive('assigned', staff, 'agentEligible'),
            UnassignTicket: whileLive('unassigned', staff),
          },
        },
      },
    },
  },
});
