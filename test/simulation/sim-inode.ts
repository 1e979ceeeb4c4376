/**
 * One simulated file: what reads see (the cache), what a power cut surely keeps (the durable bytes), and in
 * order everything between the two. A write is kept as one piece for each sector it touches, because a disk
 * promises to write a sector as a whole and nothing more.
 *
 * It must never hand out a buffer that it changes later: images of the disk share them.
 */

/** The part of a write that falls into one sector. */
export interface SectorWrite {
  /** Counts the changes of this file, so that a sync knows what came before it. */
  readonly change: number;
  readonly sector: number;
  /** Where in the sector the bytes go. */
  readonly from: number;
  readonly bytes: Buffer;
  /** A sync of it failed: the kernel calls it clean and will not write it again. */
  readonly dropped: boolean;
}

export interface SizeChange {
  readonly change: number;
  readonly size: number;
  readonly dropped: boolean;
}

/** What a crash has to choose from. Never changes. */
export interface FrozenFile {
  readonly durable: Buffer;
  readonly durableSize: number;
  readonly writes: readonly SectorWrite[];
  readonly sizes: readonly SizeChange[];
  readonly sectorBytes: number;
}

export class SimInode {
  readonly #sectorBytes: number;
  #cache: Buffer;
  #cacheIsShared = true;
  #size: number;
  #durable: Buffer;
  #durableSize: number;
  #writes: SectorWrite[] = [];
  #sizes: SizeChange[] = [];
  #changes = 0;
  #frozen: FrozenFile | undefined;

  constructor(durable: Buffer, sectorBytes: number) {
    this.#sectorBytes = sectorBytes;
    this.#cache = durable;
    this.#size = durable.length;
    this.#durable = durable;
    this.#durableSize = durable.length;
  }

  /** The file as it was when it was frozen, its cache included. */
  static thaw(frozen: FrozenFile): SimInode {
    const { durable, durableSize, writes, sizes, sectorBytes } = frozen;
    const inode = new SimInode(Buffer.alloc(0), sectorBytes);
    inode.#durable = durable;
    inode.#durableSize = durableSize;
    inode.#writes = [...writes];
    inode.#sizes = [...sizes];
    inode.#changes = Math.max(0, ...writes.map(({ change }) => change), ...sizes.map(({ change }) => change));
    inode.#size = sizes.at(-1)?.size ?? durableSize;
    const ends = writes.map(({ sector, from, bytes }) => sector * sectorBytes + from + bytes.length);
    inode.#ensure(Math.max(inode.#size, durable.length, ...ends));
    durable.copy(inode.#cache);
    for (const { sector, from, bytes } of writes) inode.#cache.set(bytes, sector * sectorBytes + from);
    inode.#cache.fill(0, inode.#size);
    return inode;
  }

  get size(): number {
    return this.#size;
  }

  read(target: Uint8Array, position: number): number {
    return this.#cache.copy(target, 0, Math.min(position, this.#size), this.#size);
  }

  write(bytes: Uint8Array, position: number): void {
    const change = this.#change();
    const end = position + bytes.length;
    this.#ensure(end);
    this.#cache.set(bytes, position);
    this.#note(position, end, change);
    if (end > this.#size) this.#resize(end, change);
  }

  /** Bytes that are cut off are gone from the cache; what is added reads as zeros. */
  truncate(size: number): void {
    const change = this.#change();
    this.#ensure(size);
    if (size < this.#size) {
      this.#cache.fill(0, size, this.#size);
      this.#note(size, this.#size, change);
    }
    if (size !== this.#size) this.#resize(size, change);
  }

  /** Promises to make durable what was written up to now; it is so when the returned function was called. */
  beginSync(): () => void {
    const upTo = this.#changes;
    const cache = Buffer.from(this.#cache.subarray(0, this.#size));
    return () => this.#settle(upTo, cache);
  }

  /** A sync failed: what was to be written counts as clean. Reads still see it; no sync writes it again. */
  dropDirty(): void {
    this.#writes = this.#writes.map((write) => ({ ...write, dropped: true }));
    this.#sizes = this.#sizes.map((size) => ({ ...size, dropped: true }));
    this.#frozen = undefined;
  }

  freeze(): FrozenFile {
    this.#frozen ??= {
      durable: this.#durable,
      durableSize: this.#durableSize,
      writes: [...this.#writes],
      sizes: [...this.#sizes],
      sectorBytes: this.#sectorBytes,
    };
    return this.#frozen;
  }

  #change(): number {
    this.#frozen = undefined;
    this.#changes += 1;
    return this.#changes;
  }

  #resize(size: number, change: number): void {
    this.#size = size;
    this.#sizes.push({ change, size, dropped: false });
  }

  /** Remembers the cache's bytes `start` to `end` as written, sector by sector. */
  #note(start: number, end: number, change: number): void {
    const sectorBytes = this.#sectorBytes;
    for (let at = start; at < end; ) {
      const sector = Math.floor(at / sectorBytes);
      const pieceEnd = Math.min(end, (sector + 1) * sectorBytes);
      const bytes = Buffer.from(this.#cache.subarray(at, pieceEnd));
      this.#writes.push({ change, sector, from: at - sector * sectorBytes, bytes, dropped: false });
      at = pieceEnd;
    }
  }

  /** A sector that was dropped and then written again is written as the cache has it. */
  #settle(upTo: number, cache: Buffer): void {
    const synced = new Set<number>();
    let syncedEnd = 0;
    for (const { change, sector, from, bytes, dropped } of this.#writes) {
      if (change > upTo || dropped) continue;
      synced.add(sector);
      syncedEnd = Math.max(syncedEnd, sector * this.#sectorBytes + from + bytes.length);
    }
    const durable = Buffer.alloc(Math.max(cache.length, this.#durable.length));
    this.#durable.copy(durable);
    for (const sector of synced) {
      const start = sector * this.#sectorBytes;
      durable.fill(0, start, Math.min(start + this.#sectorBytes, durable.length));
      if (start < cache.length) cache.copy(durable, start, start, start + this.#sectorBytes);
    }
    const sizes = this.#sizes.filter((size) => size.change <= upTo && !size.dropped);
    // A size that was dropped comes back with bytes beyond the old one that are written again and synced.
    const sizeByBytes = Math.max(this.#durableSize, Math.min(syncedEnd, cache.length));
    this.#durableSize = sizes.at(-1)?.size ?? sizeByBytes;
    this.#durable = durable;
    this.#writes = this.#writes.filter(({ change, sector }) => change > upTo || !synced.has(sector));
    if (sizes.length > 0) this.#sizes = this.#sizes.filter((size) => size.change > upTo);
    this.#frozen = undefined;
  }

  #ensure(length: number): void {
    if (!this.#cacheIsShared && length <= this.#cache.length) return;
    const capacity = length <= this.#cache.length ? this.#cache.length : Math.max(length, 2 * this.#size);
    const larger = Buffer.alloc(capacity);
    this.#cache.copy(larger, 0, 0, this.#size);
    this.#cache = larger;
    this.#cacheIsShared = false;
  }
}
