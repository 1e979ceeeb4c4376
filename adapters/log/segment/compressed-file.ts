/**
 * Reads a compressed segment as if it were the original: any bytes, at their original offsets. Blocks are
 * decompressed in the thread pool and the last few are kept, since neighbouring frames share a block.
 *
 * It must never hand out a byte of a block that does not match the checksum of the original.
 */
import { promisify } from 'node:util';
import { crc32, zstdDecompress } from 'node:zlib';
import {
  type Block,
  type CompressedHeader,
  compressedHeaderBytes,
  decodeBlockTable,
  peekCompressedHeader,
} from './compressed-format.ts';
import { LogDamage } from './format.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';

/** Decompressed blocks that one cache keeps: 8 MiB at the usual size of a block. */
const blocksKeptMax = 64;

const decompress = promisify(zstdDecompress);

/** Decompressed blocks of all the files that share it, the least recently used going first. */
export class BlockCache {
  #files = 0;
  readonly #blocks = new Map<string, Promise<Buffer>>();

  /** A name for the blocks of a file that is opened now; another opening gets another. */
  fileKey(): string {
    this.#files += 1;
    return `${this.#files}/`;
  }

  /** A block that is asked for again while it is being loaded is loaded once. */
  get(key: string, load: () => Promise<Buffer>): Promise<Buffer> {
    const block = this.#blocks.get(key) ?? this.#loading(key, load);
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    const [oldest] = this.#blocks.keys();
    if (this.#blocks.size > blocksKeptMax && oldest !== undefined) this.#blocks.delete(oldest);
    return block;
  }

  forget(fileKey: string): void {
    for (const key of this.#blocks.keys()) if (key.startsWith(fileKey)) this.#blocks.delete(key);
  }

  #loading(key: string, load: () => Promise<Buffer>): Promise<Buffer> {
    const block = load();
    block.catch(() => {
      if (this.#blocks.get(key) === block) this.#blocks.delete(key);
    });
    return block;
  }
}

export class CompressedFile implements Pick<SegmentFile, 'read' | 'size' | 'close'> {
  readonly header: CompressedHeader;
  /** Of the compressed file itself. */
  readonly storedBytes: number;
  readonly #file: SegmentFile;
  readonly #path: string;
  readonly #blocks: readonly Block[];
  readonly #cache: BlockCache;
  readonly #key: string;

  private constructor(
    file: SegmentFile,
    path: string,
    header: CompressedHeader,
    storedBytes: number,
    blocks: readonly Block[],
    cache: BlockCache,
  ) {
    this.storedBytes = storedBytes;
    this.#file = file;
    this.#path = path;
    this.header = header;
    this.#blocks = blocks;
    this.#cache = cache;
    this.#key = cache.fileKey();
  }

  /** Throws `log_damaged` where the header or the table is not whole. */
  static async open(files: SegmentFiles, path: string, cache: BlockCache): Promise<CompressedFile> {
    const file = await files.open(path, 'read');
    try {
      const fileBytes = await file.size();
      const head = Buffer.alloc(compressedHeaderBytes);
      const headBytes = await file.read(head, 0);
      const { header, tableEnd } = peekCompressedHeader(head.subarray(0, headBytes), path, fileBytes);
      const table = Buffer.alloc(tableEnd);
      await file.read(table, 0);
      const blocks = decodeBlockTable(table, path, fileBytes);
      return new CompressedFile(file, path, header, fileBytes, blocks, cache);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const { blockBytes, bytes } = this.header;
    const end = Math.min(position + target.length, bytes);
    for (let at = position; at < end; ) {
      const index = Math.floor(at / blockBytes);
      const block = await this.#cache.get(`${this.#key}${index}`, () => this.#load(index));
      const from = at - index * blockBytes;
      const part = block.subarray(from, Math.min(block.length, from + end - at));
      target.set(part, at - position);
      at += part.length;
    }
    return Math.max(0, end - position);
  }

  /** Of the original. */
  async size(): Promise<number> {
    return this.header.bytes;
  }

  async close(): Promise<void> {
    this.#cache.forget(this.#key);
    await this.#file.close();
  }

  async #load(index: number): Promise<Buffer> {
    const { blockBytes, bytes } = this.header;
    const start = index * blockBytes;
    const damaged = (what: string, cause?: unknown) =>
      new LogDamage(this.#path, start, `block ${index} of the compressed segment ${what}`, { cause });
    const entry = this.#blocks[index];
    if (entry === undefined) throw damaged('is not in its table');
    const length = Math.min(blockBytes, bytes - start);
    const compressed = Buffer.allocUnsafe(entry.length);
    if ((await this.#file.read(compressed, entry.offset)) < entry.length) throw damaged('is cut short');
    const block = await decompress(compressed, { chunkSize: blockBytes, maxOutputLength: length }).catch(
      (cause: unknown) => {
        throw outOfMemory(cause) ? cause : damaged('can not be decompressed', cause);
      },
    );
    if (block.length !== length || crc32(block) !== entry.crc) throw damaged('fails its checksum');
    return block;
  }
}

/** The one failure of zstd that says nothing about the bytes. */
function outOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ZSTD_error_memory_allocation';
}
