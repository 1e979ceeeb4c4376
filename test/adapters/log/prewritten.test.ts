/** Space that is written ahead: what it costs, that it is never taken for events, and that it goes again. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fileHeaderBytes, segmentName } from '../../../adapters/log/segment/format.ts';
import { smallBatchBytesMax } from '../../../adapters/log/segment/growing-file.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { FailingDisk } from './failing-disk.ts';
import { temporaryFolder } from './folders.ts';
import { copyOf, frameStarts, ManualSchedule, openLog, readWritten } from './killed-log.ts';
import { appendOneByOne, comment, readAll } from './samples.ts';

const first = segmentName(1);

async function emptyLog(segmentBytesMax: number, prewrittenBytes: number) {
  const folder = await temporaryFolder();
  const disk = new FailingDisk();
  const { log } = await openLog(folder, { files: disk.files, segmentBytesMax, prewrittenBytes });
  const path = join(folder, first);
  /** What was done to the segment since the last call. */
  const taken = () =>
    disk
      .taken()
      .filter((step) => step.includes(`${first}`) && !step.includes('.tmp'))
      .map((step) => step.replace(` ${first}`, ''));
  taken();
  return { folder, log, path, taken };
}

describe('a small batch', () => {
  test('that needs space writes ahead in its own sync; those after it stay inside', async () => {
    const { log, path, taken } = await emptyLog(1_000_000, 10_000);
    await log.append([comment('A', 0)]);
    const end = (await readWritten(path)).length;
    expect(taken()).toEqual([
      `write ${fileHeaderBytes}+${end - fileHeaderBytes}`,
      `write ${end}+10000`,
      'sync',
    ]);
    for (let revision = 1; revision < 20; revision += 1) await log.append([comment('A', revision)]);
    expect(taken().filter((step) => step.endsWith('+10000'))).toEqual([]);
    expect((await stat(path)).size).toBe(end + 10_000);
    for (let revision = 20; revision < 100; revision += 1) await log.append([comment('A', revision)]);
    expect(taken().filter((step) => step.endsWith('+10000')).length).toBe(1);
    await log.close();
  });

  test('does not write ahead beyond the size at which the segment is sealed', async () => {
    const { log, path } = await emptyLog(5_000, 10_000);
    await log.append([comment('A', 0)]);
    expect((await stat(path)).size).toBe(5_000);
    await log.close();
  });

  test('writes nothing ahead where that is turned off', async () => {
    const { log, path } = await emptyLog(5_000, 0);
    await log.append([comment('A', 0)]);
    expect((await stat(path)).size).toBe((await readWritten(path)).length);
    await log.close();
  });
});

test('a large batch writes nothing ahead', async () => {
  const { log, path, taken } = await emptyLog(10_000_000, 10_000);
  await log.append([comment('A', 0, 'x'.repeat(smallBatchBytesMax))]);
  const end = (await readWritten(path)).length;
  expect(taken()).toEqual([`write ${fileHeaderBytes}+${end - fileHeaderBytes}`, 'sync']);
  await log.close();
});

describe('zeros behind the last frame', () => {
  test('are cut off by a clean close, in the sync of its mark', async () => {
    const { log, path, taken } = await emptyLog(1_000_000, 10_000);
    await log.append([comment('A', 0)]);
    const end = (await readWritten(path)).length;
    taken();
    await log.close();
    expect(taken()).toEqual([`write ${end}+56`, `truncate ${end + 56}`, 'sync', 'close']);
    expect((await stat(path)).size).toBe(end + 56);
  });

  test('are cut off when the segment is sealed', async () => {
    const folder = await temporaryFolder();
    const idle = new ManualSchedule();
    const { log } = await openLog(folder, { prewrittenBytes: 10_000, schedule: idle.schedule });
    await appendOneByOne(log, 3);
    await sleep(1);
    const { offset } = log.durable;
    idle.elapse();
    while (log.durable.offset === offset) await sleep(1);
    const copy = await copyOf(folder);
    await log.close();
    // To a log of smaller segments, this one is full, with zeros behind it.
    const { log: again } = await openLog(copy, { segmentBytesMax: 300 });
    const path = join(copy, first);
    expect((await stat(path)).size).toBeGreaterThan(10_000);
    await again.append([comment('B', 0)]);
    const bytes = await readFile(path);
    expect(bytes.length).toBe(frameStarts(bytes).at(-1));
    expect((await verifySegments(copy)).events).toBe(4);
    await again.close();
  });

  test('are no events and no damage to readers and verification, with the durable file or without', async () => {
    const { folder, log } = await emptyLog(1_000_000, 10_000);
    await appendOneByOne(log, 3);
    for (const known of [true, false]) {
      const copy = await copyOf(folder);
      if (!known) await rm(join(copy, 'durable'));
      expect((await verifySegments(copy)).events).toBe(3);
      const reader = await openSegmentReader({ folder: copy });
      // Without the durable file, the last event is proven by nothing yet.
      expect((await readAll(reader)).length).toBe(known ? 3 : 2);
      expect((await reader.readTicket('T-0')).length).toBe(1);
      await reader.close();
    }
    await log.close();
  });

  test('in the place of what the durable file knows are found by verification', async () => {
    const { folder, log, path } = await emptyLog(1_000_000, 10_000);
    await appendOneByOne(log, 3);
    const copy = await copyOf(folder);
    const bytes = await readFile(path);
    const third = frameStarts(bytes)[2] ?? 0;
    await writeFile(join(copy, first), bytes.fill(0, third));
    await expect(verifySegments(copy)).rejects.toMatchObject({ offset: third, position: 3 });
    await log.close();
  });
});
