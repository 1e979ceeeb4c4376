/**
 * The guard of one principal. It asks for the present policy with every question, so that a change of the
 * rules, or of the credential, holds for everything that is decided after it; nothing is remembered of a
 * ticket.
 */
import type { ExpressionValue } from '../expressions.ts';
import type { CommandType } from '../ticket/commands.ts';
import type { StampedCommand } from '../ticket/decision.ts';
import type { RecordedEvent } from '../ticket/events.ts';
import type { Rejection } from '../ticket/rejection.ts';
import type { TicketState } from '../ticket/state.ts';
import type { TicketId } from '../ticket/values.ts';
import type { Workflows } from '../workflow/registry.ts';
import { type AskedCommand, Question, userBinding, workflowName } from './bindings.ts';
import { concealed } from './conceal.ts';
import type { Gates } from './decide-access.ts';
import type { Gate } from './gate.ts';
import type { Guard, TicketView } from './guard.ts';
import { operationOf } from './operations.ts';
import type { Principal } from './principal.ts';
import { redactEvent } from './redact.ts';
import { touchedParts } from './touched-parts.ts';
import { completeView } from './unrestricted.ts';

/** Where guards get the policy of the moment from. */
export interface PresentPolicy {
  readonly version: number;
  readonly workflows: Workflows;
  readonly defaultWorkflow: string;
  /** The gates for what these roles contain, under the present version. */
  gatesFor(roles: readonly string[]): Gates;
}

export class PrincipalGuard implements Guard {
  readonly principal: Principal;
  readonly #present: PresentPolicy;
  #gates: Gates | undefined;
  #version = 0;
  #user: ExpressionValue = null;

  constructor(principal: Principal, present: PresentPolicy) {
    this.principal = principal;
    this.#present = present;
  }

  get policyVersion(): number {
    return this.#present.version;
  }

  get readsAll(): boolean {
    return this.#now().readsAll();
  }

  view(ticket: TicketState): TicketView | undefined {
    const gates = this.#now();
    const workflow = workflowName(ticket.workflow);
    const table = gates.table(workflow, 'read');
    if (table.verdict === 'open' && gates.showsAll(workflow)) return completeView;
    const question = this.#ask(ticket, undefined);
    if (table.refusal(question) !== undefined) return undefined;
    return gates.showsAll(workflow) ? completeView : new PartialView(gates, question);
  }

  redact(event: RecordedEvent, view: TicketView): RecordedEvent {
    return redactEvent(event, view);
  }

  may(commandType: CommandType, ticket: TicketState): boolean {
    if (!this.principal.isActive()) return false;
    const gates = this.#now();
    const workflow = workflowName(ticket.workflow);
    const operation = operationOf(commandType);
    const read = gates.table(workflow, 'read');
    const gate = gates.table(workflow, operation);
    if (read.verdict === 'closed' || gate.verdict === 'closed') return false;
    if (read.verdict === 'open' && gate.verdict === 'open') return true;
    const question = this.#ask(ticket, { type: commandType, data: {}, actor: this.principal.actor });
    return isReadable(gates, question) && isOpen(gate, question);
  }

  mayEverShow(field: string): boolean {
    return this.#now().mayEverShow(field);
  }

  refuse(
    command: StampedCommand,
    ticket: TicketState | undefined,
    others: ReadonlyMap<TicketId, TicketState>,
  ): Rejection | undefined {
    if (!this.principal.isActive())
      return this.#denied(command, undefined, 'the credential does not hold any more');
    const gates = this.#now();
    if (command.type === 'OpenTicket') {
      return this.#refuseParts(gates, command, ticket, this.#askToOpen(command));
    }
    // The engine says of a ticket that does not exist what is said here of one that may not be read.
    if (ticket === undefined) return undefined;
    const question = this.#ask(ticket, command);
    if (!isReadable(gates, question)) {
      return notFound(command, `there is no ticket ${command.ticketId}`);
    }
    return (
      this.#refuseParts(gates, command, ticket, question) ?? this.#refuseOther(gates, command, ticket, others)
    );
  }

  conceal(rejection: Rejection, ticket: TicketState | undefined): Rejection {
    return concealed(rejection, ticket === undefined ? undefined : this.view(ticket));
  }

  reads(ticket: TicketState): boolean {
    return this.view(ticket) !== undefined;
  }

  get asker(): string {
    return this.principal.id;
  }

  tellsState(ticket: TicketState): boolean {
    return this.view(ticket)?.shows('state') === true;
  }

