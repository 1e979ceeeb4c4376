/**
 * The sidecar of a sealed segment (`.idx`): where each of its tickets' last record is, and each of its
 * commands' first, as a hash table in pages on disk. Only two filters are kept in memory, two bytes a key.
 *
 *     meta   u32 "DKIX", u32 version, u32 meta bytes, u32 CRC-32 of the rest of the meta part; 2 x u32 salt;
 *            f64 first position, f64 next position, f64 segment bytes, f64 last recordedAt;
 *            u32 ticket pages, u32 command pages, u32 words of each filter, u32 directory entries;
 *            both filters; the directory as pairs of f64 (position, offset); zeros up to a full page
 *     pages  of 4,096 bytes: u32 CRC-32 of the rest, u16 entries, u16 1 where entries went on to the next
 *            page; entries of five u32: hash lo, hash hi, revision, frame offset, index in the frame
 *
 * It can always be made again from its segment, and is, when any of its checksums fails. It finds
 * candidates by hash; it must never be believed before the record itself was compared.
 */
import { crc32 } from 'node:zlib';
import { type Salt, sidecarSuffix } from './format.ts';
import { BloomFilter } from './hash.ts';
import type { OpenFiles, PooledFile } from './open-files.ts';
import { isMissing } from './storage.ts';
import { FrameDirectory, type IndexEntry, type MemoryIndex } from './tables.ts';

const magic = 0x58494b44;
const version = 1;
const pageBytes = 4_096;
const pageHeaderBytes = 8;
const entryBytes = 20;
const entriesPerPage = Math.floor((pageBytes - pageHeaderBytes) / entryBytes);
const pageFullness = 0.7;
const metaHeaderBytes = 80;
/** Entries placed before other work gets its turn. */
const entriesPerTurn = 16_384;

/** What a sidecar says of its segment as a whole. */
export interface SealedFacts {
  readonly salt: Salt;
  readonly firstPosition: number;
  /** Position of the event after the segment's last. */
  readonly nextPosition: number;
  readonly segmentBytes: number;
  readonly lastRecordedAt: number;
}

/** The sidecar can not be trusted; it must be made again. Never leaves this folder. */
export class SidecarUnusable extends Error {}

export function sidecarPath(segmentPath: string): string {
  return segmentPath.replace(/\.seg$/, sidecarSuffix);
}

export async function encodeSidecar(facts: SealedFacts, index: MemoryIndex): Promise<Buffer> {
  const tickets = BloomFilter.forKeys(index.tickets.size);
  const commands = BloomFilter.forKeys(index.commands.size);
  const ticketPages = await encodePages(index.tickets.entries(), index.tickets.size, tickets);
  const commandPages = await encodePages(index.commands.entries(), index.commands.size, commands);
  const { positions, offsets } = index.directory;
  const filterBytes = tickets.words.byteLength + commands.words.byteLength;
  const used = metaHeaderBytes + filterBytes + positions.length * 16;
  const meta = Buffer.alloc(Math.ceil(used / pageBytes) * pageBytes);
  meta.writeUInt32LE(magic, 0);
  meta.writeUInt32LE(version, 4);
  meta.writeUInt32LE(meta.length, 8);
  meta.writeUInt32LE(facts.salt.lo, 16);
  meta.writeUInt32LE(facts.salt.hi, 20);
  meta.writeDoubleLE(facts.firstPosition, 24);
  meta.writeDoubleLE(facts.nextPosition, 32);
  meta.writeDoubleLE(facts.segmentBytes, 40);
  meta.writeDoubleLE(facts.lastRecordedAt, 48);
  meta.writeUInt32LE(ticketPages.length / pageBytes, 56);
  meta.writeUInt32LE(commandPages.length / pageBytes, 60);
  meta.writeUInt32LE(tickets.words.length, 64);
  meta.writeUInt32LE(commands.words.length, 68);
  meta.writeUInt32LE(positions.length, 72);
  let at = metaHeaderBytes;
  for (const { words } of [tickets, commands]) {
    Buffer.from(words.buffer, words.byteOffset, words.byteLength).copy(meta, at);
    at += words.byteLength;
  }
  for (const [entry, position] of positions.entries()) {
    at = meta.writeDoubleLE(offsets[entry] ?? 0, meta.writeDoubleLE(position, at));
  }
  meta.writeUInt32LE(crc32(meta.subarray(16)), 12);
  return Buffer.concat([meta, ticketPages, commandPages]);
}

/** The index of a sealed segment, by its sidecar. */
export class Sidecar {
  readonly facts: SealedFacts;
  readonly directory: FrameDirectory;
  readonly #file: PooledFile;
  readonly #tickets: Pages;
  readonly #commands: Pages;

