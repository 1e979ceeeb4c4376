/**
 * The tickets under way in an import: of each, the importer's picture of it, its waiting rows, and the row
 * being sent. One command of a ticket is out at a time, and the next row is planned only when the row before
 * it is settled, so that it is compared with what Docket really holds; speed comes from thousands of tickets
 * side by side.
 *
 * Pictures of tickets without waiting rows are kept for rows that come later in the file, up to a bound,
 * final tickets going first. A ticket that comes back after that is taken for a new one: its command ids then
 * meet those of its first rows, and the engine's answers (repeated, or refused) decide. Nothing is made up
 * for it.
 */
import { errorTable } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/ports.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { TicketState } from '../../domain/ticket/state.ts';
import type { CommandSender } from './command-sender.ts';
import type { Step } from './dry-run.ts';
import { lostBy, type Refusal, refusedByEngine } from './refusal.ts';

export const contentionRetriesMax = 5;

/** What a row becomes. */
export interface Plan {
  readonly status: 'planned';
  /** None where the row changes nothing. */
  readonly steps: readonly Step[];
}

/** What an import makes of its rows, and what it is told of their fate: each row is settled exactly once. */
export interface RowHandler<Row, P extends Plan> {
  /** `ordinal` counts the ticket's rows from 1. */
  plan(row: Row, ticket: TicketState | undefined, ordinal: number): P | Refusal;
  /** The events of a command that was accepted just now: not those of a repeated one. */
  added(events: number): void;
  /** A ticket was opened, now or by an earlier run. */
  opened(): void;
  /** The row is settled: `events` are those that it added. */
  taken(row: Row, plan: P, events: number): void;
  refused(row: Row, refusal: Refusal): void;
  /** Whether nothing more is to be expected of the ticket. */
  isOver(ticket: TicketState): boolean;
}

export interface History<Row> {
  readonly key: string;
  /** What the import wants to remember of the ticket's last row. */
  note: string | undefined;
  ticket: TicketState | undefined;
  /** Rows planned so far. */
  ordinal: number;
  /** Set when the engine holds something else than the picture; no row of it can be compared any more. */
  lost: Refusal | undefined;
  busy: boolean;
  readonly rows: Row[];
}

/** A row on its way through the engine. */
interface Work<Row, P> {
  readonly history: History<Row>;
  readonly row: Row;
  readonly plan: P;
  step: number;
  events: number;
  contentions: number;
}

export class TicketHistories<Row, P extends Plan> {
  /** Rows that wait or are under way. */
  rowsAhead = 0;
  readonly #sender: CommandSender;
  readonly #handler: RowHandler<Row, P>;
  readonly #picturesMax: number;
  /** All that are known; the idle ones are also in one of the two sets below, the longest idle first. */
  readonly #byKey = new Map<string, History<Row>>();
  readonly #idleOver = new Set<History<Row>>();
  readonly #idleLive = new Set<History<Row>>();

  constructor(sender: CommandSender, handler: RowHandler<Row, P>, picturesMax: number) {
    this.#sender = sender;
    this.#handler = handler;
    this.#picturesMax = picturesMax;
  }

  /** The history that a row belongs to; the row is to be taken with it at once. */
  of(key: string): History<Row> {
    return this.#byKey.get(key) ?? this.#begin(key);
  }

  take(history: History<Row>, row: Row): void {
    history.rows.push(row);
    this.rowsAhead += 1;
    if (!history.busy) this.#next(history);
  }

  #begin(key: string): History<Row> {
    const history: History<Row> = {
      key,
      note: undefined,
      ticket: undefined,
      ordinal: 0,
      lost: undefined,
      busy: false,
      rows: [],
    };
    this.#byKey.set(key, history);
    return history;
  }

  /** Goes on with the ticket's rows until one has something to send. */
  #next(history: History<Row>): void {
    this.#idleOver.delete(history);
    this.#idleLive.delete(history);
    history.busy = true;
    for (let row = history.rows.shift(); row !== undefined; row = history.rows.shift()) {
      history.ordinal += 1;
      const plan = history.lost ?? this.#handler.plan(row, history.ticket, history.ordinal);
      if (plan.status === 'planned' && plan.steps.length > 0) {
        this.#send({ history, row, plan, step: 0, events: 0, contentions: 0 });
        return;
      }
      this.rowsAhead -= 1;
      if (plan.status === 'refused') this.#handler.refused(row, plan);
      else this.#handler.taken(row, plan, 0);
    }
    this.#rest(history);
  }

  #rest(history: History<Row>): void {
    history.busy = false;
    const over = history.ticket !== undefined && this.#handler.isOver(history.ticket);
    (over ? this.#idleOver : this.#idleLive).add(history);
    if (this.#idleOver.size + this.#idleLive.size <= this.#picturesMax) return;
    const from = this.#idleOver.size > 0 ? this.#idleOver : this.#idleLive;
    for (const oldest of from) {
      from.delete(oldest);
      this.#byKey.delete(oldest.key);
      return;
    }
  }

  #send(work: Work<Row, P>): void {
    const step = work.plan.steps[work.step];
    if (step === undefined) throw new Error(`bug: a row of ${work.history.key} has no step ${work.step}`);
    this.#sender.offer(step.command, (outcome) => this.#answered(work, step, outcome));
  }

  #answered(work: Work<Row, P>, step: Step, outcome: Outcome): void {
    if (outcome.status === 'rejected') {
      this.#rejectedByEngine(work, step, outcome);
      return;
    }
    const { history, row, plan } = work;
    if (history.ticket === undefined) this.#handler.opened();
    history.ticket = step.after;
    if (!outcome.repeated) {
      work.events += outcome.events;
      this.#handler.added(outcome.events);
    }
    work.step += 1;
    if (work.step < plan.steps.length) {
      this.#send(work);
      return;
    }
    this.rowsAhead -= 1;
    this.#handler.taken(row, plan, work.events);
    this.#next(history);
  }

  #rejectedByEngine(work: Work<Row, P>, step: Step, rejection: Rejection): void {
    const { history, row } = work;
    if (errorTable[rejection.code].retry && work.contentions < contentionRetriesMax) {
      work.contentions += 1;
      this.#send(work);
      return;
    }
    const refusal = refusedByEngine(rejection);
    // At the revision it has in the picture, the ticket is what the picture says: later rows go on from it.
    if (rejection.revision !== step.before?.revision) history.lost = lostBy(refusal);
    this.rowsAhead -= 1;
    this.#handler.refused(row, refusal);
    this.#next(history);
  }
}
