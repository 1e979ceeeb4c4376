/**
 * The file of the segment that grows. Space is written ahead with zeros, in the same sync as the batch that
 * needs it: a sync of bytes inside a file's size and blocks need not write the file's metadata as well.
 *
 * It must never let the zeros of one batch be synced without that batch, and never leave zeros behind the
 * last frame of a segment that is complete.
 */
import type { SyncObserver } from '../../../domain/ports.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';

/** A larger batch pays for its metadata by its size. */
export const smallBatchBytesMax = 32 * 1024;
export const prewrittenBytesMax = 1024 * 1024;
/** Shared by all logs of the process. */
const zeros = Buffer.alloc(prewrittenBytesMax);

/** When another batch will come into the same file. */
export type NextBatch = 'nothing ever' | 'waits' | 'later';

export interface GrowingFileOptions {
  /** Written ahead with zeros. */
  readonly prewrittenBytes: number;
  /** The size at which the segment is sealed: nothing is written ahead beyond it. */
  readonly segmentBytesMax: number;
  readonly onSync?: SyncObserver | undefined;
}

export class GrowingFile {
  readonly #file: SegmentFile;
  readonly #options: GrowingFileOptions;
  /** Everything before this has been written, if only with zeros. */
  #writtenUpTo: number;

  private constructor(file: SegmentFile, options: GrowingFileOptions, writtenUpTo: number) {
    this.#file = file;
    this.#options = options;
    this.#writtenUpTo = writtenUpTo;
  }

  static async open(files: SegmentFiles, path: string, options: GrowingFileOptions): Promise<GrowingFile> {
    const file = await files.open(path, 'write');
    return new GrowingFile(file, options, await file.size());
  }

  /**
   * Resolves when `bytes` are durable at `offset`. Not even zeros follow the last ones of a file. Nor are any
   * written while more waits: under load they would only add to what the disk has to write.
   */
  async append(bytes: Uint8Array, offset: number, next: NextBatch): Promise<void> {
    const end = offset + bytes.length;
    await this.#file.write(bytes, offset);
    if (next === 'nothing ever' && this.#writtenUpTo > end) {
      await this.#file.truncate(end);
      this.#writtenUpTo = end;
    } else if (end > this.#writtenUpTo) {
      this.#writtenUpTo = end;
      if (next === 'later' && bytes.length < smallBatchBytesMax) await this.#writeAhead();
    }
    const { onSync } = this.#options;
    if (onSync === undefined) return this.#file.sync();
    const sinceMs = performance.now();
    await this.#file.sync();
    onSync(performance.now() - sinceMs, bytes.length);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #writeAhead(): Promise<void> {
    const { prewrittenBytes, segmentBytesMax } = this.#options;
    const length = Math.min(prewrittenBytes, segmentBytesMax - this.#writtenUpTo);
    if (length <= 0) return;
    await this.#file.write(zeros.subarray(0, length), this.#writtenUpTo);
    this.#writtenUpTo += length;
  }
}
