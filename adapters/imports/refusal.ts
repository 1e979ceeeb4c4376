/**
 * Why a row or a case event was not taken, by the importer or by the engine: one shape, whatever the file,
 * for the file of rejects and for the counts in the report.
 */
import type { Command } from '../../domain/ticket/commands.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import { legalFrom } from '../../domain/workflow/legal.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { ProblemCode } from './import-problem.ts';

export interface Refusal {
  readonly status: 'refused';
  /** One of the engine's rejection codes, or one of the importer's own. */
  readonly code: Rejection['code'] | ProblemCode | 'ticket_changed_elsewhere';
  /** The reason in few words, equal for rows refused for the same reason. */
  readonly kind: string;
  readonly reason: string;
  readonly column: string | undefined;
  readonly tried: Command['type'] | undefined;
  /** What Docket holds. */
  readonly state: string | undefined;
  readonly legal: readonly string[];
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

/** A row that says something that can not be read or is not known; `ticket` is what Docket holds of it. */
export function refusedProblem(
  problem: { readonly code: ProblemCode; readonly column: string | undefined; readonly message: string },
  ticket: TicketState | undefined,
  workflows: Workflows,
): Refusal {
  const { code, column, message } = problem;
  return {
    status: 'refused',
    code,
    kind: column === undefined ? message : `${code} in ${column}`,
    reason: message,
    column,
    tried: undefined,
    state: ticket?.state,
    legal: legalNames(ticket, workflows),
  };
}

/** For the rows after one that showed that the ticket has a history of its own in Docket. */
export function lostBy(refusal: Refusal): Refusal {
  return {
    ...refusal,
    code: 'ticket_changed_elsewhere',
    kind: `ticket_changed_elsewhere, first seen as ${refusal.kind}`,
    reason: `Docket's ticket has a history that is not from this file: ${refusal.reason}`,
    tried: undefined,
  };
}

export function kindOf({ code, tried, state }: Pick<Rejection, 'code' | 'tried' | 'state'>): string {
  return state === undefined ? `${code}: ${tried}` : `${code}: ${tried} while ${state.split('/')[0]}`;
}

export function legalNames(ticket: TicketState | undefined, workflows: Workflows): readonly string[] {
  if (ticket === undefined) return ['OpenTicket'];
  const workflow = workflows.get(ticket.workflow);
  return legalFrom(workflow, workflows.stateOf(ticket)).map((each) => each.command);
}
