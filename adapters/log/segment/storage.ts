/**
 * What the segment log asks of a disk, and the disk of this machine. Everything the log stores goes
 * through here, so that a test can put a failing or a simulated disk in its place.
 *
 * `sync` must return only when the bytes survive a power cut; `rename` and new names survive only after
 * `syncDirectory`. An implementation must never retry a failed sync: the kernel has dropped the pages.
 */
import {
  constants,
  fdatasync,
  close as fsClose,
  open as fsOpen,
  read as fsRead,
  fstat,
  write as fsWrite,
  ftruncate,
} from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { lockFolder } from './lock.ts';

const fileMode = 0o600;
const folderMode = 0o700;

export interface SegmentFile {
  /** Fills `target` from byte `position` on, as far as the file goes; returns the bytes read. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all of `bytes` at byte `position`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything written so far survives a power cut. */
  sync(): Promise<void>;
  size(): Promise<number>;
  /** Makes the file this long; bytes that are added read as zeros. Durable only after `sync`. */
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** `create` makes an empty file, in place of an old one if there is one. */
export type OpenMode = 'read' | 'write' | 'create';

export interface FolderLock {
  release(): Promise<void>;
}

export interface SegmentFiles {
  makeFolder(folder: string): Promise<void>;
  open(path: string, mode: OpenMode): Promise<SegmentFile>;
  /** The names in a folder, in no order; none for a folder that does not exist. */
  list(folder: string): Promise<readonly string[]>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncDirectory(folder: string): Promise<void>;
  /** Makes this process the folder's one writer, or throws `log_locked`. */
  lock(folder: string, now: number): Promise<FolderLock>;
}

/** The file or folder is not there, as opposed to can not be read. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Makes the names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const openModes: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
};
const openFile = promisify(fsOpen);
const closeFile = promisify(fsClose);
const syncFile = promisify(fdatasync);
const truncateFile = promisify(ftruncate);

export const diskFiles: SegmentFiles = {
  async makeFolder(folder) {
    const made = await mkdir(folder, { recursive: true, mode: folderMode });
    if (made === undefined) return;
    // Each new folder is a new name in the one above it.
    const top = dirname(resolve(made));
    for (let at = resolve(folder); at !== top; at = dirname(at)) await this.syncDirectory(dirname(at));
  },
  async open(path, mode) {
    return new DiskFile(await openFile(path, openModes[mode], fileMode));
  },
  async list(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  rename,
  async remove(path) {
    await rm(path, { force: true });
  },
  syncDirectory: syncFolder,
  lock: lockFolder,
};

class DiskFile implements SegmentFile {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const count = await this.#readSome(target, done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) done += await this.#writeSome(bytes, done, position + done);
  }

  async sync(): Promise<void> {
    await syncFile(this.#descriptor);
  }

  async size(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    fstat(this.#descriptor, (error, stats) => (error === null ? resolve(stats.size) : reject(error)));
    return promise;
  }

  async truncate(bytes: number): Promise<void> {
    await truncateFile(this.#descriptor, bytes);
  }

  async close(): Promise<void> {
    await closeFile(this.#descriptor);
  }

  #readSome(target: Uint8Array, done: number, position: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    fsRead(this.#descriptor, target, done, target.length - done, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
    return promise;
  }

  #writeSome(bytes: Uint8Array, done: number, position: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    fsWrite(this.#descriptor, bytes, done, bytes.length - done, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    );
    return promise;
  }
}
