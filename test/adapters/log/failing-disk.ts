/** The real disk, which notes what is done to it, until a test makes one of its operations fail. */
import { basename } from 'node:path';
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';

export type Operation =
  | 'create'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'close'
  | 'rename'
  | 'syncDirectory'
  | 'release';

export class FailingDisk {
  /** What was done, in order: operation, file, and for writes and truncations at which byte. */
  readonly steps: string[] = [];
  readonly #held: { readonly step: RegExp; readonly until: Promise<void> }[] = [];
  #failing: { readonly operation: Operation; readonly name: RegExp } | undefined;

  /** From now on, `operation` fails on every file with such a name. */
  fail(operation: Operation, name = /./): void {
    this.#failing = { operation, name };
  }

  /** From now on, such writes and syncs (`operation file`) wait; returns what lets them go on. */
  hold(step: RegExp): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push({ step, until: promise });
    return resolve;
  }

  heal(): void {
    this.#failing = undefined;
  }

  /** The steps since the last call of this. */
  taken(): string[] {
    return this.steps.splice(0);
  }

  readonly files: SegmentFiles = {
    ...diskFiles,
    open: async (path, mode) => {
      if (mode === 'create') this.#step('create', path);
      return this.#wrap(path, await diskFiles.open(path, mode), mode !== 'read');
    },
    rename: async (from, to) => {
      this.#step('rename', to);
      await diskFiles.rename(from, to);
    },
    syncDirectory: async (folder) => {
      this.#step('syncDirectory', folder);
      await diskFiles.syncDirectory(folder);
    },
    lock: async (folder, now) => {
      const lock = await diskFiles.lock(folder, now);
      return {
        release: async () => {
          await lock.release();
          this.#step('release', folder);
        },
      };
    },
  };

  #step(operation: Operation, path: string, detail = ''): void {
    const name = basename(path);
    const failing = this.#failing;
    this.steps.push(`${operation} ${name}${detail}`);
    if (failing === undefined || failing.operation !== operation || !failing.name.test(name)) return;
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  #wrap(path: string, file: SegmentFile, toWrite: boolean): SegmentFile {
    const gate = async (operation: Operation) => {
      const wanted = `${operation} ${basename(path)}`;
      for (const { step, until } of this.#held) if (step.test(wanted)) await until;
    };
    return {
      read: (target, position) => file.read(target, position),
      write: async (bytes, position) => {
        await gate('write');
        this.#step('write', path, ` ${position}+${bytes.length}`);
        await file.write(bytes, position);
      },
      sync: async () => {
        await gate('sync');
        this.#step('sync', path);
        await file.sync();
      },
      size: () => file.size(),
      truncate: async (bytes) => {
        this.#step('truncate', path, ` ${bytes}`);
        await file.truncate(bytes);
      },
      close: async () => {
        await file.close();
        if (toWrite) this.#step('close', path);
      },
    };
  }
}
