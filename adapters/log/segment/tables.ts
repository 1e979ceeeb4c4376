/**
 * The index of a segment that is still growing: where each ticket's last record is, and each command's
 * first. Open addressing in typed arrays, so that a million tickets cost no objects for the collector.
 *
 * The ticket table keeps the ids themselves and is exact. The command table keeps only hashes: what it
 * finds are candidates, to be compared with the record, and must never be taken for an answer.
 */
const slotsMin = 1_024;
/** A fuller table is doubled: longer probes would cost more than the memory. */
const fullness = 0.625;
const ticketStride = 8;
const commandStride = 4;
/** A frame directory remembers one frame in this many bytes of segment. */
const directoryBytesStep = 256 * 1024;

export interface IndexEntry {
  readonly lo: number;
  readonly hi: number;
  /** Of a ticket's last record; 0 for commands. */
  readonly revision: number;
  readonly frameOffset: number;
  readonly index: number;
}

function slotsFor(size: number): number {
  let slots = slotsMin;
  while (slots * fullness <= size) slots *= 2;
  return slots;
}

/**
 * ticketId → revision and place of its last record. A slot is: lo, hi, revision, id start, id length,
 * offset, index.
 */
export class TicketTable {
  size = 0;
  #slots: Uint32Array;
  #slotCount: number;
  #ids: Uint16Array;
  #idsLength = 0;

  /** With room for as many tickets as `like` has, so that it need not grow in the midst of appends. */
  constructor(like?: TicketTable) {
    this.#slotCount = slotsFor(like?.size ?? 0);
    this.#slots = new Uint32Array(this.#slotCount * ticketStride);
    this.#ids = new Uint16Array(Math.max(slotsMin, like === undefined ? 0 : like.#idsLength));
  }

  get bytes(): number {
    return this.#slots.byteLength + this.#ids.byteLength;
  }

  /** The slot of a ticket, for the accessors below; -1 where it is not in the table. */
  find(ticketId: string, lo: number, hi: number): number {
    const slot = this.#probe(ticketId, lo, hi);
    return this.#slots[slot + 5] === 0 ? -1 : slot;
  }

  revision(slot: number): number {
    return this.#slots[slot + 2] ?? 0;
  }

  frameOffset(slot: number): number {
    return this.#slots[slot + 5] ?? 0;
  }

  index(slot: number): number {
    return this.#slots[slot + 6] ?? 0;
  }

  put(ticketId: string, lo: number, hi: number, revision: number, frameOffset: number, index: number): void {
    let slot = this.#probe(ticketId, lo, hi);
    if (this.#slots[slot + 5] === 0) {
      if (this.size >= this.#slotCount * fullness) {
        this.#grow();
        slot = this.#probe(ticketId, lo, hi);
      }
      this.size += 1;
      this.#slots[slot] = lo;
      this.#slots[slot + 1] = hi;
      this.#slots[slot + 3] = this.#keepId(ticketId);
      this.#slots[slot + 4] = ticketId.length;
    }
    this.#slots[slot + 2] = revision;
    this.#slots[slot + 5] = frameOffset;
    this.#slots[slot + 6] = index;
  }

  *entries(): Generator<IndexEntry> {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot += ticketStride) {
      const frameOffset = slots[slot + 5] ?? 0;
      if (frameOffset === 0) continue;
      const [lo = 0, hi = 0, revision = 0] = [slots[slot], slots[slot + 1], slots[slot + 2]];
      yield { lo, hi, revision, frameOffset, index: slots[slot + 6] ?? 0 };
    }
  }

  /** The ticket's slot, or the empty slot where it would go. */
  #probe(ticketId: string, lo: number, hi: number): number {
    const slots = this.#slots;
    const mask = this.#slotCount - 1;
    for (let at = lo & mask; ; at = (at + 1) & mask) {
      const slot = at * ticketStride;
      if (slots[slot + 5] === 0) return slot;
      if (slots[slot] === lo && slots[slot + 1] === hi && this.#sameId(slot, ticketId)) return slot;
    }
  }

  #sameId(slot: number, ticketId: string): boolean {
    if (this.#slots[slot + 4] !== ticketId.length) return false;
    const start = this.#slots[slot + 3] ?? 0;
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

  #grow(): void {
    const old = this.#slots;
    this.#slotCount *= 2;
    const slots = new Uint32Array(this.#slotCount * ticketStride);
    const mask = this.#slotCount - 1;
    for (let from = 0; from < old.length; from += ticketStride) {
      if (old[from + 5] === 0) continue;
      let at = (old[from] ?? 0) & mask;
      while (slots[at * ticketStride + 5] !== 0) at = (at + 1) & mask;
      copySlot(old, from, slots, at * ticketStride, ticketStride);
    }
    this.#slots = slots;
  }
}

