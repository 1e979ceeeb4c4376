/**
 * Look-ups of single keys that are asked for in one turn, as one statement: the engine asks for the tickets
 * and commands of a round one by one, and each statement is a way to the server and back.
 */

/** Keys in one statement. */
export const keysAtOnceMax = 1_024;

export class Gathered<Value> {
  readonly #fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  #asked: { readonly keys: string[]; readonly found: Promise<ReadonlyMap<string, Value>> } | undefined;

  /** `fetch` answers what it found; what it leaves out does not exist. */
  constructor(fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#fetch = fetch;
  }

  async get(key: string): Promise<Value | undefined> {
    if (this.#asked === undefined || this.#asked.keys.length >= keysAtOnceMax) this.#asked = this.#begin();
    const { keys, found } = this.#asked;
    keys.push(key);
    return (await found).get(key);
  }

  #begin(): { keys: string[]; found: Promise<ReadonlyMap<string, Value>> } {
    const keys: string[] = [];
    const found = Promise.resolve().then(() => {
      if (this.#asked?.keys === keys) this.#asked = undefined;
      return this.#fetch(keys);
    });
    return { keys, found };
  }
}
