/** What goes into a decision and what comes out of it, and the one place where events get their envelope. */
import type { TicketAppend } from '../ports.ts';
import type { SlaRules } from '../sla/policies.ts';
import type { Workflows } from '../workflow/registry.ts';
import type { StepRefusal, WorkflowState } from '../workflow/table.ts';
import type { Command } from './commands.ts';
import { eventSchemaVersion, type NewEvent, type TicketEvent } from './events.ts';
import { type Refused, type Rejection, reject } from './rejection.ts';
import type { TicketState } from './state.ts';
import type { EpochMs, TicketId } from './values.ts';

/**
 * A command that is ready to be decided: its ticket, its time and the ids of tickets it makes are settled.
 */
export type StampedCommand = Command & {
  readonly ticketId: TicketId;
  readonly occurredAt: EpochMs;
  readonly commandDigest?: string | undefined;
  /** For `OpenFollowUp` and `SplitTicket`: the id of the ticket that will be opened. */
  readonly newTicketId?: TicketId | undefined;
};
export type StampedOf<T extends Command['type']> = Extract<StampedCommand, { type: T }>;
export type StampedTransition = Exclude<StampedCommand, { type: 'OpenTicket' }>;

export interface Acceptance {
  readonly status: 'accepted';
  /** None where the command asks for what already is. */
  readonly events: readonly NewEvent[];
  /** Events of other tickets that must be committed together with these. */
  readonly also: readonly TicketAppend[];
  /** The configuration that the ticket is in then. */
  readonly at: WorkflowState;
}

export type Decision = Acceptance | Rejection;

/** What nearly every decision does to other tickets. */
export const nothingElse: readonly TicketAppend[] = Object.freeze([]);

export interface DecisionInput {
  readonly ticket: TicketState | undefined;
  /** The ticket's configuration, where the caller has it at hand. */
  readonly at?: WorkflowState | undefined;
  readonly command: StampedCommand;
  /** The tickets of `relatedTickets(command, ticket)`, as far as they exist. */
  readonly others: ReadonlyMap<TicketId, TicketState>;
  readonly workflows: Workflows;
  /** The workflow of a ticket that names none. */
  readonly defaultWorkflow: string;
  /** What tickets are promised; undefined where nobody keeps clocks. */
  readonly sla?: SlaRules | undefined;
}

export function refuse(
  input: DecisionInput,
  code: Refused['code'],
  message: string,
  ticket: TicketState | undefined = input.ticket,
): Rejection {
  const { type: tried, ticketId } = input.command;
  return reject({ code, message, tried, ticketId }, ticket, input.workflows);
}

/** The rejection for a transition that `ticket` can not make; for a merge that is the other ticket. */
export function refuseStep(input: DecisionInput, refusal: StepRefusal, ticket: TicketState): Rejection {
  const { type: tried, ticketId, actor } = input.command;
  const where = `ticket ${ticket.ticketId}, which is ${ticket.state} under ${ticket.workflow}`;
  const base = { code: refusal.code, tried, ticketId };
  switch (refusal.code) {
    case 'illegal_transition': {
      const message =
        refusal.targets === undefined
          ? `${tried} is not legal for ${where}`
          : `${tried} to ${askedState(input.command)} is not legal for ${where}; it leads to ${refusal.targets.join(', ')}`;
      return reject({ ...base, message }, ticket, input.workflows);
    }
    case 'role_not_permitted': {
      const message = `${tried} is for ${refusal.by.join(', ')}, not for ${actor.role} ${actor.id}, on ${where}`;
      return reject({ ...base, message }, ticket, input.workflows);
    }
    case 'condition_unmet': {
      const message = `${tried} is refused for ${where}: ${refusal.explanation}`;
      return reject({ ...base, message, guard: refusal.guard }, ticket, input.workflows);
    }
    default:
      return refusal;
  }
}

function askedState(command: StampedCommand): string {
  return command.type === 'MoveTicket' ? command.data.to : 'another state';
}

/** An event in its envelope. All keys are always there, so that engines see one shape of object. */
export function record(
  command: Pick<
    StampedCommand,
    | 'occurredAt'
    | 'actor'
    | 'onBehalfOf'
    | 'commandId'
    | 'commandDigest'
    | 'correlationId'
    | 'causationId'
    | 'source'
  >,
  workflow: string,
  state: string,
  event: TicketEvent,
): NewEvent {
  // Written out, and so cast: spreading the event costs more than all the rest of a decision.
  return {
    type: event.type,
    data: event.data,
    schemaVersion: eventSchemaVersion,
    workflow,
    state,
    occurredAt: command.occurredAt,
    actor: command.actor,
    onBehalfOf: command.onBehalfOf,
    commandId: command.commandId,
    commandDigest: command.commandDigest,
    correlationId: command.correlationId,
    causationId: command.causationId,
    source: command.source,
  } as NewEvent;
}
