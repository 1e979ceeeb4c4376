/**
 * Files opened for reading, a bounded number at a time: a log of a thousand segments must not use up the
 * descriptors of the process. The least recently used file that nobody reads goes first.
 *
 * It must never close a file in the middle of a read.
 */
import type { SegmentFile, SegmentFiles } from './storage.ts';

const openFilesMax = 128;

export type PooledFile = Pick<SegmentFile, 'read' | 'size'>;

interface Entry {
  readonly opening: Promise<SegmentFile>;
  users: number;
  dropped: boolean;
}

export class OpenFiles {
  readonly #files: SegmentFiles;
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

  async #use<T>(path: string, work: (file: SegmentFile) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(path) ?? {
      opening: this.#files.open(path, 'read'),
      users: 0,
      dropped: false,
    };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users += 1;
    try {
      const file = await entry.opening.catch((error: unknown) => {
        if (this.#entries.get(path) === entry) this.#entries.delete(path);
        throw error;
      });
      return await work(file);
    } finally {
      entry.users -= 1;
      if (entry.dropped && entry.users === 0) await closeQuietly(entry);
      if (this.#entries.size > openFilesMax) await this.#dropIdle();
    }
  }

  async #dropIdle(): Promise<void> {
    for (const [path, entry] of this.#entries) {
      if (entry.users > 0) continue;
      await this.drop(path);
      return;
    }
  }
}

/** Nothing was written through these files, so a failing close loses nothing. */
async function closeQuietly(entry: Entry): Promise<void> {
  await entry.opening.then((file) => file.close()).catch(() => undefined);
}
