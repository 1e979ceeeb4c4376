/**
 * Counts what became of each case event and of each element that is none, so that all of a file is accounted
 * for exactly once. It must never count a row before its fate is settled.
 */
import { type ReasonCount, ReasonCounts } from './reason-counts.ts';
import type { Refusal } from './refusal.ts';

export interface CaseImportReport {
  /** `accepted + unchanged + rejected + malformed`. */
  readonly rows: number;
  /** Cases that have a ticket, from this import or an earlier one. */
  readonly tickets: number;
  /** Events that this import added to the log. */
  readonly events: number;
  /** Case events that became at least one event. */
  readonly accepted: number;
  /** Case events that say nothing new, or whose commands the log already held. */
  readonly unchanged: number;
  /** Case events whose commands are not legal or can not be made. */
  readonly rejected: number;
  /** Rows and elements that could not be read as a case event. */
  readonly malformed: number;
  readonly seconds: number;
  /** Most frequent first. */
  readonly reasons: readonly Omit<ReasonCount, 'stateChanges'>[];
}

export class CaseTally {
  rows = 0;
  tickets = 0;
  events = 0;
  rejected = 0;
  malformed = 0;
  #accepted = 0;
  #unchanged = 0;
  readonly #reasons = new ReasonCounts();

  taken(eventsAdded: number): void {
    if (eventsAdded > 0) this.#accepted += 1;
    else this.#unchanged += 1;
  }

  refused(refusal: Pick<Refusal, 'code' | 'kind'>, isMalformed: boolean): void {
    if (isMalformed) this.malformed += 1;
    else this.rejected += 1;
    this.#reasons.add(refusal, false);
  }

  /** Throws where a row was counted twice or not at all. */
  report(seconds: number): CaseImportReport {
    const { rows, tickets, events, rejected, malformed } = this;
    const [accepted, unchanged] = [this.#accepted, this.#unchanged];
    const settled = accepted + unchanged + rejected + malformed;
    if (rows !== settled) throw new Error(`bug: of ${rows} rows ${settled} are accounted for`);
    const reasons = this.#reasons.list().map(({ stateChanges: _, ...reason }) => reason);
    return { rows, tickets, events, accepted, unchanged, rejected, malformed, seconds, reasons };
  }
}
