/** A disk that fails: the log stops for good, tells everyone who waits, and lies to nobody. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { pendingBytesMax } from '../../../adapters/log/segment/intake.ts';
import type { SegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { FailingDisk, type Operation } from './failing-disk.ts';
import { temporaryFolder } from './folders.ts';
import { killedLog, ManualSchedule, openLog, segmentNames } from './killed-log.ts';
import { comment, readAll } from './samples.ts';

const cause = expect.objectContaining({ code: 'ENOSPC' });
const failed = { code: 'log_failed', retry: false, cause };
const long = 'x'.repeat(3_000);

/** Damages what is only looked at when something is searched: opening does not notice. */
async function damagePages(path: string): Promise<void> {
  const bytes = await readFile(path);
  const metaBytes = bytes.readUInt32LE(8);
  await writeFile(path, bytes.fill(0xff, metaBytes));
}

describe('a failing disk', () => {
  let folder: string;
  let disk: FailingDisk;
  let log: SegmentLog;
  let idle: ManualSchedule;

  beforeEach(async () => {
    folder = await temporaryFolder();
    disk = new FailingDisk();
    idle = new ManualSchedule();
    ({ log } = await openLog(folder, {
      files: disk.files,
      segmentBytesMax: 2_000,
      schedule: idle.schedule,
    }));
    await log.append([comment('A', 0)]);
  });

  /**
   * That the log has stopped for good, wrote nothing after it failed, even though the disk works again, and
   * that the tickets in `kept` are there when it is opened anew.
   */
  async function expectStopped(kept: readonly string[]): Promise<void> {
    disk.heal();
    disk.taken();
    await expect(log.append([comment('Z', 0)])).rejects.toMatchObject(failed);
    await expect(log.close()).rejects.toMatchObject(failed);
    expect(disk.taken().filter((step) => !/^(close|release)/.test(step))).toEqual([]);
    const { log: again } = await openLog(folder);
    for (const ticketId of kept) expect((await again.readTicket(ticketId)).length).toBe(1);
    expect(await again.revisionOf('Z')).toBe(0);
    await again.close();
  }

  /** Resolves when the log refuses appends: what fails beside them can not be awaited. */
  async function stopped(): Promise<void> {
    for (let tries = 0; tries < 2_000; tries += 1) {
      const refused = await log.append([]).then(
        () => false,
        () => true,
      );
      if (refused) return;
      await sleep(1);
    }
    throw new Error('the log goes on');
  }

  test.each(['write', 'sync'] as const)(
    'when a %s fails, pending and later appends are refused',
    async (operation) => {
      disk.fail(operation);
      const live = log.read(2, { live: true })[Symbol.asyncIterator]().next();
      const pending = [log.append([comment('A', 1)]), log.append([comment('B', 0)]), log.readTicket('A')];
      for (const result of await Promise.allSettled([...pending, live])) {
        expect(result).toMatchObject({ status: 'rejected', reason: failed });
      }
      expect(await log.head()).toBe(1);
      expect((await readAll(log)).length).toBe(1);
      await expectStopped([]);
    },
  );

  test('when a write fails, appends that wait for room are refused as well', async () => {
    const release = disk.hold(/seg$/);
    const body = 'y'.repeat(1_000_000);
    const waiting = Array.from({ length: 2 * Math.ceil(pendingBytesMax / body.length) }, (_, index) =>
      log.append([comment(`W-${index}`, 0, body)]),
    );
    await sleep(5);
    disk.fail('sync');
    release();
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: failed });
    }
    await expectStopped(['A']);
  });

  test.each<[Operation, RegExp]>([
    ['create', /seg\.tmp$/],
    ['write', /seg\.tmp$/],
    ['sync', /seg\.tmp$/],
    ['rename', /seg$/],
    ['syncDirectory', /./],
    ['close', /seg$/],
  ])('when a %s fails in a rotation (%s), the log stops', async (operation, name) => {
    disk.fail(operation, name);
    const results = await Promise.allSettled([
      log.append([comment('B', 0, long)]),
      log.append([comment('C', 0, long)]),
      log.append([comment('D', 0, long)]),
    ]);
    expect(results.at(-1)).toMatchObject({ status: 'rejected', reason: failed });
    const kept = ['B', 'C', 'D'].filter((_, index) => results[index]?.status === 'fulfilled');
    await expectStopped(['A', ...kept]);
  });

  test.each<[Operation, RegExp]>([
    ['create', /idx\.tmp$/],
    ['write', /idx\.tmp$/],
    ['sync', /idx\.tmp$/],
    ['rename', /idx$/],
  ])('when the %s of an index fails, the log stops', async (operation, name) => {
    disk.fail(operation, name);
    await Promise.allSettled([log.append([comment('B', 0, long)]), log.append([comment('C', 0, long)])]);
    await stopped();
    expect(disk.steps.some((step) => step.startsWith(operation) && step.includes('.idx'))).toBe(true);
    await expectStopped(['A']);
  });

  test('when an index that has to be made again can not be written, the log stops', async () => {
    await log.append([comment('B', 0, long)]);
    await log.append([comment('C', 0, long)]);
    await log.append([comment('D', 0, long)]);
    await log.close();
    const [first = '', second = ''] = await segmentNames(folder);
    ({ log } = await openLog(folder, { files: disk.files, segmentBytesMax: 2_000 }));
    // A table of another segment fails its checks only when it is looked into.
    const index = (name: string) => join(folder, name.replace('.seg', '.idx'));
    await damagePages(index(first));
    await damagePages(index(second));
    disk.fail('sync', /idx\.tmp$/);
    await expect(log.readTicket('A')).rejects.toMatchObject(failed);
    await expectStopped(['A', 'B', 'C', 'D']);
  });

  test('when the durable file can not be written, the log stops', async () => {
    disk.fail('write', /^durable$/);
    expect(await log.append([comment('B', 0)])).toMatchObject([{ status: 'appended' }]);
    await stopped();
    await expectStopped(['A', 'B']);
  });

  test.each(['write', 'sync'] as const)(
    'when the %s of an idle marker fails, the log stops',
    async (operation) => {
      disk.fail(operation);
      const live = log.read(2, { live: true })[Symbol.asyncIterator]().next();
      const refused = expect(live).rejects.toMatchObject(failed);
      idle.elapse();
      await refused;
      await expectStopped(['A']);
    },
  );

  test.each(['write', 'truncate', 'sync', 'close', 'release'] as const)(
    'when a %s fails while closing, that is told, and what was acknowledged is there',
    async (operation) => {
      disk.fail(operation);
      await expect(log.close()).rejects.toMatchObject(failed);
      disk.heal();
      const { log: again } = await openLog(folder);
      expect((await again.readTicket('A')).length).toBe(1);
      await again.close();
    },
  );

  test('a file is not closed before the last write to it has returned, whatever failed meanwhile', async () => {
    const publish = disk.hold(/durable$/);
    disk.fail('write', /^durable$/);
    await log.append([comment('B', 0)]);
    const write = disk.hold(/seg$/);
    const pending = log.append([comment('C', 0)]);
    await sleep(5);
    publish();
    await expect(pending).rejects.toMatchObject(failed);
    disk.taken();
    const closing = expect(log.close()).rejects.toMatchObject(failed);
    await sleep(20);
    expect(disk.taken()).toEqual([]);
    write();
    await closing;
    expect(disk.taken().map((step) => step.split(' ')[0])).toEqual(['write', 'close', 'close', 'release']);
    disk.heal();
    const { log: again } = await openLog(folder);
    expect((await readAll(again)).length).toBeGreaterThanOrEqual(2);
    await again.close();
  });

  test('a sync that returns after something else failed acknowledges nothing any more', async () => {
    const publish = disk.hold(/durable$/);
    disk.fail('write', /^durable$/);
    await log.append([comment('B', 0)]);
    const sync = disk.hold(/^sync .*seg$/);
    const pending = log.append([comment('C', 0)]);
    await sleep(20);
    publish();
    await expect(pending).rejects.toMatchObject(failed);
    sync();
    await sleep(20);
    expect(disk.steps.at(-1)).toMatch(/^sync .*seg$/);
    expect(await log.head()).toBe(2);
    await expectStopped(['A', 'B']);
  });

  test('nothing is acknowledged or shown before its sync returned, and one sync serves all who wait', async () => {
    const release = disk.hold(/seg$/);
    let acknowledged = 0;
    const first = log.append([comment('A', 1)]).then(() => acknowledged++);
    await sleep(20);
    disk.taken();
    const rest = Array.from({ length: 100 }, (_, index) => log.append([comment('A', index + 2, 'x')]));
    await sleep(20);
    expect(acknowledged).toBe(0);
    expect(await log.head()).toBe(1);
    expect((await readAll(log)).length).toBe(1);
    expect(await log.revisionOf('A')).toBe(102);
    release();
    await Promise.all([first, ...rest]);
    expect(disk.taken().filter((step) => step.startsWith('sync ')).length).toBeLessThan(30);
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

describe('a disk that fails while the log is opened', () => {
  test.each<[Operation, RegExp]>([
    ['sync', /seg\.tmp$/],
    ['rename', /seg$/],
    ['syncDirectory', /./],
    ['write', /^durable$/],
  ])('(%s of %s) is told, and the log can be opened afterwards', async (operation, name) => {
    const folder = await killedLog(3);
    const disk = new FailingDisk();
    disk.fail(operation, name);
    await expect(openLog(folder, { files: disk.files })).rejects.toMatchObject(failed);
    disk.heal();
    const { log } = await openLog(folder, { files: disk.files });
    expect((await readAll(log)).length).toBe(3);
    await log.close();
  });
});

test('every new name is made durable by a sync of its folder', async () => {
  const folder = await killedLog(12, { segmentBytesMax: 600 });
  await rm(join(folder, 'durable'));
  const disk = new FailingDisk();
  const { log } = await openLog(folder, { files: disk.files, segmentBytesMax: 600 });
  await log.append([comment('B', 0, long)]);
  await log.append([comment('C', 0, long)]);
  await log.close();
  const steps = disk.taken();
  const named = steps.flatMap((step, at) => (/^rename|^create durable/.test(step) ? [at] : []));
  expect(named.length).toBeGreaterThan(3);
  for (const at of named) {
    // An index is written beside the batches of the next segment; nothing is written behind any other name.
    const next = steps[at]?.includes('.idx') ? /^syncDirectory/ : /^(syncDirectory|write .*seg )/;
    expect(steps.slice(at + 1).find((step) => next.test(step))).toMatch(/^syncDirectory/);
  }
});
