/**
 * The incidents under way: of each, the importer's picture of its ticket, its waiting rows, and the row being
 * sent. One command of an incident is out at a time, and the next row is planned only when the row before it
 * is settled, so that it is compared with what Docket really holds; speed comes from thousands of incidents
 * side by side.
 *
 * Pictures of incidents without waiting rows are kept for rows that come later in the file, up to a bound,
 * closed tickets going first. An incident that comes back after that is taken for a new one: its command ids
 * then meet those of its first rows, and the engine's answers (repeated, or refused) decide. Nothing is made
 * up for it.
 */
import { errorTable } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/ports.ts';
import { lifecycleOf } from '../../domain/ticket/evolve.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { CommandSender } from './command-sender.ts';
import type { RejectFile } from './reject-file.ts';
import { asObject, cellOf, type UciRow } from './uci-columns.ts';
import { type Plan, planRow, type Refusal, refusedByEngine, type Step } from './uci-plan.ts';
import type { UciTally } from './uci-tally.ts';

export const contentionRetriesMax = 5;

interface Incident {
  readonly number: string;
  ticket: TicketState | undefined;
  /** Rows planned so far. */
  ordinal: number;
  /** The state that the source's row before claimed. */
  claimed: string | undefined;
  /** Set when the engine holds something else than the picture; no row of it can be compared any more. */
  lost: Refusal | undefined;
  busy: boolean;
  readonly rows: UciRow[];
}

/** A row on its way through the engine. */
interface Work {
  readonly incident: Incident;
  readonly row: UciRow;
  readonly plan: Plan;
  readonly claimsChange: boolean;
  step: number;
  events: number;
  contentions: number;
}

export class UciIncidents {
  /** Rows that wait or are under way. */
  rowsAhead = 0;
  readonly #sender: CommandSender;
  readonly #tally: UciTally;
  readonly #rejects: RejectFile;
  readonly #picturesMax: number;
  /** All that are known; the idle ones are also in one of the two sets below, the longest idle first. */
  readonly #byNumber = new Map<string, Incident>();
  readonly #idleClosed = new Set<Incident>();
  readonly #idleLive = new Set<Incident>();

  constructor(options: {
    readonly sender: CommandSender;
    readonly tally: UciTally;
    readonly rejects: RejectFile;
    readonly picturesMax: number;
  }) {
    this.#sender = options.sender;
    this.#tally = options.tally;
    this.#rejects = options.rejects;
    this.#picturesMax = options.picturesMax;
  }

  take(row: UciRow): void {
    const number = cellOf(row, 'number');
    if (number === undefined) {
      this.refuse(row, noNumber, false);
      return;
    }
    const incident = this.#byNumber.get(number) ?? this.#begin(number);
    incident.rows.push(row);
    this.rowsAhead += 1;
    if (!incident.busy) this.#next(incident);
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

  #begin(number: string): Incident {
    const incident: Incident = {
      number,
      ticket: undefined,
      ordinal: 0,
      claimed: undefined,
      lost: undefined,
      busy: false,
      rows: [],
    };
    this.#byNumber.set(number, incident);
    return incident;
  }

  /** Goes on with the incident's rows until one has something to send. */
  #next(incident: Incident): void {
    this.#idleClosed.delete(incident);
    this.#idleLive.delete(incident);
    incident.busy = true;
    for (let row = incident.rows.shift(); row !== undefined; row = incident.rows.shift()) {
      incident.ordinal += 1;
      const state = cellOf(row, 'incident_state') ?? '?';
      const claimsChange = incident.claimed !== undefined && incident.claimed !== state;
      incident.claimed = state;
      const plan = incident.lost ?? planRow(row, incident.ticket, incident.ordinal);
      if (plan.status === 'planned' && plan.steps.length > 0) {
        this.#send({ incident, row, plan, claimsChange, step: 0, events: 0, contentions: 0 });
        return;
      }
      this.rowsAhead -= 1;
      if (plan.status === 'refused') this.refuse(row, plan, claimsChange);
      else this.#tally.taken(0, claimsChange ? 'alreadySo' : 'none');
    }
    this.#rest(incident);
  }

  #rest(incident: Incident): void {
    incident.busy = false;
    const closed = incident.ticket !== undefined && lifecycleOf(incident.ticket.state) === 'closed';
    (closed ? this.#idleClosed : this.#idleLive).add(incident);
    if (this.#idleClosed.size + this.#idleLive.size <= this.#picturesMax) return;
    const from = this.#idleClosed.size > 0 ? this.#idleClosed : this.#idleLive;
    for (const oldest of from) {
      from.delete(oldest);
      this.#byNumber.delete(oldest.number);
      return;
    }
  }

  #send(work: Work): void {
    const step = stepOf(work);
    this.#sender.offer(step.command, (outcome) => this.#answered(work, step, outcome));
  }

  #answered(work: Work, step: Step, outcome: Outcome): void {
    if (outcome.status === 'rejected') {
      this.#rejectedByEngine(work, step, outcome);
      return;
    }
    const { incident } = work;
    if (incident.ticket === undefined) this.#tally.tickets += 1;
    incident.ticket = step.after;
    if (!outcome.repeated) {
      work.events += outcome.events;
      this.#tally.events += outcome.events;
    }
    work.step += 1;
    if (work.step < work.plan.steps.length) {
      this.#send(work);
      return;
    }
    this.rowsAhead -= 1;
    const legal = work.plan.changesState ? 'legal' : 'alreadySo';
    this.#tally.taken(work.events, work.claimsChange ? legal : 'none');
    this.#next(incident);
  }

  #rejectedByEngine(work: Work, step: Step, rejection: Rejection): void {
    const { incident, row } = work;
    if (errorTable[rejection.code].retry && work.contentions < contentionRetriesMax) {
      work.contentions += 1;
      this.#send(work);
      return;
    }
    const refusal = refusedByEngine(rejection);
    // At the revision it has in the picture, the ticket is what the picture says: later rows go on from it.
    if (rejection.revision !== step.before?.revision) incident.lost = lostBy(refusal);
    this.rowsAhead -= 1;
    this.refuse(row, refusal, work.claimsChange);
    this.#next(incident);
  }
}

function stepOf(work: Work): Step {
  const step = work.plan.steps[work.step];
  if (step === undefined) throw new Error(`bug: row ${work.row.line} has no step ${work.step}`);
  return step;
}

/** For the rows after one that showed that the ticket has a history of its own in Docket. */
function lostBy(refusal: Refusal): Refusal {
  return {
    ...refusal,
    code: 'ticket_changed_elsewhere',
    kind: `ticket_changed_elsewhere, first seen as ${refusal.kind}`,
    reason: `Docket's ticket has a history that is not from this file: ${refusal.reason}`,
    tried: undefined,
  };
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
