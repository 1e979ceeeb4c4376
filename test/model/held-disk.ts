/**
 * This machine's disk with a simulated power cut: a write counts only once a sync that began after it has
 * returned. `cut` freezes the disk, copies the folder and takes back, in the copy, what was not synced.
 * Names (create, rename) are taken to hold at once: the simulated disk of its own tests is stricter.
 */
import { copyFile, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  diskFiles,
  type OpenMode,
  type SegmentFile,
  type SegmentFiles,
} from '../../adapters/log/segment/storage.ts';

interface Unsynced {
  readonly position: number;
  /** What was there before, as far as the file went. */
  readonly before: Buffer;
  readonly bytes: Buffer;
}

export class HeldDisk implements SegmentFiles {
  /** How long a sync takes at least. */
  syncPauseMs = 0;
  readonly #unsynced = new Map<string, Unsynced[]>();
  readonly #open = new Set<SegmentFile>();
  readonly #working = new Set<Promise<unknown>>();
  #frozen = false;

  makeFolder = (folder: string) => diskFiles.makeFolder(folder);
  list = (folder: string) => diskFiles.list(folder);
  syncDirectory = () => Promise.resolve();
  lock = (folder: string, now: number) => diskFiles.lock(folder, now);

  rename(from: string, to: string): Promise<void> {
    return this.#work(async () => {
      await diskFiles.rename(from, to);
      this.#unsynced.set(to, this.#unsynced.get(from) ?? []);
      this.#unsynced.delete(from);
    });
  }

  remove(path: string): Promise<void> {
    return this.#work(async () => {
      await diskFiles.remove(path);
      this.#unsynced.delete(path);
    });
  }

  async open(path: string, mode: OpenMode): Promise<SegmentFile> {
    const file = await this.#work(() => diskFiles.open(path, mode));
    this.#open.add(file);
    const unsynced = () => this.#unsynced.get(path) ?? [];
    return {
      read: (target, position) => this.#work(() => file.read(target, position)),
      size: () => this.#work(() => file.size()),
      write: (bytes, position) =>
        this.#work(async () => {
          const before = Buffer.alloc(bytes.length);
          const there = await file.read(before, position);
          const held = { position, before: before.subarray(0, there), bytes: Buffer.from(bytes) };
          this.#unsynced.set(path, [...unsynced(), held]);
          await file.write(bytes, position);
        }),
      truncate: (length) =>
        this.#work(async () => {
          const cut = Buffer.alloc(Math.max(0, (await file.size()) - length));
          await file.read(cut, length);
          const held = { position: length, before: cut, bytes: Buffer.alloc(0) };
          this.#unsynced.set(path, [...unsynced(), held]);
          await file.truncate(length);
        }),
      sync: () =>
        this.#work(async () => {
          const covered = new Set(unsynced());
          // The real sync is left out: what the cut takes back decides here, and the disk is shared.
          if (this.syncPauseMs > 0) await sleep(this.syncPauseMs);
          else await new Promise((resolve) => setImmediate(resolve));
          if (this.#frozen) return;
          const rest = unsynced().filter((each) => !covered.has(each));
          this.#unsynced.set(path, rest);
        }),
      close: async () => {
        if (!this.#open.delete(file)) return;
        await file.close();
      },
    };
  }

  /** The power goes: what `folder` then holds is in `copy`, with the first part of each unsynced write. */
  async cut(folder: string, copy: string, keptShare: number): Promise<void> {
    this.#frozen = true;
    await Promise.allSettled([...this.#working]);
    for (const name of await readdir(folder)) {
      if (name.startsWith('LOCK')) continue;
      await copyFile(join(folder, name), join(copy, name));
      await takeBack(join(copy, name), this.#unsynced.get(join(folder, name)) ?? [], keptShare);
    }
    for (const file of this.#open) await file.close();
    this.#open.clear();
  }

  /** Does a piece of work, unless the power is gone: then it never ends. */
  #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#frozen) return new Promise(() => {});
    const done = work();
    this.#working.add(done);
    const forget = () => this.#working.delete(done);
    done.then(forget, forget);
    return done.then((value) => (this.#frozen ? new Promise<T>(() => {}) : value));
  }
}

async function takeBack(path: string, unsynced: readonly Unsynced[], keptShare: number): Promise<void> {
  if (unsynced.length === 0) return;
  const file = await open(path, 'r+');
  try {
    for (const { position, before, bytes } of unsynced.toReversed()) {
      const { size } = await file.stat();
      await file.write(before, 0, before.length, position);
      const end = position + before.length;
      if (before.length < bytes.length && size <= position + bytes.length) await file.truncate(end);
    }
    for (const { position, bytes } of unsynced) {
      await file.write(bytes, 0, Math.floor(bytes.length * keptShare), position);
    }
  } finally {
    await file.close();
  }
}
