/**
 * What is compared takes turns, because the machine changes from one second to the next. Who begins moves on
 * with each round, so that nobody always inherits the dirty pages of the same other one.
 */

export class Turns {
  readonly #measurements: (() => Promise<void>)[] = [];

  /** Answers where its results will be found, one for each round. */
  add<A>(measure: () => Promise<A>): readonly A[] {
    const results: A[] = [];
    this.#measurements.push(async () => {
      results.push(await measure());
    });
    return results;
  }

  /** Throws the signal's reason between two measurements. */
  async run(rounds: number, signal: AbortSignal): Promise<void> {
    const total = this.#measurements.length;
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < total; turn += 1) {
        signal.throwIfAborted();
        await this.#measurements[(round + turn) % total]?.();
      }
    }
  }
}
