/**
 * Hash of a command id → its first event in a growing segment. The entries lie in the order they came; the
 * index holds only their numbers, so that an insertion touches little memory at random.
 *
 * It keeps only hashes: what it finds are candidates, to be compared with the record, and must never be taken
 * for an answer.
 */
import { indexSizeFor } from './ticket-table.ts';

/** Words of an entry: hash lo, hash hi, number of the event. */
const entryWords = 3;
const entriesMin = 640;

export class CommandTable {
  size = 0;
  /** Number of an entry plus one; 0 where there is none. */
  #index: Uint32Array;
  #entries: Uint32Array;

  /** With room for as many commands as `like` has. */
  constructor(like?: CommandTable) {
    const entries = Math.max(entriesMin, like?.size ?? 0);
    this.#index = new Uint32Array(indexSizeFor(entries));
    this.#entries = new Uint32Array(entries * entryWords);
  }

  add(lo: number, hi: number, event: number): void {
    if ((this.size + 1) * entryWords > this.#entries.length) this.#grow();
    const at = this.size * entryWords;
    this.#entries[at] = lo;
    this.#entries[at + 1] = hi;
    this.#entries[at + 2] = event;
    this.#place(lo, this.size);
    this.size += 1;
  }

  /** The events, counted from 1 in their segment, of every command id with this hash. */
  candidates(lo: number, hi: number): number[] {
    const found: number[] = [];
    const mask = this.#index.length - 1;
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const entry = (this.#index[slot] ?? 0) - 1;
      if (entry < 0) return found;
      if (this.hashLo(entry) === lo && this.hashHi(entry) === hi) found.push(this.event(entry));
    }
  }

  hashLo(entry: number): number {
    return this.#entries[entry * entryWords] ?? 0;
  }

  hashHi(entry: number): number {
    return this.#entries[entry * entryWords + 1] ?? 0;
  }

  event(entry: number): number {
    return this.#entries[entry * entryWords + 2] ?? 0;
  }

  #place(lo: number, entry: number): void {
    const mask = this.#index.length - 1;
    let slot = lo & mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
    this.#index[slot] = entry + 1;
  }

  #grow(): void {
    const entries = new Uint32Array(this.#entries.length * 2);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#index = new Uint32Array(indexSizeFor(entries.length / entryWords));
    for (let entry = 0; entry < this.size; entry += 1) this.#place(this.hashLo(entry), entry);
  }
}
