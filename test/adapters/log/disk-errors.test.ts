/** A disk that fails: the log stops for good, tells everyone who waits, and lies to nobody. */
import { beforeEach, describe, expect, test } from 'vitest';
import { openSegmentLog, type SegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { temporaryFolder } from './folders.ts';
import { clock, comment, readAll } from './samples.ts';

type Operation = 'write' | 'sync' | 'truncate' | 'rename' | 'syncDirectory';

/** The real disk, until a test makes one of its operations fail. */
class FailingDisk {
  failing: Operation | undefined;
  syncs = 0;
  /** Held back syncs wait for this. */
  gate: Promise<void> = Promise.resolve();

  readonly files: SegmentFiles = {
    ...diskFiles,
    open: async (path, mode) => this.#wrap(await diskFiles.open(path, mode)),
    rename: async (from, to) => {
      this.#check('rename');
      await diskFiles.rename(from, to);
    },
    syncDirectory: async (folder) => {
      this.#check('syncDirectory');
      await diskFiles.syncDirectory(folder);
    },
  };

  #check(operation: Operation): void {
    if (this.failing !== operation) return;
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  }

  #wrap(file: SegmentFile): SegmentFile {
    return {
      read: (target, position) => file.read(target, position),
      write: async (bytes, position) => {
        this.#check('write');
        await file.write(bytes, position);
      },
      sync: async () => {
        this.syncs += 1;
        await this.gate;
        this.#check('sync');
        await file.sync();
      },
      size: () => file.size(),
      truncate: async (bytes) => {
        this.#check('truncate');
        await file.truncate(bytes);
      },
      close: () => file.close(),
    };
  }
}

describe('a failing disk', () => {
  let folder: string;
  let disk: FailingDisk;
  let log: SegmentLog;

  beforeEach(async () => {
    folder = await temporaryFolder();
    disk = new FailingDisk();
    log = await openSegmentLog({ folder, clock, files: disk.files, segmentBytesMax: 2_000 });
    await log.append([comment('A', 0)]);
  });

  test.each(['write', 'sync'] as const)(
    'when a %s fails, pending and later appends are refused',
    async (operation) => {
      disk.failing = operation;
      const live = log.read(2, { live: true })[Symbol.asyncIterator]().next();
      const pending = [log.append([comment('A', 1)]), log.append([comment('B', 0)])];
      const cause = expect.objectContaining({ code: 'ENOSPC' });
      for (const result of await Promise.allSettled([...pending, live])) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'log_failed', cause } });
      }
      disk.failing = undefined;
      await expect(log.append([comment('C', 0)])).rejects.toMatchObject({ code: 'log_failed' });
      expect(await log.head()).toBe(1);
      expect((await readAll(log)).length).toBe(1);
      await expect(log.close()).rejects.toMatchObject({ code: 'log_failed' });
      const again = await openSegmentLog({ folder, clock });
      expect((await again.readTicket('A')).length).toBeGreaterThanOrEqual(1);
      await again.close();
    },
  );

  test.each(['rename', 'syncDirectory'] as const)(
    'when a %s fails in a rotation, the log stops',
    async (operation) => {
      disk.failing = operation;
      const long = 'x'.repeat(3_000);
      const results = await Promise.allSettled([
        log.append([comment('B', 0, long)]),
        log.append([comment('C', 0, long)]),
        log.append([comment('D', 0, long)]),
      ]);
      expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'log_failed' } });
      disk.failing = undefined;
      await expect(log.close()).rejects.toMatchObject({ code: 'log_failed' });
      const again = await openSegmentLog({ folder, clock });
      for (const [index, ticketId] of ['B', 'C', 'D'].entries()) {
        if (results[index]?.status === 'fulfilled') expect((await again.readTicket(ticketId)).length).toBe(1);
      }
      await again.close();
    },
  );

  test('nothing is acknowledged or shown before its sync returned, and one sync serves all who wait', async () => {
    const gate = Promise.withResolvers<void>();
    disk.gate = gate.promise;
    let acknowledged = 0;
    const first = log.append([comment('A', 1)]).then(() => acknowledged++);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const syncs = disk.syncs;
    const rest = Array.from({ length: 100 }, (_, index) => log.append([comment('A', index + 2, 'x')]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(acknowledged).toBe(0);
    expect(await log.head()).toBe(1);
    expect((await readAll(log)).length).toBe(1);
    expect(await log.revisionOf('A')).toBe(102);
    gate.resolve();
    await Promise.all([first, ...rest]);
    expect(disk.syncs - syncs).toBeLessThan(30);
    expect((await log.readTicket('A')).length).toBe(102);
    await log.close();
  });

  test('a bounded amount waits for the disk: the rest of a large append is staged as room comes', async () => {
    const large = Array.from({ length: 300 }, (_, index) => comment(`L-${index}`, 0, 'y'.repeat(100_000)));
    const outcomes = await log.append(large);
    expect(outcomes.every((outcome) => outcome.status === 'appended')).toBe(true);
    expect(await log.head()).toBe(301);
    await log.close();
  });
});