  private constructor(file: PooledFile, meta: Buffer) {
    this.#file = file;
    this.facts = {
      salt: { lo: meta.readUInt32LE(16), hi: meta.readUInt32LE(20) },
      firstPosition: meta.readDoubleLE(24),
      nextPosition: meta.readDoubleLE(32),
      segmentBytes: meta.readDoubleLE(40),
      lastRecordedAt: meta.readDoubleLE(48),
    };
    const [ticketPages, commandPages] = [meta.readUInt32LE(56), meta.readUInt32LE(60)];
    const [ticketWords, commandWords] = [meta.readUInt32LE(64), meta.readUInt32LE(68)];
    const commandFilterAt = metaHeaderBytes + ticketWords * 4;
    const directoryAt = commandFilterAt + commandWords * 4;
    const ticketFilter = readFilter(meta, metaHeaderBytes, ticketWords);
    const commandFilter = readFilter(meta, commandFilterAt, commandWords);
    this.#tickets = { filter: ticketFilter, offset: meta.length, count: ticketPages };
    this.#commands = {
      filter: commandFilter,
      offset: meta.length + ticketPages * pageBytes,
      count: commandPages,
    };
    this.directory = new FrameDirectory();
    for (let entry = 0; entry < meta.readUInt32LE(72); entry += 1) {
      const at = directoryAt + entry * 16;
      this.directory.add(meta.readDoubleLE(at), meta.readDoubleLE(at + 8));
    }
  }

  /** Undefined where there is no sidecar, or none that belongs to this segment and is whole. */
  static async open(files: OpenFiles, segmentPath: string, salt: Salt): Promise<Sidecar | undefined> {
    const file = files.file(sidecarPath(segmentPath));
    const meta = await readMeta(file);
    if (meta?.readUInt32LE(16) !== salt.lo || meta.readUInt32LE(20) !== salt.hi) return undefined;
    return new Sidecar(file, meta);
  }

  mayHaveTicket(lo: number, hi: number): boolean {
    return this.#tickets.filter.mayHave(lo, hi);
  }

  mayHaveCommand(lo: number, hi: number): boolean {
    return this.#commands.filter.mayHave(lo, hi);
  }

  ticketCandidates(lo: number, hi: number): Promise<IndexEntry[]> {
    return this.#candidates(this.#tickets, lo, hi);
  }

  commandCandidates(lo: number, hi: number): Promise<IndexEntry[]> {
    return this.#candidates(this.#commands, lo, hi);
  }

  async #candidates(pages: Pages, lo: number, hi: number): Promise<IndexEntry[]> {
    const found: IndexEntry[] = [];
    if (!pages.filter.mayHave(lo, hi)) return found;
    let page = pageOf(hi, pages.count);
    for (let visited = 0; visited < pages.count; visited += 1) {
      const bytes = Buffer.allocUnsafe(pageBytes);
      const length = await this.#file.read(bytes, pages.offset + page * pageBytes);
      if (length < pageBytes || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) {
        throw new SidecarUnusable(`page ${page} fails its checksum`);
      }
      for (let entry = 0; entry < bytes.readUInt16LE(4); entry += 1) {
        const at = pageHeaderBytes + entry * entryBytes;
        if (bytes.readUInt32LE(at) === lo && bytes.readUInt32LE(at + 4) === hi)
          found.push(readEntry(bytes, at));
      }
      if (bytes.readUInt16LE(6) === 0) break;
      page = (page + 1) % pages.count;
    }
    return found;
  }
}

interface Pages {
  readonly filter: BloomFilter;
  readonly offset: number;
  readonly count: number;
}

function pageOf(hi: number, pageCount: number): number {
  return Math.floor((hi * pageCount) / 0x1_0000_0000);
}

/** The pages of a table; its keys go into `filter` as well. */
async function encodePages(
  entries: Iterable<IndexEntry>,
  size: number,
  filter: BloomFilter,
): Promise<Buffer> {
  const count = Math.max(1, Math.ceil(size / (entriesPerPage * pageFullness)));
  const bytes = Buffer.alloc(count * pageBytes);
  let placed = 0;
  for (const entry of entries) {
    filter.add(entry.lo, entry.hi);
    let page = pageOf(entry.hi, count);
    while (bytes.readUInt16LE(page * pageBytes + 4) === entriesPerPage) {
      bytes.writeUInt16LE(1, page * pageBytes + 6);
      page = (page + 1) % count;
    }
    const used = bytes.readUInt16LE(page * pageBytes + 4);
    writeEntry(bytes, page * pageBytes + pageHeaderBytes + used * entryBytes, entry);
    bytes.writeUInt16LE(used + 1, page * pageBytes + 4);
    placed += 1;
    if (placed % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (let at = 0; at < bytes.length; at += pageBytes) {
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 4, at + pageBytes)), at);
  }
  return bytes;
}

function writeEntry(bytes: Buffer, at: number, entry: IndexEntry): void {
  bytes.writeUInt32LE(entry.lo, at);
  bytes.writeUInt32LE(entry.hi, at + 4);
  bytes.writeUInt32LE(entry.revision, at + 8);
  bytes.writeUInt32LE(entry.frameOffset, at + 12);
  bytes.writeUInt32LE(entry.index, at + 16);
}

function readEntry(bytes: Buffer, at: number): IndexEntry {
  return {
    lo: bytes.readUInt32LE(at),
    hi: bytes.readUInt32LE(at + 4),
    revision: bytes.readUInt32LE(at + 8),
    frameOffset: bytes.readUInt32LE(at + 12),
    index: bytes.readUInt32LE(at + 16),
  };
}

async function readMeta(file: PooledFile): Promise<Buffer | undefined> {
  const head = Buffer.alloc(metaHeaderBytes);
  let size = 0;
  try {
    size = await file.size();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if ((await file.read(head, 0)) < metaHeaderBytes) return undefined;
  const metaBytes = head.readUInt32LE(8);
  if (head.readUInt32LE(0) !== magic || head.readUInt32LE(4) !== version) return undefined;
  if (metaBytes < metaHeaderBytes || metaBytes > size) return undefined;
  const meta = Buffer.alloc(metaBytes);
  await file.read(meta, 0);
  if (crc32(meta.subarray(16)) !== meta.readUInt32LE(12)) return undefined;
  const pages = meta.readUInt32LE(56) + meta.readUInt32LE(60);
  return size === metaBytes + pages * pageBytes ? meta : undefined;
}

function readFilter(meta: Buffer, at: number, words: number): BloomFilter {
  const copy = new Uint32Array(words);
  meta.copy(Buffer.from(copy.buffer), 0, at, at + words * 4);
  return new BloomFilter(copy);
}
