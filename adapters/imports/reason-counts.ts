/** Why rows were refused, counted by reason, for an import's report. Bounded, whatever a file holds. */
import type { Refusal } from './refusal.ts';

export interface ReasonCount {
  readonly code: Refusal['code'];
  readonly reason: string;
  readonly rows: number;
  /** How many of these rows claimed a change of state. */
  readonly stateChanges: number;
}

/** Reasons told apart; the rest is counted together, as a file of rubbish must not fill the memory. */
export const reasonsMax = 200;

export class ReasonCounts {
  readonly #byKind = new Map<string, { -readonly [K in keyof ReasonCount]: ReasonCount[K] }>();

  add({ code, kind }: Pick<Refusal, 'code' | 'kind'>, claimsChange: boolean): void {
    const reason = this.#byKind.has(kind) || this.#byKind.size < reasonsMax ? kind : 'other reasons';
    const count = this.#byKind.get(reason) ?? { code, reason, rows: 0, stateChanges: 0 };
    count.rows += 1;
    if (claimsChange) count.stateChanges += 1;
    this.#byKind.set(reason, count);
  }

  /** Most frequent first. */
  list(): readonly ReasonCount[] {
    return [...this.#byKind.values()].sort((left, right) => right.rows - left.rows);
  }
}
