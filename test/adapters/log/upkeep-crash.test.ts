/**
 * A crash at each step of compressing and archiving: every file operation in turn is the one at which the
 * process dies. What is left is a whole log, and the next call finishes what was begun.
 */
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { archiveSegments, compressSegments } from '../../../adapters/log/segment/segment-upkeep.ts';
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { clock } from './samples.ts';
import { copyOf, everythingIn, segmentNames, smallSegments } from './small-segments.ts';

const now = clock.now();

/** The real disk until the process dies at one of its changes; that change does not happen, nor any later. */
class DyingProcess {
  readonly changes: string[] = [];
  readonly #diesAt: number;

  constructor(diesAt: number) {
    this.#diesAt = diesAt;
  }

  get died(): boolean {
    return this.changes.length >= this.#diesAt;
  }

  #change(what: string): void {
    this.changes.push(what);
    if (this.died) throw new Error(`died at ${what}`);
  }

  readonly files: SegmentFiles = {
    makeFolder: async (folder) => {
      this.#change(`makeFolder ${folder}`);
      await diskFiles.makeFolder(folder);
    },
    open: async (path, mode) => {
      if (mode !== 'read') this.#change(`${mode} ${path}`);
      return this.#wrap(path, await unsyncedFiles.open(path, mode));
    },
    list: (folder) => diskFiles.list(folder),
    rename: async (from, to) => {
      this.#change(`rename ${from} ${to}`);
      await diskFiles.rename(from, to);
    },
    remove: async (path) => {
      this.#change(`remove ${path}`);
      await diskFiles.remove(path);
    },
    syncDirectory: async (folder) => {
      this.#change(`syncDirectory ${folder}`);
      await unsyncedFiles.syncDirectory(folder);
    },
    // A dead process holds no lock, and this one lives on to look at what it left.
    lock: async () => ({ release: async () => undefined }),
  };

  #wrap(path: string, file: SegmentFile): SegmentFile {
    return {
      read: (target, position) => file.read(target, position),
      write: async (bytes, position) => {
        this.#change(`write ${path}`);
        // Half of it is written before the process dies at the next change.
        await file.write(
          bytes.subarray(0, this.changes.length === this.#diesAt - 1 ? bytes.length >> 1 : undefined),
          position,
        );
      },
      sync: async () => {
        this.#change(`sync ${path}`);
        await file.sync();
      },
      size: () => file.size(),
      truncate: async (bytes) => {
        this.#change(`truncate ${path}`);
        await file.truncate(bytes);
      },
      close: () => file.close(),
    };
  }
}

async function both(folder: string, files: SegmentFiles): Promise<void> {
  await compressSegments({ folder, now, keep: 1, files });
  await archiveSegments({ folder, now, keep: 2, files });
}

describe('a process that dies while it compresses and archives', () => {
  test('at any step leaves the whole log, and the next one finishes', { timeout: 60_000 }, async () => {
    const grown = await smallSegments(22);
    const original = await everythingIn(await copyOf(grown));
    const done = await copyOf(grown);
    await both(done, unsyncedFiles);
    const { segments } = await verifySegments(done);
    const names = [await segmentNames(done), await segmentNames(`${done}/archive`)];
    expect(names[1]?.length).toBeGreaterThan(1);
    let deaths = 0;
    for (let diesAt = 1; ; diesAt += 1) {
      const folder = await copyOf(grown);
      const dying = new DyingProcess(diesAt);
      const outcome = await both(folder, dying.files).then(
        () => 'finished',
        (error: Error) => error.message,
      );
      if (outcome === 'finished') break;
      deaths += 1;
      expect(dying.died, outcome).toBe(true);
      // First a look by a process that only reads and one that writes, then by the next upkeep.
      expect(await everythingIn(folder), outcome).toEqual(original);
      await both(folder, unsyncedFiles);
      expect([await segmentNames(folder), await segmentNames(`${folder}/archive`)], outcome).toEqual(names);
      expect(await verifySegments(folder), outcome).toMatchObject({ segments, events: 22 });
    }
    expect(deaths).toBeGreaterThan(30);
  });

  test('never removes a file before another one is synced, named, and its name synced', async () => {
    const folder = await smallSegments(22);
    const process = new DyingProcess(Number.POSITIVE_INFINITY);
    await both(folder, process.files);
    const { changes } = process;
    const renames = changes.filter((change) => change.startsWith('rename'));
    expect(renames.length).toBeGreaterThan(4);
    for (const change of renames) {
      const [, draft = '', path = ''] = change.split(' ');
      const at = changes.indexOf(change);
      const before = changes.slice(0, at).filter((other) => other.endsWith(` ${draft}`));
      expect(before.at(0)).toBe(`create ${draft}`);
      expect(before.at(-1)).toBe(`sync ${draft}`);
      const removed =
        path.endsWith('.zst') && !path.includes('archive') ? path.slice(0, -4) : path.replace('archive/', '');
      expect(changes.slice(at + 1, at + 4)).toEqual([
        `syncDirectory ${dirname(path)}`,
        `remove ${removed}`,
        `syncDirectory ${dirname(removed)}`,
      ]);
    }
    const removals = changes.filter((change) => change.startsWith('remove') && !change.endsWith('.draft'));
    expect(removals.length).toBe(renames.length);
  });
});
