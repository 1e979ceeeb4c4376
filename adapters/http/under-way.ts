/**
 * What is under way and may become late, such as requests that wait for their answer, without any order.
 *
 * Places are used again instead of a `Map`, to which entries would always come and go: it copies itself now
 * and then, and the old copies, once the garbage collector has moved them to the old generation, keep
 * everything alive that they and the copies after them held, until the next full collection. Of requests at
 * 64 connections it so kept each one, with its response: a third of a server's time went into moving them.
 */
export class UnderWay<Item extends object> {
  readonly #items: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  /** Answers the place, to give to `remove` once. */
  add(item: Item): number {
    const place = this.#free.pop() ?? this.#items.length;
    this.#items[place] = item;
    return place;
  }

  remove(place: number): void {
    if (this.#items[place] === undefined) return;
    this.#items[place] = undefined;
    this.#free.push(place);
  }

  /** Those that are here, also while they are removed. */
  *all(): Iterable<Item> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }
}
