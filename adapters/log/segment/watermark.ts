/**
 * The file `durable`: how far the log is durable, told by the writer to all other processes after each
 * sync. Written in place and not synced: after a crash it may be stale, but it is never ahead of the disk.
 *
 *     0 u32 "DKDU"   4 u32 0   8 2 x u32 salt of the segment   16 f64 segment's first position
 *     24 f64 durable offset in it   32 f64 last durable position   40 u32 0   44 u32 CRC-32 of bytes 0 to 43
 *
 * A reader must never show an event beyond it. A read that meets a write in the middle fails its checksum
 * and is tried again.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Salt } from './format.ts';
import { isMissing, type SegmentFile, type SegmentFiles } from './storage.ts';

export const watermarkName = 'durable';
const watermarkBytes = 48;
const magic = 0x55444b44;
const readTriesMax = 8;

export interface Watermark {
  readonly salt: Salt;
  readonly segment: number;
  /** Bytes of the segment that are durable. */
  readonly offset: number;
  /** Position of the last durable event; 0 for none. */
  readonly lastPosition: number;
}

export function encodeWatermark(mark: Watermark): Buffer {
  const bytes = Buffer.alloc(watermarkBytes);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(mark.salt.lo, 8);
  bytes.writeUInt32LE(mark.salt.hi, 12);
  bytes.writeDoubleLE(mark.segment, 16);
  bytes.writeDoubleLE(mark.offset, 24);
  bytes.writeDoubleLE(mark.lastPosition, 32);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 44)), 44);
  return bytes;
}

/** Undefined where the bytes are no watermark, or one caught while it was written. */
export function decodeWatermark(bytes: Buffer): Watermark | undefined {
  if (bytes.length < watermarkBytes || bytes.readUInt32LE(0) !== magic) return undefined;
  if (bytes.readUInt32LE(44) !== crc32(bytes.subarray(0, 44))) return undefined;
  return {
    salt: { lo: bytes.readUInt32LE(8), hi: bytes.readUInt32LE(12) },
    segment: bytes.readDoubleLE(16),
    offset: bytes.readDoubleLE(24),
    lastPosition: bytes.readDoubleLE(32),
  };
}

/** Reads the watermark through an open file; undefined where it is missing or damaged for good. */
export async function readWatermark(file: SegmentFile): Promise<Watermark | undefined> {
  const bytes = Buffer.alloc(watermarkBytes);
  for (let tries = 0; tries < readTriesMax; tries += 1) {
    const mark = decodeWatermark(bytes.subarray(0, await file.read(bytes, 0)));
    if (mark !== undefined) return mark;
  }
  return undefined;
}

export async function readWatermarkIn(files: SegmentFiles, folder: string): Promise<Watermark | undefined> {
  const file = await openIfThere(files, join(folder, watermarkName));
  if (file === undefined) return undefined;
  try {
    return await readWatermark(file);
  } finally {
    await file.close();
  }
}

/** Keeps the file up to date for the writer. Marks that come while one is written are told by the last. */
export class WatermarkWriter {
  readonly #file: SegmentFile;
  readonly #onFailed: (cause: unknown) => void;
  #latest: Watermark | undefined;
  #publishing: Promise<void> | undefined;

  private constructor(file: SegmentFile, onFailed: (cause: unknown) => void) {
    this.#file = file;
    this.#onFailed = onFailed;
  }

  /** Resolves when `mark` can be read by others. */
  static async open(
    files: SegmentFiles,
    folder: string,
    mark: Watermark,
    onFailed: (cause: unknown) => void,
  ): Promise<WatermarkWriter> {
    const writer = new WatermarkWriter(await openOrCreate(files, folder), onFailed);
    writer.publish(mark);
    await writer.settled();
    return writer;
  }

  publish(mark: Watermark): void {
    this.#latest = mark;
    this.#publishing ??= this.#publishLatest()
      .catch(this.#onFailed)
      .finally(() => {
        this.#publishing = undefined;
      });
  }

  /** Resolves when everything published is written, or has failed. */
  async settled(): Promise<void> {
    await this.#publishing;
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#file.close();
  }

  async #publishLatest(): Promise<void> {
    for (let mark = this.#latest; mark !== undefined; mark = this.#latest) {
      this.#latest = undefined;
      await this.#file.write(encodeWatermark(mark), 0);
    }
  }
}

async function openOrCreate(files: SegmentFiles, folder: string): Promise<SegmentFile> {
  const path = join(folder, watermarkName);
  try {
    return await files.open(path, 'write');
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const file = await files.open(path, 'create');
  await files.syncDirectory(folder);
  return file;
}

export async function openIfThere(files: SegmentFiles, path: string): Promise<SegmentFile | undefined> {
  try {
    return await files.open(path, 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
