/**
 * Tries a row's commands on the importer's own picture of the ticket, with the domain's own rules, before
 * anything is sent: a row whose commands are not all legal is refused as a whole. Each command carries the
 * revision it was tried at, so that the engine refuses it where Docket holds something else.
 *
 * It must never send anything, and never change a command to make it legal.
 */
import { type Command, commandSchema } from '../../domain/ticket/commands.ts';
import { decide } from '../../domain/ticket/decide.ts';
import { evolve } from '../../domain/ticket/evolve.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { type Actor, type EpochMs, nameCharactersMax, type TicketId } from '../../domain/ticket/values.ts';
import { legalFrom } from '../../domain/workflow/legal.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { type CellProblem, cellOf, isProblem, timeOf, type UciColumn, type UciRow } from './uci-columns.ts';
import { type Draft, draftsOf, openingOf } from './uci-mapping.ts';

/** One command of a row and the picture before and after it. */
export interface Step {
  readonly command: Command;
  readonly before: TicketState | undefined;
  readonly after: TicketState;
}

export interface Plan {
  readonly status: 'planned';
  /** None where the row changes nothing. */
  readonly steps: readonly Step[];
  readonly changesState: boolean;
}

/** Why a row was not taken, by the importer or by the engine. */
export interface Refusal {
  readonly status: 'refused';
  /** One of the engine's rejection codes, or one of the importer's own. */
  readonly code: Rejection['code'] | CellProblem['code'] | 'ticket_changed_elsewhere';
  /** The reason in few words, equal for rows refused for the same reason. */
  readonly kind: string;
  readonly reason: string;
  readonly column: UciColumn | undefined;
  readonly tried: Command['type'] | undefined;
  /** What Docket holds. */
  readonly state: string | undefined;
  readonly legal: readonly string[];
}

const workflowName = 'incident';
const importer: Actor = { id: 'uci-import', role: 'integration' };
const source = 'uci-incidents';

/** `ordinal` counts the rows of the incident from 1; it makes command ids the same in every run. */
export function planRow(row: UciRow, ticket: TicketState | undefined, ordinal: number): Plan | Refusal {
  const number = cellOf(row, 'number') ?? '';
  const updatedAt = requiredTime(row, 'sys_updated_at');
  if (typeof updatedAt !== 'number') return refusedCell(updatedAt, ticket);
  const run = new DryRun(row, number, ordinal, ticket);
  if (ticket === undefined) {
    const openedAt = requiredTime(row, 'opened_at');
    if (typeof openedAt !== 'number') return refusedCell(openedAt, ticket);
    const data = openingOf(row);
    if (isProblem(data)) return refusedCell(data, ticket);
    const refusal = run.take({ type: 'OpenTicket', data }, openedAt);
    if (refusal !== undefined) return { ...refusal, state: undefined, legal: ['OpenTicket'] };
  }
  const opened = run.ticket;
  if (opened === undefined) throw new Error(`bug: ${number} is planned without a ticket`);
  const wanted = draftsOf(row, opened, updatedAt);
  if ('code' in wanted) return refusedCell(wanted, ticket);
  for (const draft of wanted.drafts) {
    const refusal = run.take(draft, updatedAt);
    if (refusal !== undefined) return refusal;
  }
  return { status: 'planned', steps: run.steps, changesState: wanted.changesState };
}

/** The engine's own answer of no, as a reason to refuse the row. */
export function refusedByEngine(rejection: Rejection): Refusal {
  return {
    status: 'refused',
    code: rejection.code,
    kind: kindOf(rejection),
    reason: rejection.message,
    column: undefined,
    tried: rejection.tried,
    state: rejection.state,
    legal: rejection.legal.map((each) => each.command),
  };
}

export function refusedCell(problem: CellProblem, ticket: TicketState | undefined): Refusal {
  const { column } = problem;
  return {
    status: 'refused',
    code: problem.code,
    kind: column === undefined ? problem.message : `${problem.code} in ${column}`,
    reason: problem.message,
    column,
    tried: undefined,
    state: ticket?.state,
    legal: ticket === undefined ? ['OpenTicket'] : legalNames(ticket),
  };
}

