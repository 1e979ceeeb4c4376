/**
 * Rejections without what their reader may not see. What the workflow says of a refused command speaks of the
 * ticket's state, and of whatever its guard looked at; where that is hidden, so are the words.
 */
import type { Rejection } from '../ticket/rejection.ts';
import { type GuardName, isGuardName } from '../workflow/guards.ts';
import type { TicketAttribute, TicketView } from './guard.ts';

/** What each guard's explanation tells of the ticket, beside what the command itself brought. */
const toldBy: Readonly<Record<GuardName, TicketAttribute | undefined>> = {
  assigneeSet: 'assignee',
  agentEligible: undefined,
  groupKnown: 'group',
  offeredToAgent: 'assignee',
  offerOpen: 'assignee',
  offerExpired: 'assignee',
  publicCommentGiven: undefined,
  callerToldWhy: undefined,
  heldForCaller: 'state',
  holdTimerCurrent: 'state',
  resolutionGiven: undefined,
  childrenResolved: 'links',
  insideReopenWindow: 'resolution',
  autoCloseDue: 'resolution',
  mergeTargetOpen: undefined,
  slaClockDue: 'sla',
  onlyFinalFields: undefined,
};

/** `view` is undefined where the ticket may not be read, or there is none. */
export function concealed(rejection: Rejection, view: TicketView | undefined): Rejection {
  if (view?.complete === true) return rejection;
  const isShown = view?.shows('state') === true;
  const isTold = isShown && tellsShownOnly(rejection, view);
  return {
    ...rejection,
    message: isTold ? rejection.message : withoutWords(rejection),
    state: isShown ? rejection.state : undefined,
    revision: view === undefined ? undefined : rejection.revision,
    guard: isTold ? rejection.guard : undefined,
    legal: isShown ? rejection.legal : [],
  };
}

function tellsShownOnly({ code, guard }: Rejection, view: TicketView): boolean {
  if (code !== 'condition_unmet') return true;
  // Without a guard it is the number of links that is too high.
  const told = guard === undefined ? 'links' : isGuardName(guard) ? toldBy[guard] : 'state';
  return told === undefined || view.shows(told);
}

function withoutWords({ code, message, tried, ticketId }: Rejection): string {
  switch (code) {
    case 'illegal_transition':
    case 'role_not_permitted':
    case 'condition_unmet':
      return `${tried} is not possible for ticket ${ticketId} as it is now`;
    default:
      return message;
  }
}
