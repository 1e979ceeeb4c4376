/**
 * A hash table in pages on disk, as sidecars have two of: written once, looked up with one read. Keys are
 * 64-bit hashes; several entries may have the same. sidecar.ts tells the layout.
 *
 * A page that fails its checksum must never be looked at: the sidecar is then made again.
 */
import { crc32 } from 'node:zlib';
import type { BloomFilter } from './hash.ts';
import type { PooledFile } from './open-files.ts';

/** The sidecar can not be trusted; it must be made again. Never leaves this folder. */
export class SidecarUnusable extends Error {}

export const pageBytes = 4_096;
const pageHeaderBytes = 8;
const pageFullness = 0.7;
/** Entries placed before other work gets its turn. */
const entriesPerTurn = 16_384;

export interface Pages {
  readonly filter: BloomFilter;
  /** Of the first page in the file. */
  readonly offset: number;
  readonly count: number;
  /** Words of an entry; the first two are the hash. */
  readonly entryWords: number;
}

/** What is to be written: `size` entries, each put together by `fill` from the third word on. */
export interface PageSource {
  readonly size: number;
  readonly entryWords: number;
  hashLo(entry: number): number;
  hashHi(entry: number): number;
  fill(entry: number, bytes: Buffer, at: number): void;
}

function entriesPerPage(entryWords: number): number {
  return Math.floor((pageBytes - pageHeaderBytes) / (entryWords * 4));
}

function pageOf(hi: number, pageCount: number): number {
  return Math.floor((hi * pageCount) / 0x1_0000_0000);
}

/** The words behind the hash, of all entries with this hash. */
export async function pageCandidates(
  file: PooledFile,
  pages: Pages,
  lo: number,
  hi: number,
): Promise<readonly (readonly number[])[]> {
  const found: number[][] = [];
  if (!pages.filter.mayHave(lo, hi)) return found;
  const bytes = Buffer.allocUnsafe(pageBytes);
  const entryBytes = pages.entryWords * 4;
  let page = pageOf(hi, pages.count);
  for (let visited = 0; visited < pages.count; visited += 1) {
    const length = await file.read(bytes, pages.offset + page * pageBytes);
    if (length < pageBytes || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) {
      throw new SidecarUnusable(`page ${page} fails its checksum`);
    }
    const end = pageHeaderBytes + bytes.readUInt16LE(4) * entryBytes;
    for (let at = pageHeaderBytes; at < end; at += entryBytes) {
      if (bytes.readUInt32LE(at) !== lo || bytes.readUInt32LE(at + 4) !== hi) continue;
      const words = Array.from({ length: pages.entryWords - 2 }, (_, word) =>
        bytes.readUInt32LE(at + 8 + word * 4),
      );
      found.push(words);
    }
    if (bytes.readUInt16LE(6) === 0) break;
    page = (page + 1) % pages.count;
  }
  return found;
}

/** The pages of a table; its keys go into `filter` as well. */
export async function encodePages(source: PageSource, filter: BloomFilter): Promise<Buffer> {
  const { entryWords, size } = source;
  const perPage = entriesPerPage(entryWords);
  const count = Math.max(1, Math.ceil(size / (perPage * pageFullness)));
  const bytes = Buffer.alloc(count * pageBytes);
  for (let entry = 0; entry < size; entry += 1) {
    const [lo, hi] = [source.hashLo(entry), source.hashHi(entry)];
    filter.add(lo, hi);
    let page = pageOf(hi, count);
    while (bytes.readUInt16LE(page * pageBytes + 4) === perPage) {
      bytes.writeUInt16LE(1, page * pageBytes + 6);
      page = (page + 1) % count;
    }
    const used = bytes.readUInt16LE(page * pageBytes + 4);
    const at = page * pageBytes + pageHeaderBytes + used * entryWords * 4;
    bytes.writeUInt32LE(lo, at);
    bytes.writeUInt32LE(hi, at + 4);
    source.fill(entry, bytes, at + 8);
    bytes.writeUInt16LE(used + 1, page * pageBytes + 4);
    if (entry % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  for (let at = 0; at < bytes.length; at += pageBytes) {
    bytes.writeUInt32LE(crc32(bytes.subarray(at + 4, at + pageBytes)), at);
  }
  return bytes;
}
