/**
 * docs/access.md once more, in the plainest way there is: every question goes through all rules from the
 * start, nothing is compiled, remembered or looked up, and expressions are told by predicates that somebody
 * wrote beside their texts. It was written from the page alone and shares no code with the guard, so that a
 * mistake is not in both.
 *
 * It must never be made faster or cleverer: that is what the guard is for.
 */
import type { AccessPolicy, AccessRule } from '../../domain/access/policy.ts';
import type { Principal } from '../../domain/access/principal.ts';
import type { StampedCommand } from '../../domain/ticket/decision.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { FieldChanges, FieldValue, TicketId } from '../../domain/ticket/values.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';

/** What expressions see of who asks. */
export interface SeenUser {
  readonly id: string;
  readonly role: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly principal: string;
}

/** What expressions see of a ticket; before it is opened nearly nothing. */
export interface SeenTicket {
  readonly ticketId: string;
  readonly workflow: string;
  readonly revision: number;
  readonly state: string;
  readonly lifecycle: string;
  readonly category: string;
  readonly final: boolean;
  readonly openedAt: number | null;
  readonly openedBy: string | null;
  readonly requester: string | null;
  readonly assignee: string | null;
  readonly group: string | null;
  readonly offeredTo: string | null;
  readonly hold: string | null;
  readonly resolvedAt: number | null;
  readonly resolutionCode: string | null;
  readonly mergedInto: string | null;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

export interface SeenCommand {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly actor: { readonly id: string; readonly role: string };
  readonly onBehalfOf: { readonly id: string; readonly role: string } | null;
}

/** Everything that any expression may look at; a condition's `ticket` is `before`. */
export interface Seen {
  readonly user: SeenUser;
  readonly before: SeenTicket;
  readonly after: SeenTicket;
  readonly command: SeenCommand | null;
}

/** What an expression comes to; `undefined` where it can not be evaluated. */
export type Predicate = (seen: Seen) => unknown;

/** The code of the answer of no; `undefined` where the workflow has the word. */
export type NaiveAnswer = 'access_denied' | 'ticket_not_found' | undefined;

type Given = Pick<StampedCommand, 'type' | 'actor' | 'onBehalfOf'> & {
  readonly data: Readonly<Record<string, unknown>>;
};

export class NaiveAccess {
  readonly #policy: AccessPolicy;
  readonly #predicates: ReadonlyMap<string, Predicate>;
  readonly #workflows: Workflows;
  readonly #defaultWorkflow: string;

  /** `predicates` has one for the text of each expression in the policy. */
  constructor(
    policy: AccessPolicy,
    predicates: ReadonlyMap<string, Predicate>,
    workflows: Workflows,
    defaultWorkflow: string,
  ) {
    this.#policy = policy;
    this.#predicates = predicates;
    this.#workflows = workflows;
    this.#defaultWorkflow = defaultWorkflow;
  }

  /** "read a ticket". */
  reads(principal: Principal, ticket: TicketState): boolean {
    return this.#open(principal, 'read', undefined, this.#ofRead(principal, ticket), nameOf(ticket));
  }

  /** "see a field or attribute `f` of it". */
  sees(principal: Principal, ticket: TicketState, field: string): boolean {
    const seen = this.#ofRead(principal, ticket);
    return this.reads(principal, ticket) && this.#open(principal, 'read', field, seen, nameOf(ticket));
  }

  /** What a ticket's `legal` says of a command as `allowed`. */
  may(principal: Principal, type: StampedCommand['type'], ticket: TicketState): boolean {
    const before = this.#ticketSeen(ticket);
    const command = { type, data: {}, actor: principal.actor, onBehalfOf: undefined };
    const seen = this.#seen(principal, before, afterOf(before, command), command);
    const operation = type === 'ChangeFields' ? 'write' : type;
    return this.reads(principal, ticket) && this.#open(principal, operation, undefined, seen, nameOf(ticket));
  }

