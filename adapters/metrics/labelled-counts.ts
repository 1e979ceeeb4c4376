/**
 * A counter for each combination of labels that has come up. For what is rare or slow by itself: a look-up
 * for each label. Its values come from closed sets; beyond a bound they are counted as `other` all the same.
 */
import type { Labels } from './registry.ts';

export const combinationsMax = 5_000;

/** Combinations as a tree: by the first value, then by the second. */
interface Branch {
  readonly branches: Map<string, Branch>;
  count: number;
}

export class LabelledCounts {
  readonly #names: readonly string[];
  readonly #root: Branch = { branches: new Map(), count: 0 };
  #combinations = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Counts one, by one value for each label, in the order of their names. */
  add(values: readonly string[], times = 1): void {
    let at = this.#root;
    for (let level = 0; level < this.#names.length; level += 1) {
      at = at.branches.get(values[level] ?? '') ?? this.#grow(at, values[level] ?? '', level);
    }
    at.count += times;
  }

  samples(): readonly (readonly [Labels, number])[] {
    return this.#samplesOf(this.#root, []);
  }

  #grow(from: Branch, value: string, level: number): Branch {
    const isFull = this.#combinations >= combinationsMax;
    const name = isFull ? 'other' : value;
    const known = from.branches.get(name);
    if (known !== undefined) return known;
    const made = { branches: new Map(), count: 0 };
    from.branches.set(name, made);
    if (level === this.#names.length - 1) this.#combinations += 1;
    return made;
  }

  #samplesOf({ branches, count }: Branch, values: readonly string[]): readonly (readonly [Labels, number])[] {
    if (values.length === this.#names.length) {
      return [[Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ''])), count]];
    }
    return [...branches].flatMap(([value, branch]) => this.#samplesOf(branch, [...values, value]));
  }
}