/**
 * Hash of a command id → place of its first record. The entries lie in the order they came (lo, hi, frame
 * offset, index); the slots hold only their numbers, so that an insertion touches little memory at random.
 */
export class CommandTable {
  size = 0;
  /** Number of an entry plus one; 0 where there is none. */
  #slots: Uint32Array;
  #entries: Uint32Array;

  /** With room for as many commands as `like` has. */
  constructor(like?: CommandTable) {
    this.#slots = new Uint32Array(slotsFor(like?.size ?? 0));
    this.#entries = new Uint32Array(this.#slots.length * commandStride * fullness);
  }

  add(lo: number, hi: number, frameOffset: number, index: number): void {
    if ((this.size + 1) * commandStride > this.#entries.length) this.#grow();
    const at = this.size * commandStride;
    this.#entries[at] = lo;
    this.#entries[at + 1] = hi;
    this.#entries[at + 2] = frameOffset;
    this.#entries[at + 3] = index;
    this.size += 1;
    this.#place(lo, this.size);
  }

  /** Every record whose command id has this hash. */
  candidates(lo: number, hi: number): IndexEntry[] {
    const found: IndexEntry[] = [];
    const mask = this.#slots.length - 1;
    for (let slot = lo & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0) return found;
      const entry = this.#entry(number - 1);
      if (entry.lo === lo && entry.hi === hi) found.push(entry);
    }
  }

  *entries(): Generator<IndexEntry> {
    for (let number = 0; number < this.size; number += 1) yield this.#entry(number);
  }

  #entry(number: number): IndexEntry {
    const at = number * commandStride;
    const entries = this.#entries;
    const [lo = 0, hi = 0, frameOffset = 0] = [entries[at], entries[at + 1], entries[at + 2]];
    return { lo, hi, revision: 0, frameOffset, index: entries[at + 3] ?? 0 };
  }

  #place(lo: number, number: number): void {
    const mask = this.#slots.length - 1;
    let slot = lo & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number;
  }

  #grow(): void {
    const entries = new Uint32Array(this.#slots.length * 2 * commandStride * fullness);
    entries.set(this.#entries);
    this.#entries = entries;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.size; number += 1) {
      this.#place(entries[number * commandStride] ?? 0, number + 1);
    }
  }
}

/** Some frames of a segment by position, so that reading from the middle need not begin at its start. */
export class FrameDirectory {
  readonly positions: number[] = [];
  readonly offsets: number[] = [];

  add(position: number, offset: number): void {
    const last = this.offsets.at(-1);
    if (last !== undefined && offset - last < directoryBytesStep) return;
    this.positions.push(position);
    this.offsets.push(offset);
  }

  /** The last remembered frame that begins at or before `position`; undefined where there is none. */
  before(position: number): { readonly position: number; readonly offset: number } | undefined {
    const after = this.positions.findIndex((candidate) => candidate > position);
    const at = (after === -1 ? this.positions.length : after) - 1;
    const [found, offset] = [this.positions[at], this.offsets[at]];
    return found === undefined || offset === undefined ? undefined : { position: found, offset };
  }
}

/** Everything that is indexed of one segment, in memory. */
export class MemoryIndex {
  readonly tickets: TicketTable;
  readonly commands: CommandTable;
  readonly directory = new FrameDirectory();

  /** With room for what `like`, usually the segment before, has of each. */
  constructor(like?: {
    readonly tickets: TicketTable | undefined;
    readonly commands: CommandTable | undefined;
  }) {
    this.tickets = new TicketTable(like?.tickets);
    this.commands = new CommandTable(like?.commands);
  }
}

function copySlot(from: Uint32Array, fromAt: number, to: Uint32Array, toAt: number, stride: number): void {
  for (let word = 0; word < stride; word += 1) to[toAt + word] = from[fromAt + word] ?? 0;
}
