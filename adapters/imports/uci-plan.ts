/**
 * Plans one row of the UCI incident log: the commands that make up the difference between the row and the
 * importer's picture of its ticket, tried before anything is sent.
 */
import type { TicketState } from '../../domain/ticket/state.ts';
import { type Actor, type EpochMs, nameCharactersMax } from '../../domain/ticket/values.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { DryRun } from './dry-run.ts';
import { type Refusal, refusedProblem } from './refusal.ts';
import type { Plan } from './ticket-histories.ts';
import { type CellProblem, cellOf, isProblem, timeOf, type UciColumn, type UciRow } from './uci-columns.ts';
import { draftsOf, openingOf } from './uci-mapping.ts';

export interface UciPlan extends Plan {
  readonly changesState: boolean;
}

const workflow = 'incident';
const importer: Actor = { id: 'uci-import', role: 'integration' };
const source = 'uci-incidents';

/** `ordinal` counts the rows of the incident from 1; it makes command ids the same in every run. */
export function planRow(row: UciRow, ticket: TicketState | undefined, ordinal: number): UciPlan | Refusal {
  const ticketId = cellOf(row, 'number') ?? '';
  const updatedAt = requiredTime(row, 'sys_updated_at');
  if (typeof updatedAt !== 'number') return refusedCell(updatedAt, ticket);
  const by = cellOf(row, 'sys_updated_by');
  const run = new DryRun({
    ticketId,
    ticket,
    idPrefix: `uci:${ticketId}:${ordinal}`,
    actor: importer,
    onBehalfOf: by === undefined ? undefined : { id: by, role: 'agent' },
    source,
    workflows: builtInWorkflows,
    workflow,
    mayBeMalformed: ticket === undefined || row.cells.some((cell) => cell.length > nameCharactersMax),
  });
  if (ticket === undefined) {
    const openedAt = requiredTime(row, 'opened_at');
    if (typeof openedAt !== 'number') return refusedCell(openedAt, ticket);
    const data = openingOf(row);
    if (isProblem(data)) return refusedCell(data, ticket);
    const refusal = run.take({ type: 'OpenTicket', data }, openedAt);
    if (refusal !== undefined) return refusal;
  }
  const opened = run.ticket;
  if (opened === undefined) throw new Error(`bug: ${ticketId} is planned without a ticket`);
  const wanted = draftsOf(row, opened, updatedAt);
  if ('code' in wanted) return refusedCell(wanted, ticket);
  for (const draft of wanted.drafts) {
    const refusal = run.take(draft, updatedAt);
    if (refusal !== undefined) return refusal;
  }
  return { status: 'planned', steps: run.steps, changesState: wanted.changesState };
}

export function refusedCell(problem: CellProblem, ticket: TicketState | undefined): Refusal {
  return refusedProblem(problem, ticket, builtInWorkflows);
}

function requiredTime(row: UciRow, column: UciColumn): EpochMs | CellProblem {
  const missing = `column ${column} is missing; it must hold a time as d/m/yyyy hh:mm`;
  return timeOf(row, column) ?? { code: 'missing_cell', column, message: missing };
}
