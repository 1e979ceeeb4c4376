/**
 * A ticket as its history tells it, one property at a time, by looking back through all of its events. Slow
 * and plain on purpose, and written without a look at `evolve`, with which it must agree.
 */
import type { NewEvent } from '../../domain/ticket/events.ts';
import type { Link, TicketState } from '../../domain/ticket/state.ts';
import type { Fields, FieldValue } from '../../domain/ticket/values.ts';

const lifecycle = (state: string | undefined) => state?.split('/')[0];

/** The value that the last event which says anything about it gives. */
function last<T>(
  history: readonly NewEvent[],
  says: (event: NewEvent, movedOn: boolean) => { is: T } | undefined,
): T | undefined {
  for (let at = history.length - 1; at >= 0; at -= 1) {
    const event = history[at];
    if (event === undefined) continue;
    const movedOn = at > 0 && lifecycle(history[at - 1]?.state) !== lifecycle(event.state);
    const said = says(event, movedOn);
    if (said !== undefined) return said.is;
  }
  return undefined;
}

const nobody = { is: undefined };

function assignee(history: readonly NewEvent[]): string | undefined {
  return last<string | undefined>(history, (event) => {
    if (event.type === 'TicketAssigned' || event.type === 'OfferAccepted') return { is: event.data.agent };
    const emptied = ['TicketQueued', 'TicketUnassigned', 'AgentRemoved', 'AgentWentOffline'];
    return emptied.includes(event.type) ? nobody : undefined;
  });
}

function group(history: readonly NewEvent[]): string | undefined {
  return last<string | undefined>(history, (event) => {
    if (event.type === 'TicketQueued') return { is: event.data.group };
    if (event.type === 'TicketUnassigned') return nobody;
    if (event.type !== 'TicketAssigned' || !('group' in event.data)) return undefined;
    return { is: event.data.group ?? undefined };
  });
}

function offer(history: readonly NewEvent[]): TicketState['offer'] {
  const ends = ['TicketAssigned', 'TicketQueued', 'OfferAccepted', 'OfferDeclined', 'OfferExpired'];
  ends.push('TicketUnassigned', 'AgentRemoved', 'AgentWentOffline');
  return last<TicketState['offer']>(history, (event) => {
    if (event.type === 'TicketOffered') {
      return { is: { agent: event.data.agent, expiresAt: event.data.expiresAt } };
    }
    return ends.includes(event.type) ? nobody : undefined;
  });
}

function hold(history: readonly NewEvent[]): TicketState['hold'] {
  return last<TicketState['hold']>(history, (event, movedOn) => {
    if (event.type === 'TicketHeld' || event.type === 'RequesterAwaited') {
      const { until, timerId } = event.data;
      return { is: { reason: event.type === 'TicketHeld' ? event.data.reason : 'caller', until, timerId } };
    }
    return movedOn ? nobody : undefined;
  });
}

function resolution(history: readonly NewEvent[]): { at: number; code: string | undefined } | undefined {
  return last<{ at: number; code: string | undefined } | undefined>(history, (event, movedOn) => {
    if (event.type === 'TicketResolved') return { is: { at: event.occurredAt, code: event.data.code } };
    if (event.type === 'TicketReopened') return nobody;
    return event.type === 'RequesterReplied' && movedOn ? nobody : undefined;
  });
}

function fields(history: readonly NewEvent[]): Fields {
  const now: Record<string, FieldValue> = {};
  const put = (changes: Readonly<Record<string, FieldValue | null>> | undefined) => {
    for (const [name, value] of Object.entries(changes ?? {})) {
      if (value === null) delete now[name];
      else now[name] = value;
    }
  };
  for (const event of history) {
    if (event.type === 'ContentRedacted')
      put(Object.fromEntries(event.data.fields.map((name) => [name, null])));
    else if ('fields' in event.data) put(event.data.fields);
  }
  return now;
}

function linkIn(event: NewEvent): Link[] {
  switch (event.type) {
    case 'TicketOpened': {
      const { followUpOf, splitFrom } = event.data;
      if (followUpOf !== undefined) return [{ ticket: followUpOf, relation: 'follow_up_of' }];
      return splitFrom === undefined ? [] : [{ ticket: splitFrom, relation: 'split_from' }];
    }
    case 'TicketAbsorbed':
      return [{ ticket: event.data.from, relation: 'merged' }];
    case 'FollowUpOpened':
      return [{ ticket: event.data.followUp, relation: 'follow_up' }];
    case 'TicketSplit':
      return [{ ticket: event.data.splitOff, relation: 'split_off' }];
    case 'TicketLinked':
      return [event.data];
    default:
      return [];
  }
}

/** Somebody of the staff, or who stands in for them, said something that the requester can see. */
function isAgentReply({ data, type, actor, onBehalfOf }: NewEvent): boolean {
  const said = type === 'CommentAdded' ? data : 'comment' in data ? data.comment : undefined;
  const visible = typeof said === 'object' && 'public' in said && said.public === true;
  const standsIn = !['requester', 'agent', 'lead'].includes(actor.role);
  return visible && ['agent', 'lead'].includes(((standsIn && onBehalfOf) || actor).role);
}

/** Undefined for a ticket without history. */
export function ticketOf(ticketId: string, history: readonly NewEvent[]): TicketState | undefined {
  const [first] = history;
  const newest = history.at(-1);
  if (first?.type !== 'TicketOpened' || newest === undefined) return undefined;
  const resolved = resolution(history);
  return {
    ticketId,
    workflow: newest.workflow,
    revision: history.length,
    state: newest.state,
    openedAt: first.occurredAt,
    openedBy: first.actor,
    requester: first.data.requester,
    assignee: assignee(history),
    group: group(history),
    offer: offer(history),
    hold: hold(history),
    resolvedAt: resolved?.at,
    resolutionCode: resolved?.code,
    mergedInto: last(history, (event) =>
      event.type === 'TicketMerged' ? { is: event.data.into } : undefined,
    ),
    links: history.flatMap(linkIn),
    fields: fields(history),
    replied: history.some(isAgentReply) || undefined,
    clocks: undefined,
  };
}
