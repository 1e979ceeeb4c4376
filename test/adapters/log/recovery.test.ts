/**
 * After a crash: what was acknowledged is there, what was not is set aside, and damage is never read
 * around.
 */
import { copyFile, cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileHeaderBytes, LogDamage, segmentName } from '../../../adapters/log/segment/format.ts';
import type { Repair } from '../../../adapters/log/segment/recovery.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { temporaryFolder } from './folders.ts';
import { appendOneByOne, clock, comment, readAll } from './samples.ts';

const first = segmentName(1);

/** A log as a killed writer leaves it: no closing mark. Each event is a frame of its own. */
async function killedLog(events: number, segmentBytesMax?: number): Promise<string> {
  const folder = await temporaryFolder();
  const log = await openSegmentLog({
    folder,
    clock,
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
  });
  await appendOneByOne(log, events);
  const copy = await temporaryFolder();
  await cp(folder, copy, { recursive: true });
  await log.close();
  for (const name of await readdir(copy)) if (name.startsWith('LOCK')) await rm(join(copy, name));
  return copy;
}

/** Offsets at which frames begin, and the end of the last. */
async function frameStarts(path: string): Promise<number[]> {
  const bytes = await readFile(path);
  const starts: number[] = [];
  for (let at = bytes.indexOf('DKTF', fileHeaderBytes); at >= 0; at = bytes.indexOf('DKTF', at + 1))
    starts.push(at);
  return [...starts, bytes.length];
}

async function damageOf(work: () => Promise<unknown>): Promise<LogDamage> {
  try {
    await work();
  } catch (error) {
    if (error instanceof LogDamage) return error;
    throw error;
  }
  throw new Error('no damage was found');
}

describe('a torn tail', () => {
  test('is cut at the last whole frame, whatever its length, and kept aside', async () => {
    const folder = await killedLog(4);
    await rm(join(folder, 'durable'));
    const path = join(folder, first);
    const whole = await readFile(path);
    const starts = await frameStarts(path);
    const [third = 0, fourth = 0] = starts.slice(2);
    // Every length of the last frame, and a sample of the one before it.
    for (let length = third; length < whole.length; length += length < fourth - 9 ? 9 : 1) {
      await writeFile(path, whole.subarray(0, length));
      const repairs: Repair[] = [];
      const log = await openSegmentLog({ folder, clock, onRepair: (repair) => repairs.push(repair) });
      const kept = length < fourth ? 2 : 3;
      expect((await readAll(log)).map((event) => event.position)).toEqual([1, 2, 3].slice(0, kept));
      const cut = length < fourth ? third : fourth;
      if (length === cut) expect(repairs.map(({ kind }) => kind)).toEqual(['rewritten']);
      else {
        expect(repairs).toMatchObject([{ kind: 'torn_tail', file: path, offset: cut, bytes: length - cut }]);
        const keptIn = repairs[0]?.kind === 'torn_tail' ? repairs[0].keptIn : '';
        expect(await readFile(keptIn)).toEqual(whole.subarray(cut, length));
        await rm(keptIn);
      }
      const [outcome] = await log.append([comment('new', 0)]);
      expect(outcome).toMatchObject({ status: 'appended', position: kept + 1 });
      await log.close();
      await rm(join(folder, 'durable'));
    }
  });

  test('that the durable file knows to have been acknowledged is damage, and nothing is changed', async () => {
    const folder = await killedLog(4);
    const path = join(folder, first);
    await truncate(path, (await frameStarts(path))[3] ?? 0);
    const before = await readFile(path);
    const damage = await damageOf(() => openSegmentLog({ folder, clock }));
    expect(damage).toMatchObject({ code: 'log_damaged', file: path, offset: before.length });
    expect(await readFile(path)).toEqual(before);
  });

  test('of left-over zeros or old bytes is cut too', async () => {
    for (const tail of [Buffer.alloc(5_000), Buffer.from('DKTF'.repeat(100))]) {
      const folder = await killedLog(3);
      const path = join(folder, first);
      await writeFile(path, Buffer.concat([await readFile(path), tail]));
      const repairs: Repair[] = [];
      const log = await openSegmentLog({ folder, clock, onRepair: (repair) => repairs.push(repair) });
      expect(await log.head()).toBe(3);
      expect(repairs).toMatchObject([{ kind: 'torn_tail', bytes: tail.length }]);
      await log.close();
    }
  });

  test('of a segment that was just being made is set aside', async () => {
    for (const length of [0, 1, fileHeaderBytes - 1, fileHeaderBytes]) {
      const folder = await temporaryFolder();
      const log = await openSegmentLog({ folder, clock, segmentBytesMax: 200 });
      await appendOneByOne(log, 6);
      await log.append([comment('last', 0, 'x'.repeat(300))]);
      await log.append([comment('last', 1)]);
      await log.close();
      const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
      const lastName = names.at(-1) ?? '';
      const position = Number.parseInt(lastName, 10);
      await writeFile(join(folder, lastName), Buffer.alloc(length));
      await rm(join(folder, 'durable'));
      const again = await openSegmentLog({ folder, clock, segmentBytesMax: 200 });
      expect(await again.head()).toBe(position - 1);
      expect(await again.append([comment('new', 0)])).toMatchObject([{ status: 'appended', position }]);
      await again.close();
    }
  });
});

