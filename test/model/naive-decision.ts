/**
 * What a command ought to do to naive tickets: refused, or the events it makes. Legality comes from the
 * XState machines (rules.ts); everything else is told here in the plainest way, without the decider.
 */
import type { Command } from '../../domain/ticket/commands.ts';
import type { NewEvent, TicketEvent } from '../../domain/ticket/events.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { Actor } from '../../domain/ticket/values.ts';
import type { TransitionRequest } from '../../domain/workflow/transition.ts';
import { ticketOf } from './naive-ticket.ts';
import { initialState, related, stateAfter, workflowNamed } from './rules.ts';

export interface Part {
  readonly ticketId: string;
  readonly events: readonly NewEvent[];
}

export type Verdict =
  /** Refused with one of these codes; the answer tells how the ticket `told` stands. */
  | { readonly refused: readonly string[]; readonly told: TicketState | undefined }
  /** Accepted: the parts of one write, the command's own ticket first; none where nothing changes. */
  | { readonly parts: readonly Part[] };

/** The ids that a command names, or that the engine chose for it. */
export interface Ids {
  readonly ticketId: string | undefined;
  readonly newTicketId: string | undefined;
}

type Find = (ticketId: string) => TicketState | undefined;
type Transition = Exclude<Command, { type: 'OpenTicket' }>;

const transitionRefusals = ['illegal_transition', 'role_not_permitted', 'condition_unmet'];

function refused(told: TicketState | undefined, ...codes: readonly string[]): Verdict {
  return { refused: codes, told };
}

export function judge(command: Command, ids: Ids, now: number, find: Find): Verdict {
  const { ticketId } = ids;
  if (ticketId === undefined) return refused(undefined, 'invalid_command');
  const ticket = find(ticketId);
  if (command.type !== 'OpenTicket' && ticket === undefined) return refused(undefined, 'ticket_not_found');
  const revision = ticket?.revision ?? 0;
  if (command.expectedRevision !== undefined && command.expectedRevision !== revision) {
    return refused(ticket, 'revision_conflict');
  }
  const at = command.occurredAt ?? now;
  if (command.type === 'OpenTicket') return judgeOpening(command, ticketId, at, ticket);
  return ticket === undefined
    ? refused(undefined, 'ticket_not_found')
    : judgeTransition(command, ticket, ids.newTicketId, at, find);
}

function judgeOpening(
  command: Extract<Command, { type: 'OpenTicket' }>,
  ticketId: string,
  at: number,
  ticket: TicketState | undefined,
): Verdict {
  if (ticket !== undefined) return refused(ticket, 'ticket_exists');
  const workflow = workflowNamed(command.workflow ?? 'support');
  if (workflow === undefined) return refused(undefined, 'workflow_unknown');
  const { requester, fields, group, agent } = command.data;
  const events = [
    event(command, at, workflow, initialState(workflow), {
      type: 'TicketOpened',
      data: { ...(requester && { requester }), ...(fields && { fields }) },
    }),
  ];
  // A requester may not place a ticket; the desk does it for them.
  const desk: Actor = { id: 'docket', role: 'system' };
  const byDesk = { actor: desk, onBehalfOf: command.actor };
  const by = command.actor.role === 'requester' ? { ...command, ...byDesk } : command;
  const place = (request: TransitionRequest, placed: TicketEvent) => {
    const opened = ticketOf(ticketId, events);
    const state = opened === undefined ? undefined : stateAfter(opened, request);
    if (state === undefined)
      throw new Error(`the model can not place a new ticket: ${JSON.stringify(request)}`);
    events.push(event(by, at, workflow, state, placed));
  };
  const who = { actor: by.actor, onBehalfOf: by.onBehalfOf, occurredAt: at };
  if (group !== undefined) {
    const data = { group };
    place({ type: 'QueueTicket', data, ...who }, { type: 'TicketQueued', data });
  }
  if (agent !== undefined) {
    const data = { agent };
    place({ type: 'AssignTicket', data, ...who }, { type: 'TicketAssigned', data });
  }
  return { parts: [{ ticketId, events }] };
}

function judgeTransition(
  command: Transition,
  ticket: TicketState,
  newTicketId: string | undefined,
  at: number,
  find: Find,
): Verdict {
  const { actor, onBehalfOf } = command;
  const request = { type: command.type, data: command.data, actor, onBehalfOf, occurredAt: at };
  const names = ticket.links.filter(({ relation }) => relation === 'child').map((link) => link.ticket);
  if (command.type === 'MergeTicket') names.push(command.data.into);
  const others = new Map(
    names.flatMap((name) => {
      const other = find(name);
      return other === undefined ? [] : [[name, related(other)] as const];
    }),
  );
  const state = stateAfter(ticket, request as TransitionRequest, others);
  if (state === undefined) return refused(ticket, ...transitionRefusals);
  const parts: Part[] = [];
  if (command.type === 'MergeTicket') {
    const target = find(command.data.into);
    if (target === undefined) return refused(ticket, 'ticket_not_found');
    const data = { from: ticket.ticketId };
    const absorb = stateAfter(target, { type: 'AbsorbTicket', data, actor, onBehalfOf, occurredAt: at });
    if (absorb === undefined) return refused(target, ...transitionRefusals);
    const absorbed = event(command, at, target.workflow, absorb, { type: 'TicketAbsorbed', data });
    parts.push({ ticketId: target.ticketId, events: [absorbed] });
  }
  if (command.type === 'LinkTicket' && find(command.data.ticket) === undefined) {
    return refused(ticket, 'ticket_not_found');
  }
  if (command.type === 'OpenFollowUp' || command.type === 'SplitTicket') {
    if (newTicketId === undefined) throw new Error('the model was not told the id of the new ticket');
    if (find(newTicketId) !== undefined) return refused(ticket, 'ticket_exists');
    parts.push({ ticketId: newTicketId, events: [openedFrom(command, ticket, at)] });
  }
  const own = whatHappens(command, ticket, newTicketId);
  if (own === undefined) return { parts: [] };
  const events = [event(command, at, ticket.workflow, state, own)];
  return { parts: [{ ticketId: ticket.ticketId, events }, ...parts] };
}