  /** What the guard is to say of a command. */
  answer(
    principal: Principal,
    command: StampedCommand,
    ticket: TicketState | undefined,
    others: ReadonlyMap<TicketId, TicketState>,
  ): NaiveAnswer {
    if (!principal.isActive()) return 'access_denied';
    if (command.type === 'OpenTicket') return this.#answerToOpening(principal, command);
    if (ticket === undefined || !this.reads(principal, ticket)) return 'ticket_not_found';
    const before = this.#ticketSeen(ticket);
    const seen = this.#seen(principal, before, afterOf(before, command), command);
    const operation = command.type === 'ChangeFields' ? 'write' : command.type;
    if (!this.#open(principal, operation, undefined, seen, nameOf(ticket))) return 'access_denied';
    for (const field of fieldsNamed(command)) {
      if (!this.#open(principal, 'write', field, seen, nameOf(ticket))) return 'access_denied';
    }
    return this.#answerForOther(principal, command, others);
  }

  #answerToOpening(principal: Principal, command: StampedCommand): NaiveAnswer {
    if (command.type !== 'OpenTicket') return undefined;
    const { requester, fields, group, agent } = command.data;
    const reference = command.workflow ?? this.#defaultWorkflow;
    const workflow = reference.split('@')[0] ?? '';
    const before = { ...notThere, ticketId: command.ticketId, workflow };
    const after = {
      ...before,
      requester: requester ?? null,
      group: group ?? null,
      assignee: agent ?? null,
      openedBy: command.actor.id,
      fields: fields ?? {},
    };
    const seen = this.#seen(principal, before, after, command);
    const asked: (string | undefined)[] = [undefined, ...Object.keys(fields ?? {})];
    if (requester !== undefined) asked.push('requester');
    if (group !== undefined) asked.push('group');
    if (agent !== undefined) asked.push('assignee');
    for (const field of asked) {
      if (!this.#open(principal, 'create', field, seen, workflow)) return 'access_denied';
    }
    return undefined;
  }

  #answerForOther(
    principal: Principal,
    command: StampedCommand,
    others: ReadonlyMap<TicketId, TicketState>,
  ): NaiveAnswer {
    if (command.type !== 'LinkTicket' && command.type !== 'MergeTicket') return undefined;
    const other = others.get(command.type === 'LinkTicket' ? command.data.ticket : command.data.into);
    if (other === undefined || !this.reads(principal, other)) return 'ticket_not_found';
    if (command.type === 'LinkTicket') return undefined;
    const before = this.#ticketSeen(other);
    const seen = this.#seen(principal, before, afterOf(before, command), command);
    if (!this.#open(principal, 'MergeTicket', undefined, seen, nameOf(other))) return 'access_denied';
    return this.sees(principal, other, 'state') ? undefined : 'access_denied';
  }

  /** "When a gate is open". No field: the table gate. */
  #open(
    principal: Principal,
    operation: string,
    field: string | undefined,
    seen: Seen,
    workflow: string,
  ): boolean {
    const places: (readonly [string, string | undefined])[] = [];
    for (const asked of field === undefined ? [undefined] : [field, '*']) {
      for (const table of [workflow, 'ticket', '*']) places.push([table, asked]);
    }
    for (const rule of this.#policy.rules) {
      const isHere = places.some(([table, asked]) => rule.table === table && rule.field === asked);
      if (rule.effect !== 'deny-unless' || !isHere || !isFor(rule, operation)) continue;
      if (!this.#passes(rule, principal, seen)) return false;
    }
    for (const [table, asked] of places) {
      const rules = this.#policy.rules.filter(
        (rule) =>
          rule.effect === 'allow' && rule.table === table && rule.field === asked && isFor(rule, operation),
      );
      if (rules.length > 0) return rules.some((rule) => this.#passes(rule, principal, seen));
    }
    return this.#rolesOf(principal).has('admin');
  }

  /** "When a rule passes". */
  #passes(rule: AccessRule, principal: Principal, seen: Seen): boolean {
    const roles = this.#rolesOf(principal);
    if (roles.has('admin') && rule.adminOverrides && !rule.roles.includes('nobody')) return true;
    if (rule.roles.length > 0 && !rule.roles.some((role) => roles.has(role))) return false;
    return this.#isTrue(rule.condition, seen) && this.#isTrue(rule.script, seen);
  }

  #isTrue(text: string | undefined, seen: Seen): boolean {
    if (text === undefined) return true;
    const predicate = this.#predicates.get(text);
    if (predicate === undefined) throw new Error(`nobody wrote a predicate for ${text}`);
    return predicate(seen) === true;
  }

  #rolesOf(principal: Principal): ReadonlySet<string> {
    const roles = new Set<string>();
    const take = (role: string) => {
      if (roles.has(role)) return;
      roles.add(role);
      for (const contained of this.#policy.roles[role]?.contains ?? []) take(contained);
    };
    for (const role of principal.roles) take(role);
    roles.delete('nobody');
    return roles;
  }

  #ofRead(principal: Principal, ticket: TicketState): Seen {
    const before = this.#ticketSeen(ticket);
    return this.#seen(principal, before, before, undefined);
  }

