/**
 * Counts what became of each row, so that every row is accounted for exactly once, and what the source
 * claimed of state changes against what was legal. It must never count a row before its fate is settled.
 */
import { type ReasonCount, ReasonCounts } from './reason-counts.ts';
import type { Refusal } from './refusal.ts';

/** State changes between consecutive rows of an incident; the state of its first row is no change. */
export interface StateChanges {
  /** What the source claims: `legal + alreadySo + refused`. */
  readonly claimed: number;
  readonly legal: number;
  /** Docket was in that state already, because a row before was refused: nothing had to change. */
  readonly alreadySo: number;
  readonly refused: number;
}

export interface UciImportReport {
  /** `rowsWithEvents + unchanged + rejected`. */
  readonly rows: number;
  readonly tickets: number;
  /** Events that this import added to the log. */
  readonly events: number;
  readonly rowsWithEvents: number;
  /** Rows that say nothing new, or whose commands the log already held. */
  readonly unchanged: number;
  readonly rejected: number;
  readonly seconds: number;
  readonly stateChanges: StateChanges;
  /** Most frequent first. */
  readonly reasons: readonly ReasonCount[];
}

type Claim = 'none' | 'legal' | 'alreadySo';

export class UciTally {
  rows = 0;
  tickets = 0;
  events = 0;
  rejected = 0;
  #settled = 0;
  #rowsWithEvents = 0;
  #unchanged = 0;
  readonly #changes = { claimed: 0, legal: 0, alreadySo: 0, refused: 0 };
  readonly #reasons = new ReasonCounts();

  taken(eventsAdded: number, claim: Claim): void {
    this.#settled += 1;
    if (eventsAdded > 0) this.#rowsWithEvents += 1;
    else this.#unchanged += 1;
    if (claim === 'none') return;
    this.#changes.claimed += 1;
    this.#changes[claim] += 1;
  }

  refused({ code, kind }: Pick<Refusal, 'code' | 'kind'>, claimsChange: boolean): void {
    this.#settled += 1;
    this.rejected += 1;
    if (claimsChange) {
      this.#changes.claimed += 1;
      this.#changes.refused += 1;
    }
    this.#reasons.add({ code, kind }, claimsChange);
  }

  /** Throws where a row was counted twice or not at all. */
  report(seconds: number): UciImportReport {
    const { rows, tickets, events, rejected } = this;
    const [rowsWithEvents, unchanged, stateChanges] = [
      this.#rowsWithEvents,
      this.#unchanged,
      { ...this.#changes },
    ];
    if (rows !== this.#settled || rows !== rowsWithEvents + unchanged + rejected) {
      throw new Error(
        `bug: of ${rows} rows ${rowsWithEvents} + ${unchanged} + ${rejected} are accounted for`,
      );
    }
    const reasons = this.#reasons.list();
    return { rows, tickets, events, rowsWithEvents, unchanged, rejected, seconds, stateChanges, reasons };
  }
}