describe('damage', () => {
  test('of any byte of what was acknowledged is refused or found, and never read as something else', async () => {
    const source = await killedLog(5);
    const path = join(source, first);
    const whole = await readFile(path);
    const log = await openSegmentLog({ folder: source, clock });
    const truth = await readAll(log);
    await log.close();
    await rm(join(source, 'durable'));
    const [, , , , lastFrame = 0] = await frameStarts(path);
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      const folder = await temporaryFolder();
      await writeFile(join(folder, first), bytes);
      try {
        const opened = await openSegmentLog({ folder, clock });
        // Only the last frame is not proven by another one; without it, the rest must be as it was.
        expect(at).toBeGreaterThanOrEqual(lastFrame);
        expect(await readAll(opened)).toEqual(truth.slice(0, 4));
        await opened.close();
      } catch (error) {
        if (!(error instanceof LogDamage)) throw error;
        expect(error.file).toBe(join(folder, first));
        expect(error.offset).toBeLessThanOrEqual(at);
        expect(await readFile(join(folder, first))).toEqual(bytes);
      }
    }
  });

  test('after a clean close, even the last frame is proven', async () => {
    const folder = await temporaryFolder();
    const log = await openSegmentLog({ folder, clock });
    await appendOneByOne(log, 3);
    await log.close();
    await rm(join(folder, 'durable'));
    const path = join(folder, first);
    const bytes = await readFile(path);
    const lastEvent = (await frameStarts(path))[2] ?? 0;
    bytes[lastEvent + 70] = (bytes[lastEvent + 70] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await damageOf(() => openSegmentLog({ folder, clock }))).toMatchObject({
      file: path,
      offset: lastEvent,
    });
  });

  test('of a sealed segment is found by reading and by verifying, with file and byte', async () => {
    const folder = await killedLog(12, 600);
    const path = join(folder, first);
    const whole = await readFile(path);
    expect((await verifySegments(folder)).events).toBe(12);
    const starts = await frameStarts(path);
    for (let at = fileHeaderBytes; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      await writeFile(path, bytes);
      const frame = starts.findLast((start) => start <= at);
      expect(await damageOf(() => verifySegments(folder))).toMatchObject({ file: path, offset: frame });
      const log = await openSegmentLog({ folder, clock, segmentBytesMax: 600 });
      expect(await damageOf(() => readAll(log))).toMatchObject({ file: path, offset: frame });
      await log.close();
    }
  });

  test('a missing segment is told', async () => {
    for (const which of [0, 1, -1]) {
      const folder = await killedLog(12, 600);
      const names = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
      const missing = join(folder, names.at(which) ?? '');
      await rm(missing);
      expect((await damageOf(() => openSegmentLog({ folder, clock }).then(readAll))).code).toBe(
        'log_damaged',
      );
    }
  });
});

describe('the sidecar', () => {
  test('is made again when it is missing or damaged anywhere, with the same answers', async () => {
    const source = await killedLog(12, 600);
    const sidecar = (await readdir(source)).filter((name) => name.endsWith('.idx')).sort()[0] ?? '';
    const whole = await readFile(join(source, sidecar));
    await copyFile(join(source, sidecar), join(source, 'whole'));
    const truth = await openSegmentLog({ folder: source, clock }).then(async (log) => {
      const tickets = await Promise.all(['T-0', 'T-1', 'T-2'].map((id) => log.readTicket(id)));
      await log.close();
      return tickets;
    });
    for (let at = -1; at < whole.length; at += at < 90 ? 3 : 173) {
      const bytes = Buffer.from(whole);
      if (at < 0) await rm(join(source, sidecar));
      else {
        bytes[at] = (bytes[at] ?? 0) ^ 4;
        await writeFile(join(source, sidecar), bytes);
      }
      const log = await openSegmentLog({ folder: source, clock });
      expect(await Promise.all(['T-0', 'T-1', 'T-2'].map((id) => log.readTicket(id)))).toEqual(truth);
      expect(await log.append([comment('T-0', 1)])).toMatchObject([
        { status: 'conflict', actualRevision: 4 },
      ]);
      await log.close();
    }
  });
});
