/**
 * The disk as the log's writer sees it, with a fuse: the first write, sync, truncation, creation, rename,
 * removal or directory sync that fails blows it, whoever asked for it. From then on nothing is written
 * through it any more, so that no path of the log can forget to stop. Reading goes on.
 *
 * It must never be mended: after a failed sync nobody knows what the disk holds until the log is opened anew.
 */
import { Fault } from '../../../domain/errors.ts';
import type { FolderLock, OpenMode, SegmentFile, SegmentFiles } from './storage.ts';

export class FusedFiles implements SegmentFiles {
  /** What blew the fuse. */
  failed: Fault | undefined;
  /** Told once, before whoever asked for what failed. */
  onFailed: (fault: Fault) => void = () => {};
  readonly #files: SegmentFiles;
  readonly #folder: string;

  constructor(files: SegmentFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Blows the fuse, unless it is blown; returns the fault that everyone gets. */
  fail(cause: unknown): Fault {
    if (this.failed !== undefined) return this.failed;
    const what = `writing to ${this.#folder} failed; open the log anew`;
    this.failed = new Fault('log_failed', what, { cause });
    this.onFailed(this.failed);
    return this.failed;
  }

  async open(path: string, mode: OpenMode): Promise<SegmentFile> {
    const opening = () => this.#files.open(path, mode);
    const file = mode === 'create' ? await this.#fused(opening) : await opening();
    return {
      read: (target, position) => file.read(target, position),
      write: (bytes, position) => this.#fused(() => file.write(bytes, position)),
      sync: () => this.#fused(() => file.sync()),
      size: () => file.size(),
      truncate: (bytes) => this.#fused(() => file.truncate(bytes)),
      close: () => file.close(),
    };
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#files.list(folder);
  }

  makeFolder(folder: string): Promise<void> {
    return this.#fused(() => this.#files.makeFolder(folder));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#fused(() => this.#files.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#fused(() => this.#files.remove(path));
  }

  syncDirectory(folder: string): Promise<void> {
    return this.#fused(() => this.#files.syncDirectory(folder));
  }

  /** The lock can be let go of whatever happened: that is no part of the log. */
  async lock(folder: string, now: number): Promise<FolderLock> {
    const lock = await this.#files.lock(folder, now);
    return {
      release: async () => {
        try {
          await lock.release();
        } catch (cause) {
          throw this.fail(cause);
        }
      },
    };
  }

  async #fused<T>(work: () => Promise<T>): Promise<T> {
    if (this.failed !== undefined) throw this.failed;
    try {
      return await work();
    } catch (cause) {
      throw this.fail(cause);
    }
  }
}
