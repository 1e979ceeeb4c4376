/**
 * Which tickets have events in a segment: the revision of each and its last event there. Rows lie in the
 * order in which tickets came, in typed arrays, so that a million of them cost no objects for the collector;
 * a hash index leads to them. It keeps the ids themselves and is exact.
 *
 * A row never moves: whoever knows `epoch` and the row's number needs no look-up.
 */
const rowsMin = 1_024;
/** A fuller index is doubled: longer probes would cost more than the memory. */
const fullness = 0.625;
/** Words of a row that change with each event: revision, last event. */
const changingWords = 2;
/** Words of a row that never change: hash lo, hash hi, start of the id, length of the id. */
const keyWords = 4;

/** Tells the tables of this process apart; 0 is nobody's. */
let epochs = 0;

export class TicketTable {
  readonly epoch: number;
  size = 0;
  #changing: Uint32Array;
  #keys: Uint32Array;
  #ids: Uint16Array;
  #idsLength = 0;
  /** Number of a row plus one; 0 where there is none. */
  #index: Uint32Array;

  /** With room for as many tickets as `like` has, so that it need not grow in the midst of appends. */
  constructor(like?: TicketTable) {
    epochs += 1;
    this.epoch = epochs;
    const rows = Math.max(rowsMin, like?.size ?? 0);
    this.#changing = new Uint32Array(rows * changingWords);
    this.#keys = new Uint32Array(rows * keyWords);
    this.#ids = new Uint16Array(Math.max(rowsMin, like === undefined ? 0 : like.#idsLength));
    this.#index = new Uint32Array(indexSizeFor(rows));
  }

  get bytes(): number {
    const { byteLength } = this.#changing;
    return byteLength + this.#keys.byteLength + this.#ids.byteLength + this.#index.byteLength;
  }

  /** The row of a ticket; -1 where it is not in the table. */
  find(ticketId: string, lo: number, hi: number): number {
    const keys = this.#keys;
    const mask = this.#index.length - 1;
    for (let at = lo & mask; ; at = (at + 1) & mask) {
      const row = (this.#index[at] ?? 0) - 1;
      if (row < 0) return -1;
      const key = row * keyWords;
      if (keys[key] === lo && keys[key + 1] === hi && this.#sameId(key, ticketId)) return row;
    }
  }

  /** Adds a ticket that is not in the table, at a revision and without an event here. */
  add(ticketId: string, lo: number, hi: number, revision: number): number {
    if ((this.size + 1) * changingWords > this.#changing.length) this.#growRows();
    if (this.size >= this.#index.length * fullness) this.#growIndex();
    const row = this.size;
    const key = row * keyWords;
    this.#keys[key] = lo;
    this.#keys[key + 1] = hi;
    this.#keys[key + 2] = this.#keepId(ticketId);
    this.#keys[key + 3] = ticketId.length;
    this.#changing[row * changingWords] = revision;
    this.size += 1;
    this.#place(lo, row);
    return row;
  }

  revision(row: number): number {
    return this.#changing[row * changingWords] ?? 0;
  }

  /** Number of the ticket's last event in the segment, counted from 1; 0 where it has none. */
  lastEvent(row: number): number {
    return this.#changing[row * changingWords + 1] ?? 0;
  }

  set(row: number, revision: number, lastEvent: number): void {
    this.#changing[row * changingWords] = revision;
    this.#changing[row * changingWords + 1] = lastEvent;
  }

  hashLo(row: number): number {
    return this.#keys[row * keyWords] ?? 0;
  }

  hashHi(row: number): number {
    return this.#keys[row * keyWords + 1] ?? 0;
  }

  #sameId(key: number, ticketId: string): boolean {
    if (this.#keys[key + 3] !== ticketId.length) return false;
    const start = this.#keys[key + 2] ?? 0;
    for (let index = 0; index < ticketId.length; index += 1) {
      if (this.#ids[start + index] !== ticketId.charCodeAt(index)) return false;
    }
    return true;
  }

  #keepId(ticketId: string): number {
    const start = this.#idsLength;
    const end = start + ticketId.length;
    if (end > this.#ids.length) {
      const larger = new Uint16Array(Math.max(end, this.#ids.length * 2));
      larger.set(this.#ids);
      this.#ids = larger;
    }
    for (let index = 0; index < ticketId.length; index += 1) {
      this.#ids[start + index] = ticketId.charCodeAt(index);
    }
    this.#idsLength = end;
    return start;
  }

  #place(lo: number, row: number): void {
    const mask = this.#index.length - 1;
    let at = lo & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = row + 1;
  }

  #growRows(): void {
    const changing = new Uint32Array(this.#changing.length * 2);
    changing.set(this.#changing);
    this.#changing = changing;
    const keys = new Uint32Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }

  #growIndex(): void {
    this.#index = new Uint32Array(this.#index.length * 2);
    for (let row = 0; row < this.size; row += 1) this.#place(this.hashLo(row), row);
  }
}

/** A power of two with room for `rows` rows. */
export function indexSizeFor(rows: number): number {
  let size = rowsMin;
  while (size * fullness <= rows) size *= 2;
  return size;
}
