/**
 * Files opened for reading, a bounded number at a time: a log of a thousand segments must not use up the
 * descriptors of the process. The least recently used file that nobody reads goes first.
 *
 * A segment may have been compressed or archived, by another process and at any moment: it is asked for by
 * the path it grew at, and served from wherever it is now, with all offsets as they were.
 *
 * It must never close a file in the middle of a read.
 */
import { Fault } from '../../../domain/errors.ts';
import { BlockCache } from './compressed-file.ts';
import { segmentSuffix } from './format.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';
import { isMissing } from './storage.ts';
import { findSegment, type ReadableFile } from './stored-segment.ts';

const openFilesMax = 128;
/** A file that nobody read for so long is closed, so that the disk gets a removed segment's space back. */
const idleMsMax = 60_000;

export type PooledFile = Pick<SegmentFile, 'read' | 'size'>;

interface Entry {
  readonly opening: Promise<ReadableFile>;
  usedAtMs: number;
  users: number;
  dropped: boolean;
}

export class OpenFiles {
  readonly #files: SegmentFiles;
  readonly #blocks = new BlockCache();
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>();

  constructor(files: SegmentFiles) {
    this.#files = files;
  }

  /** A file by path, opened when it is first read and again whenever it was closed in between. */
  file(path: string): PooledFile {
    return {
      read: (target, position) => this.#use(path, (file) => file.read(target, position)),
      size: () => this.#use(path, (file) => file.size()),
    };
  }

  /** The next read opens the file anew: another file has taken this name. */
  async drop(path: string): Promise<void> {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    entry.dropped = true;
    if (entry.users === 0) await closeQuietly(entry);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.keys()].map((path) => this.drop(path)));
  }

  async #use<T>(path: string, work: (file: ReadableFile) => Promise<T>): Promise<T> {
    const moves = path.endsWith(segmentSuffix);
    try {
      return await this.#useOnce(path, moves, work);
    } catch (error) {
      if (!moves || !wentAway(error)) throw readingFailed(path, error);
      await this.drop(path);
      return await this.#useOnce(path, moves, work).catch((cause: unknown) => {
        throw readingFailed(path, cause);
      });
    }
  }

  async #useOnce<T>(path: string, moves: boolean, work: (file: ReadableFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? {
      opening: moves ? this.#find(path) : this.#files.open(path, 'read'),
      usedAtMs: 0,
      users: 0,
      dropped: false,
    };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users += 1;
    entry.usedAtMs = performance.now();
    try {
      const file = await entry.opening.catch((error: unknown) => {
        if (this.#entries.get(path) === entry) this.#entries.delete(path);
        throw error;
      });
      return await work(file);
    } finally {
      entry.users -= 1;
      if (entry.dropped && entry.users === 0) await closeQuietly(entry);
      await this.#dropIdle(entry.usedAtMs - idleMsMax);
    }
  }

  async #find(path: string): Promise<ReadableFile> {
    return (await findSegment(this.#files, path, this.#blocks)).file;
  }

  /** Closes the file used longest ago, where there are too many or nobody used it since `sinceMs`. */
  async #dropIdle(sinceMs: number): Promise<void> {
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= openFilesMax && entry.usedAtMs > sinceMs) return;
      if (entry.users > 0) continue;
      await this.drop(path);
      return;
    }
  }
}

/** Another process removed the file under our hands; network file systems say so only when it is read. */
function wentAway(error: unknown): boolean {
  return isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ESTALE');
}

/** Files that are missing, and damage, are for the caller to judge; anything else is the disk's failure. */
function readingFailed(path: string, error: unknown): unknown {
  if (error instanceof Fault || isMissing(error) || !(error instanceof Error && 'code' in error))
    return error;
  return new Fault('log_unreadable', `${path} could not be read (${String(error.code)})`, { cause: error });
}

/** Nothing was written through these files, so a failing close loses nothing. */
async function closeQuietly(entry: Entry): Promise<void> {
  await entry.opening.then((file) => file.close()).catch(() => undefined);
}
