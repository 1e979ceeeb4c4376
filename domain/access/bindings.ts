/**
 * What conditions and scripts of access rules see. docs/access.md lists every member; what there is none of
 * is null, so that an expression may compare it, and a field that is not set is not there.
 */
import type { Bindings, ExpressionValue } from '../expressions.ts';
import type { CommandType } from '../ticket/commands.ts';
import type { TicketState } from '../ticket/state.ts';
import type { Actor } from '../ticket/values.ts';
import type { Workflows } from '../workflow/registry.ts';
import type { Principal } from './principal.ts';

/** As much of a command as rules may look at. */
export interface AskedCommand {
  readonly type: CommandType;
  readonly data: object;
  readonly actor: Actor;
  readonly onBehalfOf?: Actor | undefined;
}

/** What a gate is asked about. */
export interface Subject {
  /** The name of the workflow, which is the table. */
  readonly workflow: string;
  /** Undefined for a ticket that is being opened. */
  readonly ticket: TicketState | undefined;
  /** The id of the ticket, also of one that is not open yet. */
  readonly ticketId: string;
  /** Undefined where the ticket is only looked at. */
  readonly command: AskedCommand | undefined;
}

/** `name` of `name@version`. */
export function workflowName(reference: string): string {
  const at = reference.indexOf('@');
  return at === -1 ? reference : reference.slice(0, at);
}

/** Who asks. `roles` are all roles that the principal has, those that others contain among them. */
export function userBinding(principal: Principal, roles: ReadonlySet<string>): ExpressionValue {
  const { id, actor, groups } = principal;
  return { id: actor.id, role: actor.role, roles: [...roles], groups, principal: id };
}

/**
 * One question and what expressions see of it: made when the first expression asks, because most questions
 * are answered without any.
 */
export class Question {
  readonly subject: Subject;
  readonly #user: ExpressionValue;
  readonly #workflows: Workflows;
  #before: Plain | undefined;
  #ofScripts: Bindings | undefined;

  constructor(subject: Subject, user: ExpressionValue, workflows: Workflows) {
    this.subject = subject;
    this.#user = user;
    this.#workflows = workflows;
  }

  /** The same ticket, only looked at: whether it may be read does not hang on what is to be done to it. */
  ofReading(): Question {
    const reading = new Question({ ...this.subject, command: undefined }, this.#user, this.#workflows);
    this.#before ??= ticketBinding(this.subject, this.#workflows);
    reading.#before = this.#before;
    return reading;
  }

  ofConditions(): Bindings {
    this.#before ??= ticketBinding(this.subject, this.#workflows);
    return { user: this.#user, ticket: this.#before };
  }

  ofScripts(): Bindings {
    if (this.#ofScripts !== undefined) return this.#ofScripts;
    this.#before ??= ticketBinding(this.subject, this.#workflows);
    const { command } = this.subject;
    const after =
      command === undefined ? this.#before : { ...this.#before, ...changesBy(this.subject, command) };
    this.#ofScripts = {
      user: this.#user,
      before: this.#before,
      after,
      command: command === undefined ? null : commandBinding(command),
    };
    return this.#ofScripts;
  }
}

function ticketBinding({ ticket, ticketId, workflow }: Subject, workflows: Workflows): Plain {
  const at = ticket === undefined ? undefined : workflows.stateOf(ticket);
  return {
    ticketId,
    workflow,
    revision: ticket?.revision ?? 0,
    state: ticket?.state ?? '',
    lifecycle: at?.lifecycle ?? '',
    category: at?.category ?? '',
    final: at?.final ?? false,
    openedAt: ticket?.openedAt ?? null,
    openedBy: ticket?.openedBy.id ?? null,
    requester: ticket?.requester ?? null,
    assignee: ticket?.assignee ?? null,
    group: ticket?.group ?? null,
    offeredTo: ticket?.offer?.agent ?? null,
    hold: ticket?.hold?.reason ?? null,
    resolvedAt: ticket?.resolvedAt ?? null,
    resolutionCode: ticket?.resolutionCode ?? null,
    mergedInto: ticket?.mergedInto ?? null,
    fields: ticket?.fields ?? {},
  };
}

type Plain = Record<string, ExpressionValue>;

/**
 * What the command asks to be different afterwards: fields, requester, group and assignee. The state after it
 * is the workflow's to say, and is not known yet.
 */
function changesBy({ ticket }: Subject, command: AskedCommand): Plain {
  const data = plainObject(command.data);
  const { agent = null, group = null, requester = null } = data;
  const fields = fieldsAfter({ ...ticket?.fields }, data.fields);
  // A command that brings no data, as it is asked about for what is legal, sets nothing.
  const assigned = data.agent === undefined ? {} : { assignee: agent };
  const grouped = data.group === undefined ? {} : { group };
  switch (command.type) {
    case 'OpenTicket':
      return { fields, openedBy: command.actor.id, requester, group, assignee: agent };
    case 'AssignTicket':
      return { fields, ...assigned, ...grouped };
    case 'AcceptOffer':
      return { fields, ...assigned };
    case 'QueueTicket':
      return { fields, ...grouped, assignee: null };
    case 'UnassignTicket':
      return { fields, group: null, assignee: null };
    case 'RemoveAgent':
    case 'MarkAgentOffline':
      return { fields, assignee: null };
    case 'OpenFollowUp':
    case 'SplitTicket':
      // The fields are those of the ticket that is opened beside it.
      return {};
    default:
      return { fields };
  }
}

/** A value sets a field and null clears it; a list of names, as redaction brings it, clears those. */
function fieldsAfter(fields: Plain, changes: ExpressionValue | undefined): Plain {
  if (isList(changes)) {
    for (const name of changes) if (typeof name === 'string') delete fields[name];
    return fields;
  }
  for (const [name, value] of Object.entries(plainObject(changes))) {
    if (value === null) delete fields[name];
    else fields[name] = value;
  }
  return fields;
}

function isList(value: ExpressionValue | undefined): value is readonly ExpressionValue[] {
  return Array.isArray(value);
}

function commandBinding({ type, data, actor, onBehalfOf }: AskedCommand): ExpressionValue {
  return {
    type,
    data: plainObject(data),
    actor: { ...actor },
    onBehalfOf: onBehalfOf ? { ...onBehalfOf } : null,
  };
}

/** The same data without members that have no value. */
function plain(value: unknown): ExpressionValue {
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
      return value;
    default:
  }
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null ? plainObject(value) : null;
}

function plainObject(value: unknown): Plain {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, plain(member)]));
}