/** Applies commands to the picture, one after the other. */
class DryRun {
  readonly steps: Step[] = [];
  ticket: TicketState | undefined;
  readonly #before: TicketState | undefined;
  readonly #number: TicketId;
  readonly #idPrefix: string;
  readonly #onBehalfOf: Actor | undefined;
  readonly #mayBeMalformed: boolean;

  constructor(row: UciRow, number: TicketId, ordinal: number, ticket: TicketState | undefined) {
    const by = cellOf(row, 'sys_updated_by');
    this.#number = number;
    this.#idPrefix = `uci:${number}:${ordinal}`;
    // Parsing every command is a third of an import's cost; only a new id or a long cell can be malformed.
    this.#mayBeMalformed = ticket === undefined || row.cells.some((cell) => cell.length > nameCharactersMax);
    this.#onBehalfOf = by === undefined ? undefined : { id: by, role: 'agent' };
    this.ticket = ticket;
    this.#before = ticket;
  }

  /** The refusal, if any; it tells the state before the row, which Docket still holds. */
  take(draft: Draft, occurredAt: EpochMs): Refusal | undefined {
    const command = this.#commandOf(draft, occurredAt);
    const malformed = this.#mayBeMalformed ? malformation(command) : undefined;
    if (malformed !== undefined) {
      return this.#refused({ code: 'invalid_command', ...malformed, tried: draft.type });
    }
    const stamped = {
      ...command,
      ticketId: this.#number,
      occurredAt,
      commandDigest: undefined,
      newTicketId: undefined,
    };
    const decision = decide({
      ticket: this.ticket,
      command: stamped,
      others: noOthers,
      workflows: builtInWorkflows,
      defaultWorkflow: workflowName,
    });
    if (decision.status === 'rejected') {
      const { code, message: reason, tried } = decision;
      return this.#refused({ code, kind: kindOf(decision), reason, tried });
    }
    const before = this.ticket;
    let after = before;
    for (const event of decision.events) after = evolve(after, event, this.#number);
    if (after !== undefined && after !== before) this.steps.push({ command, before, after });
    this.ticket = after;
    return undefined;
  }

  #commandOf(draft: Draft, occurredAt: EpochMs): Command {
    const envelope = {
      ticketId: this.#number,
      commandId: `${this.#idPrefix}:${this.steps.length + 1}`,
      occurredAt,
      actor: importer,
      ...(this.#onBehalfOf === undefined ? {} : { onBehalfOf: this.#onBehalfOf }),
      source,
    };
    if (draft.type === 'OpenTicket') return { ...envelope, workflow: workflowName, ...draft };
    return { ...envelope, expectedRevision: this.ticket?.revision ?? 0, ...draft };
  }

  #refused(what: Pick<Refusal, 'code' | 'kind' | 'reason' | 'tried'>): Refusal {
    const held = this.#before;
    const legal = held === undefined ? ['OpenTicket'] : legalNames(held);
    return { status: 'refused', column: undefined, state: held?.state, legal, ...what };
  }
}

function malformation(command: Command): Pick<Refusal, 'kind' | 'reason'> | undefined {
  const parsed = commandSchema.safeParse(command);
  const issue = parsed.error?.issues[0];
  if (issue === undefined) return undefined;
  const reason = `${issue.path.join('.')}: ${issue.message}`;
  return { kind: `invalid_command: ${reason}`, reason };
}

const noOthers: ReadonlyMap<TicketId, TicketState> = new Map();

function requiredTime(row: UciRow, column: UciColumn): EpochMs | CellProblem {
  const missing = `column ${column} is missing; it must hold a time as d/m/yyyy hh:mm`;
  return timeOf(row, column) ?? { code: 'missing_cell', column, message: missing };
}

function kindOf({ code, tried, state }: Rejection): string {
  return state === undefined ? `${code}: ${tried}` : `${code}: ${tried} while ${state.split('/')[0]}`;
}

function legalNames(ticket: TicketState): readonly string[] {
  const workflow = builtInWorkflows.get(ticket.workflow);
  return legalFrom(workflow, builtInWorkflows.stateOf(ticket)).map((each) => each.command);
}