function openedFrom(
  command: Extract<Command, { type: 'OpenFollowUp' | 'SplitTicket' }>,
  ticket: TicketState,
  at: number,
): NewEvent {
  const { fields } = command.data;
  const { requester } = ticket;
  const origin =
    command.type === 'OpenFollowUp' ? { followUpOf: ticket.ticketId } : { splitFrom: ticket.ticketId };
  const data = { ...origin, ...(requester && { requester }), ...(fields && { fields }) };
  return event(command, at, ticket.workflow, initialState(ticket.workflow), { type: 'TicketOpened', data });
}

/** The names of the events of commands that always happen. */
const pastTense: Readonly<Record<string, string>> = {
  StartWork: 'WorkStarted',
  OfferTicket: 'TicketOffered',
  AcceptOffer: 'OfferAccepted',
  DeclineOffer: 'OfferDeclined',
  ExpireOffer: 'OfferExpired',
  UnassignTicket: 'TicketUnassigned',
  RemoveAgent: 'AgentRemoved',
  MarkAgentOffline: 'AgentWentOffline',
  RecordRequesterReply: 'RequesterReplied',
  AwaitRequester: 'RequesterAwaited',
  ExpireHold: 'HoldExpired',
  ResumeTicket: 'TicketResumed',
  ConfirmResolution: 'ResolutionConfirmed',
  ReopenTicket: 'TicketReopened',
  CancelTicket: 'TicketCancelled',
  MergeTicket: 'TicketMerged',
  AddComment: 'CommentAdded',
  RedactContent: 'ContentRedacted',
  EscalateTicket: 'TicketEscalated',
  RateTicket: 'TicketRated',
  BreachSla: 'SlaBreached',
  ResolveTicket: 'TicketResolved',
  CloseTicket: 'TicketClosed',
  MoveTicket: 'TicketMoved',
};

/** Type and data of the command's event on its own ticket; undefined where all is as it asks already. */
function whatHappens(
  command: Transition,
  ticket: TicketState,
  newTicketId: string | undefined,
): TicketEvent | undefined {
  const { type, data } = command;
  switch (type) {
    case 'AssignTicket': {
      const { group, ...rest } = data;
      const staysInGroup = group === undefined || group === (ticket.group ?? null);
      if (data.agent === ticket.assignee && staysInGroup) return undefined;
      return { type: 'TicketAssigned', data: staysInGroup ? rest : data };
    }
    case 'QueueTicket': {
      const waits = ticket.assignee === undefined && ticket.offer === undefined;
      return waits && ticket.group === data.group ? undefined : { type: 'TicketQueued', data };
    }
    case 'HoldTicket': {
      const { comment, ...terms } = data;
      const held = JSON.stringify([ticket.hold?.reason, ticket.hold?.until, ticket.hold?.timerId]);
      const same = held === JSON.stringify([terms.reason, terms.until, terms.timerId]);
      return same && comment === undefined ? undefined : { type: 'TicketHeld', data };
    }
    case 'ResolveTicket':
    case 'CloseTicket':
    case 'MoveTicket': {
      const cut = data.fields === undefined ? data : { ...data, fields: news(ticket, data.fields) };
      return { type: pastTense[type], data: cut } as TicketEvent;
    }
    case 'ChangeFields': {
      const fields = news(ticket, data.fields);
      return Object.keys(fields).length === 0 ? undefined : { type: 'FieldsChanged', data: { fields } };
    }
    case 'LinkTicket': {
      const known = ticket.links.some(
        (link) => link.ticket === data.ticket && link.relation === data.relation,
      );
      return known ? undefined : { type: 'TicketLinked', data };
    }
    case 'OpenFollowUp':
      return { type: 'FollowUpOpened', data: { followUp: newTicketId ?? '' } };
    case 'SplitTicket':
      return { type: 'TicketSplit', data: { splitOff: newTicketId ?? '' } };
    default:
      return { type: pastTense[type], data } as TicketEvent;
  }
}

/** Those of the changes that say something new. */
function news<T extends object>(ticket: TicketState, changes: T): T {
  const fresh = Object.entries(changes).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(ticket.fields[name] ?? null),
  );
  return Object.fromEntries(fresh) as T;
}

/** An event as it must be stored, but for its digest: absent parts absent, as JSON has it. */
function event(command: Command, at: number, workflow: string, state: string, what: TicketEvent): NewEvent {
  const { actor, onBehalfOf, commandId, correlationId, causationId, source } = command;
  const envelope = { actor, onBehalfOf, commandId, correlationId, causationId, source };
  const whole = { ...what, schemaVersion: 1, workflow, state, occurredAt: at, ...envelope };
  return JSON.parse(JSON.stringify(whole)) as NewEvent;
}
