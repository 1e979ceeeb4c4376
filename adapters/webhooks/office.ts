/** What whoever looks after webhooks asks and does: which sources there are, and the letters in between. */
import type { Clock } from '../../domain/ports.ts';
import type { LetterProblem } from './delivery-events.ts';
import type { DeliveryCounts, Intake } from './intake.ts';
import type { Letters, OpenLetter } from './letters.ts';
import type { Sources } from './sources.ts';

export interface SourceStanding {
  readonly name: string;
  readonly builtIn: boolean;
  /** Whether it has a secret; deliveries of others are refused. */
  readonly enabled: boolean;
  readonly deadLetters: number;
  /** Letters whose tickets may still be opened. */
  readonly earlyLetters: number;
  /** Deliveries since the start. */
  readonly deliveries: DeliveryCounts;
}

export interface LetterQuestion {
  readonly source?: string | undefined;
  /** Those too that nobody has to look at yet. */
  readonly early: boolean;
  readonly limit: number;
}

export class LetterOffice {
  readonly #intake: Intake;
  readonly #letters: Letters;
  readonly #sources: Sources;
  readonly #clock: Clock;

  constructor(parts: { intake: Intake; letters: Letters; sources: Sources; clock: Clock }) {
    this.#intake = parts.intake;
    this.#letters = parts.letters;
    this.#sources = parts.sources;
    this.#clock = parts.clock;
  }

  sources(): readonly SourceStanding[] {
    return [...this.#sources.values()].map(({ name, builtIn, credentials }) => {
      const letters = this.#letters.all().filter(({ envelope }) => envelope.source === name);
      const earlyLetters = letters.filter((letter) => this.#isEarly(letter)).length;
      return {
        name,
        builtIn,
        enabled: credentials !== undefined,
        deadLetters: letters.length - earlyLetters,
        earlyLetters,
        deliveries: { ...this.#intake.counts(name) },
      };
    });
  }

  /** Oldest first, and how many there are in all. */
  letters({ source, early, limit }: LetterQuestion): { total: number; letters: readonly OpenLetter[] } {
    const found = this.#letters
      .all()
      .filter((letter) => source === undefined || letter.envelope.source === source)
      .filter((letter) => early || !this.#isEarly(letter));
    return { total: found.length, letters: found.slice(0, limit) };
  }

  letter(id: string): OpenLetter | undefined {
    return this.#letters.get(id);
  }

  /**
   * Tries a letter again, by the rules and on the ticket as they are now. `unknown` where there is none, also
   * because it is done with. Throws `Fault`; the letter then stays as it was.
   */
  async replay(
    id: string,
    by: string,
  ): Promise<
    | { readonly status: 'done' }
    | { readonly status: 'refused'; readonly problem: LetterProblem }
    | { readonly status: 'unknown' }
  > {
    const letter = this.#letters.get(id);
    if (letter === undefined) return { status: 'unknown' };
    const problem = await this.#intake.replay(letter, by);
    return problem === undefined ? { status: 'done' } : { status: 'refused', problem };
  }

  /** Gives a letter up for good. False where there is none. */
  async drop(id: string, by: string, reason: string): Promise<boolean> {
    if (this.#letters.get(id) === undefined) return false;
    await this.#letters.drop(id, by, reason);
    return true;
  }

  #isEarly({ earlyUntil }: OpenLetter): boolean {
    return earlyUntil !== undefined && this.#clock.now() < earlyUntil;
  }
}