  /** The gate of the command's operation, and those of the fields that it touches. */
  #refuseParts(
    gates: Gates,
    command: StampedCommand,
    ticket: TicketState | undefined,
    question: Question,
  ): Rejection | undefined {
    const { workflow } = question.subject;
    const reason = gates.table(workflow, operationOf(command.type)).refusal(question);
    if (reason !== undefined) return this.#denied(command, ticket, reason);
    const operation = command.type === 'OpenTicket' ? 'create' : 'write';
    for (const part of touchedParts(command)) {
      const refusal = gates.field(workflow, part, operation).refusal(question);
      if (refusal !== undefined) return this.#denied(command, ticket, `${part}: ${refusal}`);
    }
    return undefined;
  }

  /**
   * A ticket that a command names beside its own must be readable; and for merging, which changes it and says
   * what state it is in, the command must be allowed there too. One that does not exist gets the same answer
   * as one that may not be read, at the same point: before the workflow is asked.
   */
  #refuseOther(
    gates: Gates,
    command: StampedCommand,
    ticket: TicketState,
    others: ReadonlyMap<TicketId, TicketState>,
  ): Rejection | undefined {
    if (command.type !== 'MergeTicket' && command.type !== 'LinkTicket') return undefined;
    const [member, id] =
      command.type === 'MergeTicket' ? ['into', command.data.into] : ['ticket', command.data.ticket];
    const other = others.get(id) ?? (id === ticket.ticketId ? ticket : undefined);
    const view = other === undefined ? undefined : this.view(other);
    if (other === undefined || view === undefined) {
      return notFound(command, `data.${member}: there is no ticket ${id}`);
    }
    if (command.type === 'LinkTicket') return undefined;
    const question = this.#ask(other, command);
    const reason = gates.table(question.subject.workflow, 'MergeTicket').refusal(question);
    if (reason !== undefined) return this.#denied(command, ticket, `data.into: ${reason}`);
    return view.shows('state')
      ? undefined
      : this.#denied(command, ticket, 'data.into: its state is not shown');
  }

  #denied(command: StampedCommand, ticket: TicketState | undefined, reason: string): Rejection {
    const { id } = this.principal;
    const view = ticket === undefined ? undefined : this.view(ticket);
    const rejection: Rejection = {
      status: 'rejected',
      code: 'access_denied',
      message: `${command.type} is not for ${id} under version ${this.policyVersion} of the rules: ${reason}`,
      ticketId: command.ticketId,
      tried: command.type,
      state: ticket?.state,
      revision: ticket?.revision,
      guard: undefined,
      legal: [],
    };
    return concealed(rejection, view);
  }

  #ask(ticket: TicketState, command: AskedCommand | undefined): Question {
    const { ticketId } = ticket;
    const workflow = workflowName(ticket.workflow);
    return new Question({ workflow, ticket, ticketId, command }, this.#user, this.#present.workflows);
  }

  #askToOpen(command: StampedCommand): Question {
    const { workflows, defaultWorkflow } = this.#present;
    const reference = command.workflow ?? defaultWorkflow;
    const workflow = workflows.find(reference)?.name ?? workflowName(reference);
    const { ticketId } = command;
    return new Question({ workflow, ticket: undefined, ticketId, command }, this.#user, workflows);
  }

  /** The gates under the present policy; made anew where it is another one than at the last question. */
  #now(): Gates {
    const { version } = this.#present;
    if (this.#gates !== undefined && this.#version === version) return this.#gates;
    const gates = this.#present.gatesFor(this.principal.roles);
    this.#gates = gates;
    this.#version = version;
    this.#user = userBinding(this.principal, gates.roles);
    return gates;
  }
}

/** What is shown of a ticket of which not everything is; each gate is asked once. */
class PartialView implements TicketView {
  readonly complete = false;
  readonly #gates: Gates;
  readonly #question: Question;
  readonly #known = new Map<Gate, boolean>();

  constructor(gates: Gates, question: Question) {
    this.#gates = gates;
    this.#question = question;
  }

  shows(field: string): boolean {
    const gate = this.#gates.field(this.#question.subject.workflow, field, 'read');
    if (gate.verdict !== 'depends') return gate.verdict === 'open';
    const known = this.#known.get(gate);
    if (known !== undefined) return known;
    const shown = isOpen(gate, this.#question);
    this.#known.set(gate, shown);
    return shown;
  }
}

/** Whether the ticket may be read, whatever the question is: as it is, and with no command to look at. */
function isReadable(gates: Gates, question: Question): boolean {
  const gate = gates.table(question.subject.workflow, 'read');
  if (gate.verdict !== 'depends') return gate.verdict === 'open';
  return gate.refusal(question.ofReading()) === undefined;
}

function isOpen(gate: Gate, question: Question): boolean {
  return gate.verdict === 'open' || gate.refusal(question) === undefined;
}

/** The very words that the engine has for a ticket that does not exist. */
function notFound({ type, ticketId }: StampedCommand, message: string): Rejection {
  return {
    status: 'rejected',
    code: 'ticket_not_found',
    message,
    ticketId,
    tried: type,
    state: undefined,
    revision: undefined,
    guard: undefined,
    legal: [],
  };
}