  #seen(principal: Principal, before: SeenTicket, after: SeenTicket, command: Given | undefined): Seen {
    return {
      user: {
        id: principal.actor.id,
        role: principal.actor.role,
        roles: [...this.#rolesOf(principal)],
        groups: principal.groups,
        principal: principal.id,
      },
      before,
      after,
      command:
        command === undefined
          ? null
          : {
              type: command.type,
              data: command.data,
              actor: command.actor,
              onBehalfOf: command.onBehalfOf ?? null,
            },
    };
  }

  #ticketSeen(ticket: TicketState): SeenTicket {
    const state = this.#workflows.stateOf(ticket);
    return {
      ticketId: ticket.ticketId,
      workflow: nameOf(ticket),
      revision: ticket.revision,
      state: ticket.state,
      lifecycle: state.lifecycle,
      category: state.category,
      final: state.final,
      openedAt: ticket.openedAt,
      openedBy: ticket.openedBy.id,
      requester: ticket.requester ?? null,
      assignee: ticket.assignee ?? null,
      group: ticket.group ?? null,
      offeredTo: ticket.offer?.agent ?? null,
      hold: ticket.hold?.reason ?? null,
      resolvedAt: ticket.resolvedAt ?? null,
      resolutionCode: ticket.resolutionCode ?? null,
      mergedInto: ticket.mergedInto ?? null,
      fields: ticket.fields,
    };
  }
}

/** "For `create` there is no ticket yet". */
const notThere: Omit<SeenTicket, 'ticketId' | 'workflow'> = {
  revision: 0,
  state: '',
  lifecycle: '',
  category: '',
  final: false,
  openedAt: null,
  openedBy: null,
  requester: null,
  assignee: null,
  group: null,
  offeredTo: null,
  hold: null,
  resolvedAt: null,
  resolutionCode: null,
  mergedInto: null,
  fields: {},
};

function nameOf(ticket: TicketState): string {
  return ticket.workflow.split('@')[0] ?? '';
}

/** "A rule is for an operation where its list has it under any of these words." */
function isFor(rule: AccessRule, operation: string): boolean {
  const words: readonly string[] = rule.operations;
  if (operation === 'read') return words.includes('read');
  if (operation === 'create' || operation === 'OpenTicket')
    return words.includes('create') || words.includes('OpenTicket');
  if (operation === 'write') return words.includes('write') || words.includes('ChangeFields');
  return words.includes(operation) || words.includes('transition');
}

/** The fields that a command on a ticket names, each of which is to be written. */
function fieldsNamed(command: StampedCommand): readonly string[] {
  switch (command.type) {
    case 'RedactContent':
      return command.data.fields;
    case 'ChangeFields':
    case 'ResolveTicket':
    case 'CloseTicket':
    case 'MoveTicket':
    case 'OpenFollowUp':
    case 'SplitTicket':
      return Object.keys(command.data.fields ?? {});
    default:
      return [];
  }
}

/** "The same after what the command sets". */
function afterOf(before: SeenTicket, { type, data }: Given): SeenTicket {
  switch (type) {
    case 'ChangeFields':
    case 'ResolveTicket':
    case 'CloseTicket':
    case 'MoveTicket':
      return { ...before, fields: changed(before.fields, data.fields as FieldChanges | undefined) };
    case 'RedactContent':
      return { ...before, fields: without(before.fields, data.fields as readonly string[] | undefined) };
    case 'AssignTicket':
      return {
        ...before,
        assignee: (data.agent as string | undefined) ?? before.assignee,
        group: data.group === undefined ? before.group : (data.group as string | null),
      };
    case 'AcceptOffer':
      return { ...before, assignee: (data.agent as string | undefined) ?? before.assignee };
    case 'QueueTicket':
      return { ...before, assignee: null, group: (data.group as string | undefined) ?? before.group };
    case 'UnassignTicket':
      return { ...before, assignee: null, group: null };
    case 'RemoveAgent':
    case 'MarkAgentOffline':
      return { ...before, assignee: null };
    default:
      return before;
  }
}

function changed(fields: SeenTicket['fields'], changes: FieldChanges | undefined): SeenTicket['fields'] {
  const next: Record<string, FieldValue> = { ...fields };
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === null) delete next[name];
    else next[name] = value;
  }
  return next;
}

function without(fields: SeenTicket['fields'], names: readonly string[] | undefined): SeenTicket['fields'] {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names?.includes(name) !== true));
}
