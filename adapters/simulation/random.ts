/**
 * Randomness that is the same for the same seed: sfc32, a small fast generator with 128 bits of state. It
 * must never be used where unpredictability matters.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = 0x9e3779b9;
    // The first numbers of close seeds resemble each other; these are thrown away.
    for (let round = 0; round < 16; round += 1) this.next();
  }

  /** Uniform in [0, 1), with 32 bits. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  /** A whole number from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Exponentially distributed with mean 1. */
  exponential(): number {
    return -Math.log1p(-this.next());
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('bug: nothing to pick from');
    return item;
  }

  /** A value that has these deciles. Between two of them logarithmic: the last spans days to months. */
  fromDeciles(deciles: readonly number[]): number {
    const at = this.next() * (deciles.length - 1);
    const low = deciles[Math.floor(at)] ?? 0;
    const high = deciles[Math.floor(at) + 1] ?? low;
    return Math.expm1(Math.log1p(low) + (at % 1) * (Math.log1p(high) - Math.log1p(low)));
  }
}

/** Picks items in proportion to their weights. */
export class Weighted<T> {
  readonly #items: readonly T[];
  readonly #upTo: Float64Array;

  constructor(items: readonly T[], weight: (item: T) => number) {
    if (items.length === 0) throw new RangeError('there must be something to pick from');
    let sum = 0;
    this.#items = items;
    this.#upTo = Float64Array.from(items, (item) => {
      sum += weight(item);
      return sum;
    });
  }

  pick(random: Random): T {
    const wanted = random.next() * (this.#upTo.at(-1) ?? 0);
    let index = 0;
    while (index < this.#upTo.length - 1 && (this.#upTo[index] ?? 0) <= wanted) index += 1;
    const item = this.#items[index];
    if (item === undefined) throw new Error('bug: no item has this weight');
    return item;
  }
}
