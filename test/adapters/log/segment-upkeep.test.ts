/** Compressed segments: the same log to whoever reads it, and never a byte given up for it. */
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
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
import { diskFiles, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { temporaryFolder } from './folders.ts';
import { clock } from './samples.ts';
import {
  copyOf,
  everythingIn,
  flipped,
  removeIndexes,
  segmentNames,
  smallSegments,
} from './small-segments.ts';

const now = clock.now();
const files = unsyncedFiles;
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
    const report = await compressSegments({ folder, now, files, keep: 2 });
    const compressed = plainNames.slice(0, -3).map((name) => `${name}.zst`);
    expect(await segmentNames(folder)).toEqual([...compressed, ...plainNames.slice(-3)]);
    expect(report.segments).toBe(compressed.length);
    expect(report.storedBytes).toBeLessThan(report.bytes);
    expect(await everythingIn(folder)).toEqual(original);
    // Twice does nothing more.
    expect(await compressSegments({ folder, now, files, keep: 2 })).toMatchObject({ segments: 0 });
    expect(await everythingIn(folder)).toEqual(original);
  });

  test('keeps the indexes valid, and lets them be made again where they are lost', async () => {
    const folder = await copyOf(grown);
    await compressSegments({ folder, now, files, keep: 0 });
    const indexes = (await readdir(folder)).filter((name) => name.endsWith('.idx'));
    const repairs: string[] = [];
    const open = async () => {
      const log = await openSegmentLog({ folder, clock, files, onRepair: ({ kind }) => repairs.push(kind) });
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
    const bytes = flipped(await readFile(path));
    await writeFile(path, bytes);
    await expect(compressSegments({ folder, now, files })).rejects.toMatchObject({
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
    await expect(compressSegments({ folder, now, files })).rejects.toThrow(/not sealed/);
    expect(await readFile(path)).toEqual(bytes.subarray(0, bytes.lastIndexOf('DKTF')));
  });

  test('touches nothing in front of a last segment whose header is torn: recovery goes back to it', async () => {
    const folder = await copyOf(grown);
    const last = (await readdir(folder)).filter((name) => name.endsWith('.seg')).at(-1) ?? '';
    await truncate(join(folder, last), 10);
    await rm(join(folder, 'durable'));
    await compressSegments({ folder, now, files, keep: 0 });
    const names = await segmentNames(folder);
    expect(names.slice(-2)).toEqual(plainNames.slice(-2));
    expect(names.at(-3)).toBe(`${plainNames.at(-3)}.zst`);
    const log = await openSegmentLog({ folder, clock, files });
    expect(await log.head()).toBe(Number.parseInt(last, 10) - 1);
    await log.close();
  });

  test.each(['cut', 'flipped'])(
    'a copy that is %s is made again while the original is there',
    async (how) => {
      const folder = await copyOf(grown);
      const other = await copyOf(grown);
      await compressSegments({ folder: other, now, files, keep: 0 });
      const copy = join(folder, `${segmentName(1)}.zst`);
      const good = await readFile(join(other, `${segmentName(1)}.zst`));
      await writeFile(copy, how === 'cut' ? good.subarray(0, good.length - 1) : flipped(good));
      await compressSegments({ folder, now, files, keep: 0 });
      expect(await readFile(copy)).toEqual(good);
      expect(await everythingIn(folder)).toEqual(original);
    },
  );

  test('is done by one process at a time', async () => {
    const folder = await copyOf(grown);
    await mkdir(join(folder, 'upkeep'));
    const lock = await diskFiles.lock(join(folder, 'upkeep'), now);
    await expect(compressSegments({ folder, now, files })).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining('let it finish'),
    });
    await lock.release();
    expect(await compressSegments({ folder, now, files })).not.toMatchObject({ segments: 0 });
  });

  test('stops where it is told to, and goes on another time', async () => {
    const folder = await copyOf(grown);
    const abort = new AbortController();
    const onProgress = (done: number) => done === 2 && abort.abort();
    const first = await compressSegments({ folder, now, files, keep: 0, signal: abort.signal, onProgress });
    expect(first.segments).toBe(3);
    const rest = await compressSegments({ folder, now, files, keep: 0 });
    expect(first.segments + rest.segments).toBe(plainNames.length - 1);
    expect(await everythingIn(folder)).toEqual(original);
  });
});

test.each([
  ['compressing', compressSegments],
  ['archiving', archiveSegments],
])('%s onto a disk that stores one wrong bit is refused, and the original stays', async (_, work) => {
  const folder = await copyOf(grown);
  const wrong: SegmentFiles = {
    ...unsyncedFiles,
    async open(path, mode) {
      const file = await unsyncedFiles.open(path, mode);
      const write = (bytes: Uint8Array, position: number) => {
        return file.write(path.includes('.seg') ? flipped(bytes) : bytes, position);
      };
      return { ...file, write };
    },
  };
  await expect(work({ folder, now, files: wrong })).rejects.toMatchObject({
    code: 'log_damaged',
    file: expect.stringMatching(/draft$/),
  });
  expect((await segmentNames(folder)).filter((name) => !name.endsWith('.draft'))).toEqual(plainNames);
  expect(await everythingIn(folder)).toEqual(original);
});

test('a description tells where each segment is, what it holds and what it takes', async () => {
  const folder = await copyOf(grown);
  await compressSegments({ folder, now, files, keep: 1 });
  await archiveSegments({ folder, now, files, keep: plainNames.length - 2 });
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
