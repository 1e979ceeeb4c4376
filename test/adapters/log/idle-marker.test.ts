/** The marker that is left when no append comes: it proves that what was acknowledged last is durable. */
import { execFile } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { frameKinds, segmentName } from '../../../adapters/log/segment/format.ts';
import { openSegmentLog, type SegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { temporaryFolder } from './folders.ts';
import { copyOf, damageOf, frameStarts, ManualSchedule, openLog } from './killed-log.ts';
import { clock, comment, readAll } from './samples.ts';

const first = segmentName(1);

async function kindsIn(folder: string): Promise<number[]> {
  const bytes = await readFile(join(folder, first));
  return frameStarts(bytes)
    .slice(0, -1)
    .map((start) => bytes.readUInt32LE(start + 4));
}

describe('after idle', () => {
  let folder: string;
  let log: SegmentLog;
  let idle: ManualSchedule;

  beforeEach(async () => {
    folder = await temporaryFolder();
    idle = new ManualSchedule();
    ({ log } = await openLog(folder, { schedule: idle.schedule }));
  });

  async function leaveMarker(): Promise<void> {
    const { offset } = log.durable;
    idle.elapse();
    while (log.durable.offset === offset) await sleep(1);
    await sleep(1);
  }

  test('a marker is written, once, and again only after another append', async () => {
    expect(idle.waiting).toBe(false);
    await log.append([comment('A', 0)]);
    expect(await kindsIn(folder)).toEqual([frameKinds.events]);
    await sleep(1);
    expect(idle.waiting).toBe(true);
    await leaveMarker();
    expect(await kindsIn(folder)).toEqual([frameKinds.events, frameKinds.marker]);
    expect(idle.waiting).toBe(false);
    const appending = log.append([comment('A', 1)]);
    expect(idle.waiting).toBe(false);
    await appending;
    await sleep(1);
    await leaveMarker();
    const { events, marker } = frameKinds;
    expect(await kindsIn(folder)).toEqual([events, marker, events, marker]);
    await log.close();
    expect(await kindsIn(folder)).toEqual([events, marker, events, marker, frameKinds.closed]);
  });

  test('an append calls the marker off', async () => {
    await log.append([comment('A', 0)]);
    await sleep(1);
    expect(idle.waiting).toBe(true);
    const appending = log.append([comment('A', 1)]);
    expect(idle.waiting).toBe(false);
    await appending;
    await log.close();
    expect(idle.waiting).toBe(false);
    expect(await kindsIn(folder)).not.toContain(frameKinds.marker);
  });

  test('damage to the last event is told from a torn tail, even without the durable file', async () => {
    await log.append([comment('A', 0)]);
    await log.append([comment('A', 1)]);
    const before = await copyOf(folder);
    await leaveMarker();
    const after = await copyOf(folder);
    await log.close();
    for (const copy of [before, after]) {
      await rm(join(copy, 'durable'));
      const path = join(copy, first);
      const bytes = await readFile(path);
      const second = frameStarts(bytes)[1] ?? 0;
      bytes[second + 60] = (bytes[second + 60] ?? 0) ^ 1;
      await writeFile(path, bytes);
      const opening = () => openLog(copy);
      if (copy === after) {
        expect(await damageOf(opening)).toMatchObject({ file: path, offset: second, position: 2 });
      } else {
        const { log: opened, repairs } = await opening();
        expect(repairs).toMatchObject([{ kind: 'torn_tail', offset: second }]);
        await opened.close();
      }
    }
  });

  test('a killed log is served as it is, and takes no second marker for the same events', async () => {
    await log.append([comment('A', 0)]);
    await leaveMarker();
    const copy = await copyOf(folder);
    await log.close();
    const { ino } = await stat(join(copy, first));
    const schedule = new ManualSchedule();
    const { log: again, repairs } = await openLog(copy, { schedule: schedule.schedule });
    expect(repairs).toEqual([]);
    expect((await stat(join(copy, first))).ino).toBe(ino);
    expect(schedule.waiting).toBe(false);
    await again.append([comment('A', 1)]);
    expect((await again.readTicket('A')).length).toBe(2);
    await again.close();
  });

  test('a log that was copied on open gets a marker for what it holds', async () => {
    await log.append([comment('A', 0)]);
    const copy = await copyOf(folder);
    await log.close();
    const schedule = new ManualSchedule();
    const { log: again } = await openLog(copy, { schedule: schedule.schedule });
    expect(schedule.waiting).toBe(true);
    schedule.elapse();
    while ((await kindsIn(copy)).length < 2) await sleep(1);
    expect(await kindsIn(copy)).toEqual([frameKinds.events, frameKinds.marker]);
    await again.close();
  });

  test('a log without events gets none, however it ended', async () => {
    const copy = await copyOf(folder);
    await log.close();
    const schedule = new ManualSchedule();
    const { log: again } = await openLog(copy, { schedule: schedule.schedule });
    expect(schedule.waiting).toBe(false);
    await again.close();
  });

  test('markers are no events: not to the log, to a reader beside it, or to verification', async () => {
    const reader = await openSegmentReader({ folder });
    for (let revision = 0; revision < 3; revision += 1) {
      await log.append([comment('A', revision)]);
      await leaveMarker();
      expect(await reader.head()).toBe(revision + 1);
    }
    expect((await readAll(log)).map(({ position }) => position)).toEqual([1, 2, 3]);
    expect(await readAll(reader)).toEqual(await readAll(log));
    expect(await readAll(log, 3)).toEqual((await readAll(log)).slice(2));
    expect((await reader.readTicket('A')).length).toBe(3);
    expect(await verifySegments(folder)).toMatchObject({ events: 3, frames: 6 });
    await reader.close();
    await log.close();
    const { log: again } = await openLog(folder);
    expect((await readAll(again)).length).toBe(3);
    await again.close();
  });

  test('a reader without a durable file shows what the marker proves, and nothing beyond', async () => {
    await log.append([comment('A', 0)]);
    await leaveMarker();
    await log.append([comment('A', 1)]);
    const copy = await copyOf(folder);
    await log.close();
    await rm(join(copy, 'durable'));
    const reader = await openSegmentReader({ folder: copy });
    expect(await reader.head()).toBe(1);
    expect((await readAll(reader)).map(({ revision }) => revision)).toEqual([1]);
    expect((await reader.readTicket('A')).length).toBe(1);
    await reader.close();
  });
});

test('the real timer leaves a marker soon', async () => {
  const folder = await temporaryFolder();
  const log = await openSegmentLog({ folder, clock, idleMarkerDelayMs: 10 });
  await log.append([comment('A', 0)]);
  for (let tries = 0; tries < 2_000 && (await kindsIn(folder)).length < 2; tries += 1) await sleep(2);
  expect(await kindsIn(folder)).toEqual([frameKinds.events, frameKinds.marker]);
  await log.close();
});

test('the real timer keeps no process alive', async () => {
  const folder = await temporaryFolder();
  const from = (name: string) => JSON.stringify(join(import.meta.dirname, name));
  const script = `
    import { openSegmentLog } from ${from('../../../adapters/log/segment/segment-log.ts')};
    import { clock, comment } from ${from('samples.ts')};
    const folder = ${JSON.stringify(folder)};
    const log = await openSegmentLog({ folder, clock, idleMarkerDelayMs: 3_600_000 });
    await log.append([comment('A', 0)]);
  `;
  const run = promisify(execFile);
  const args = ['--input-type=module-typescript', '-e', script];
  // Rejects where the process does not end by itself.
  await run(process.execPath, args, { timeout: 20_000 });
  expect(await kindsIn(folder)).toEqual([frameKinds.events]);
});
