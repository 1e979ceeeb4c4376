/** Compressed and archived segments: the same log to whoever reads it, and never a byte given up for it. */
import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { segmentName } from '../../../adapters/log/segment/format.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import {
  archiveSegments,
  compressSegments,
  describeSegments,
} from '../../../adapters/log/segment/segment-upkeep.ts';
import { diskFiles } from '../../../adapters/log/segment/storage.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { temporaryFolder } from './folders.ts';
import { clock, comment } from './samples.ts';
import {
  copyOf,
  everythingIn,
  removeIndexes,
  segmentBytesMax,
  segmentNames,
  smallSegments,
} from './small-segments.ts';

const now = clock.now();
let grown: string;
let original: Awaited<ReturnType<typeof everythingIn>>;
let plainNames: string[];

beforeAll(async () => {
  grown = await smallSegments(40);
  original = await everythingIn(await copyOf(grown));
  plainNames = await segmentNames(grown);
  expect(plainNames.length).toBeGreaterThan(6);
  expect(original.seen.events.length).toBe(40);
});

describe('compressing', () => {
  test('changes no answer, and leaves the growing segment and the newest sealed ones alone', async () => {
    const folder = await copyOf(grown);
    const report = await compressSegments({ folder, now, keep: 2 });
    const compressed = plainNames.slice(0, -3).map((name) => `${name}.zst`);
    expect(await segmentNames(folder)).toEqual([...compressed, ...plainNames.slice(-3)]);
    expect(report.segments).toBe(compressed.length);
    expect(report.storedBytes).toBeLessThan(report.bytes);
    expect(await everythingIn(folder)).toEqual(original);
    // Twice does nothing more.
    expect(await compressSegments({ folder, now, keep: 2 })).toMatchObject({ segments: 0 });
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('keeps the indexes valid, and lets them be made again where they are lost', async () => {
    const folder = await copyOf(grown);
    await compressSegments({ folder, now, keep: 0 });
    const indexes = (await readdir(folder)).filter((name) => name.endsWith('.idx'));
    const repairs: string[] = [];
    const open = async () => {
      const log = await openSegmentLog({ folder, clock, onRepair: ({ kind }) => repairs.push(kind) });
      await log.close();
    };
    await open();
    expect(repairs).toEqual([]);
    await removeIndexes(folder);
    const reader = await openSegmentReader({ folder });
    expect(await reader.readTicket('T-1')).toEqual(original.seen.tickets.get('T-1'));
    await reader.close();
    await open();
    expect(repairs).toEqual(indexes.map(() => 'index_rebuilt'));
    expect((await readdir(folder)).filter((name) => name.endsWith('.idx'))).toEqual(indexes);
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('a damaged segment is refused, and stays', async () => {
    const folder = await copyOf(grown);
    const path = join(folder, segmentName(1));
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await expect(compressSegments({ folder, now })).rejects.toMatchObject({
      code: 'log_damaged',
      file: path,
    });
    expect(await readFile(path)).toEqual(bytes);
    expect(await segmentNames(folder)).toEqual([...plainNames, '1.seg.zst.draft'].sort(byNumber));
  });

  test('a segment without a seal is refused, and stays', async () => {
    const folder = await copyOf(grown);
    const path = join(folder, segmentName(1));
    const bytes = await readFile(path);
    await truncate(path, bytes.lastIndexOf('DKTF'));
    await expect(compressSegments({ folder, now })).rejects.toThrow(/not sealed/);
    expect(await readFile(path)).toEqual(bytes.subarray(0, bytes.lastIndexOf('DKTF')));
  });

  test('touches nothing in front of a last segment whose header is torn: recovery goes back to it', async () => {
    const folder = await copyOf(grown);
    const last = (await readdir(folder)).filter((name) => name.endsWith('.seg')).at(-1) ?? '';
    await truncate(join(folder, last), 10);
    await rm(join(folder, 'durable'));
    await compressSegments({ folder, now, keep: 0 });
    const names = await segmentNames(folder);
    expect(names.slice(-2)).toEqual(plainNames.slice(-2));
    expect(names.at(-3)).toBe(`${plainNames.at(-3)}.zst`);
    const log = await openSegmentLog({ folder, clock });
    expect(await log.head()).toBe(Number.parseInt(last, 10) - 1);
    await log.close();
  });

  test('a copy that is damaged is made again, as long as the original is there', async () => {
    const folder = await copyOf(grown);
    const other = await copyOf(grown);
    await compressSegments({ folder: other, now, keep: 0 });
    const copy = join(folder, `${segmentName(1)}.zst`);
    const good = await readFile(join(other, `${segmentName(1)}.zst`));
    await writeFile(copy, good.subarray(0, good.length - 1));
    await compressSegments({ folder, now, keep: 0 });
    expect(await readFile(copy)).toEqual(good);
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('is done by one process at a time', async () => {
    const folder = await copyOf(grown);
    await mkdir(join(folder, 'upkeep'));
    const lock = await diskFiles.lock(join(folder, 'upkeep'), now);
    await expect(compressSegments({ folder, now })).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining('let it finish'),
    });
    await lock.release();
    expect(await compressSegments({ folder, now })).not.toMatchObject({ segments: 0 });
  });

  test('stops where it is told to, and goes on another time', async () => {
    const folder = await copyOf(grown);
    const abort = new AbortController();
    const onProgress = (done: number) => done === 2 && abort.abort();
    const first = await compressSegments({ folder, now, keep: 0, signal: abort.signal, onProgress });
    expect(first.segments).toBe(3);
    const rest = await compressSegments({ folder, now, keep: 0 });
    expect(first.segments + rest.segments).toBe(plainNames.length - 1);
    expect(await everythingIn(folder)).toEqual(original);
  });
});

describe('archiving', () => {
  test.each([true, false])('compressed first: %s; changes no answer', async (compressedFirst) => {
    const folder = await copyOf(grown);
    if (compressedFirst) await compressSegments({ folder, now, keep: 1 });
    await archiveSegments({ folder, now, keep: 2 });
    const suffix = compressedFirst ? '.zst' : '';
    const archived = plainNames.slice(0, -3).map((name) => name + suffix);
    expect(await segmentNames(join(folder, 'archive'))).toEqual(archived);
    expect((await segmentNames(folder)).length).toBe(3);
    expect(await everythingIn(folder)).toEqual(original);
    // What went there uncompressed is compressed there.
    await compressSegments({ folder, now, keep: 2 });
    const zipped = plainNames.slice(0, -3).map((name) => `${name}.zst`);
    expect(await segmentNames(join(folder, 'archive'))).toEqual(zipped);
    expect(await archiveSegments({ folder, now, keep: 2 })).toMatchObject({ segments: 0 });
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('a log with archived segments grows on', async () => {
    const folder = await copyOf(grown);
    await compressSegments({ folder, now, keep: 0 });
    await archiveSegments({ folder, now, keep: 1 });
    const log = await openSegmentLog({ folder, clock, segmentBytesMax });
    expect(await log.append([comment('T-1', 10), comment('T-1', 9)])).toMatchObject([
      { status: 'appended', position: 41 },
      { status: 'conflict' },
    ]);
    expect((await log.readTicket('T-1')).slice(0, 10)).toEqual(original.seen.tickets.get('T-1'));
    await log.close();
    expect(await verifySegments(folder)).toMatchObject({ events: 41 });
  });

  test('a missing archive is said to be missing, by all who need it, and nothing is changed', async () => {
    const folder = await copyOf(grown);
    await archiveSegments({ folder, now, keep: 2 });
    const before = await openSegmentReader({ folder });
    await before.head();
    await rename(join(folder, 'archive'), `${folder}-gone`);
    const names = await readdir(folder);
    const fault = {
      code: 'log_damaged',
      message: expect.stringMatching(/missing.*looked for at .*1\.seg, .*1\.seg\.zst, .*archive\/0+1\.seg/),
    };
    await expect(openSegmentLog({ folder, clock })).rejects.toMatchObject(fault);
    await expect(verifySegments(folder)).rejects.toMatchObject(fault);
    await expect(describeSegments(folder)).rejects.toMatchObject(fault);
    await expect(compressSegments({ folder, now })).rejects.toMatchObject(fault);
    // What was open stays readable, as files do on a disk that is still there.
    expect(await before.readTicket('T-1')).toEqual(original.seen.tickets.get('T-1'));
    const reader = await openSegmentReader({ folder });
    await expect(reader.readTicket('T-1')).rejects.toMatchObject(fault);
    await reader.close();
    await before.close();
    expect((await readdir(folder)).filter((name) => !/^(LOCK|upkeep)/.test(name))).toEqual(
      names.filter((name) => !/^(LOCK|upkeep)/.test(name)),
    );
    await rename(`${folder}-gone`, join(folder, 'archive'));
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('a segment that is missing in the middle is missed by readers too', async () => {
    const folder = await copyOf(grown);
    await archiveSegments({ folder, now, keep: 2 });
    const names = (await readdir(join(folder, 'archive'))).sort();
    await rm(join(folder, 'archive', names[2] ?? ''));
    const first = Number.parseInt(names[2] ?? '', 10);
    const fault = { code: 'log_damaged', message: expect.stringContaining(`begins at position`) };
    const reader = await openSegmentReader({ folder });
    await expect(reader.readTicket('T-1')).rejects.toMatchObject(fault);
    await expect(reader.head()).rejects.toMatchObject({ file: join(folder, segmentName(first)) });
    await reader.close();
    await expect(openSegmentLog({ folder, clock })).rejects.toMatchObject(fault);
  });

  test('the last segment is missed where only older ones, which are never last, are left', async () => {
    const folder = await copyOf(grown);
    await compressSegments({ folder, now, keep: 0 });
    await rm(join(folder, 'durable'));
    for (const name of await readdir(folder)) if (name.endsWith('.seg')) await rm(join(folder, name));
    await expect(openSegmentLog({ folder, clock })).rejects.toThrow(/segment after it is missing/);
  });

  test("another log's archive is refused, and neither log loses anything", async () => {
    const [folder, other] = [await copyOf(grown), await smallSegments(20)];
    await archiveSegments({ folder: other, now, keep: 0 });
    await cp(join(other, 'archive', segmentName(1)), join(folder, 'archive', segmentName(1)));
    const foreign = await readFile(join(folder, 'archive', segmentName(1)));
    await expect(archiveSegments({ folder, now, keep: 0 })).rejects.toThrow(/belongs to another log/);
    expect(await readFile(join(folder, 'archive', segmentName(1)))).toEqual(foreign);
    expect(await everythingIn(folder)).toEqual(original);
  });

  test("an archive that leads back to the log's own folder is refused before anything is removed", async () => {
    const folder = await copyOf(grown);
    await symlink('.', join(folder, 'archive'));
    await expect(archiveSegments({ folder, now, keep: 0 })).rejects.toThrow(/leads back/);
    expect(await segmentNames(folder)).toEqual(plainNames);
    expect(await everythingIn(folder)).toEqual(original);
  });
});

test('a description tells where each segment is, what it holds and what it takes', async () => {
  const folder = await copyOf(grown);
  await compressSegments({ folder, now, keep: 1 });
  await archiveSegments({ folder, now, keep: plainNames.length - 2 });
  const segments = await describeSegments(folder);
  const states = segments.map(({ state }) => state);
  const compressed = Array.from({ length: plainNames.length - 3 }, () => 'compressed');
  expect(states).toEqual(['archived', ...compressed, 'sealed', 'growing']);
  for (const [at, { firstPosition, lastPosition, bytes, storedBytes, path }] of segments.entries()) {
    expect(lastPosition).toBe((segments[at + 1]?.firstPosition ?? 41) - 1);
    expect((await readFile(path)).length).toBe(storedBytes);
    expect(bytes).toBe((await readFile(join(grown, segmentName(firstPosition)))).length);
  }
  expect(await describeSegments(await temporaryFolder())).toEqual([]);
});

function byNumber(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
