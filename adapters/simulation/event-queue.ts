/**
 * What happens next: a binary heap of things by business time. Things of the same time come out in the order
 * in which they went in, so that a simulation is the same every time. It holds as many things as there are
 * live tickets.
 */
interface Due<T> {
  readonly at: number;
  readonly order: number;
  readonly what: T;
}

export class EventQueue<T> {
  readonly #heap: Due<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next thing is due; infinity where there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(at: number, what: T): void {
    this.#order += 1;
    const due = { at, order: this.#order, what };
    let index = this.#heap.length;
    this.#heap.push(due);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || before(above, due)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = due;
  }

  take(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first?.what;
    this.#sink(last);
    return first.what;
  }

  #sink(due: Due<T>): void {
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = this.#heap[child];
      const right = this.#heap[child + 1];
      if (left === undefined) break;
      if (right !== undefined && before(right, left)) child += 1;
      const smaller = this.#heap[child];
      if (smaller === undefined || before(due, smaller)) break;
      this.#heap[index] = smaller;
      index = child;
    }
    this.#heap[index] = due;
  }
}

function before(left: Due<unknown>, right: Due<unknown>): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
