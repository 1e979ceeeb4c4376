/**
 * The rows of the UCI incident log on their way: which incident each belongs to, what it claims of a change
 * of state, and what became of it.
 */
import { lifecycleOf } from '../../domain/ticket/evolve.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { CommandSender } from './command-sender.ts';
import type { Refusal } from './refusal.ts';
import type { RejectFile } from './reject-file.ts';
import { type RowHandler, TicketHistories } from './ticket-histories.ts';
import { asObject, cellOf, type UciRow } from './uci-columns.ts';
import { planRow, type UciPlan } from './uci-plan.ts';
import type { UciTally } from './uci-tally.ts';

/** A row, and whether it claims another state than the source's row before it. */
interface ClaimingRow {
  readonly row: UciRow;
  readonly claimsChange: boolean;
}

export class UciIncidents implements RowHandler<ClaimingRow, UciPlan> {
  readonly #histories: TicketHistories<ClaimingRow, UciPlan>;
  readonly #tally: UciTally;
  readonly #rejects: RejectFile;

  constructor(options: {
    readonly sender: CommandSender;
    readonly tally: UciTally;
    readonly rejects: RejectFile;
    readonly picturesMax: number;
  }) {
    this.#tally = options.tally;
    this.#rejects = options.rejects;
    this.#histories = new TicketHistories(options.sender, this, options.picturesMax);
  }

  /** Rows that wait or are under way. */
  get rowsAhead(): number {
    return this.#histories.rowsAhead;
  }

  take(row: UciRow): void {
    const number = cellOf(row, 'number');
    if (number === undefined) {
      this.refuse(row, noNumber, false);
      return;
    }
    const incident = this.#histories.of(number);
    const state = cellOf(row, 'incident_state') ?? '?';
    const claimsChange = incident.note !== undefined && incident.note !== state;
    incident.note = state;
    this.#histories.take(incident, { row, claimsChange });
  }

  /** Counts and writes down a row that is not taken. */
  refuse(row: UciRow, refusal: Refusal, claimsChange: boolean): void {
    this.#tally.refused(refusal, claimsChange);
    const { code, reason, column, tried, state, legal } = refusal;
    const claimed = cellOf(row, 'incident_state');
    const number = cellOf(row, 'number');
    const { line } = row;
    this.#rejects.write({
      line,
      number,
      row: asObject(row),
      column,
      tried,
      claimed,
      code,
      reason,
      state,
      legal,
    });
  }

  plan({ row }: ClaimingRow, ticket: TicketState | undefined, ordinal: number): UciPlan | Refusal {
    return planRow(row, ticket, ordinal);
  }

  added(events: number): void {
    this.#tally.events += events;
  }

  opened(): void {
    this.#tally.tickets += 1;
  }

  taken({ claimsChange }: ClaimingRow, { steps, changesState }: UciPlan, events: number): void {
    const claim = steps.length > 0 && changesState ? 'legal' : 'alreadySo';
    this.#tally.taken(events, claimsChange ? claim : 'none');
  }

  refused({ row, claimsChange }: ClaimingRow, refusal: Refusal): void {
    this.refuse(row, refusal, claimsChange);
  }

  isOver(ticket: TicketState): boolean {
    return lifecycleOf(ticket.state) === 'closed';
  }
}

const noNumber: Refusal = {
  status: 'refused',
  code: 'missing_cell',
  kind: 'missing_cell in number',
  reason: 'column number is missing; it must hold the incident, such as INC0000045',
  column: 'number',
  tried: undefined,
  state: undefined,
  legal: [],
};
