/** Archived segments: read where they are, missed when they are gone, and never mixed with another log's. */
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { segmentName } from '../../../adapters/log/segment/format.ts';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import {
  archiveSegments,
  compressSegments,
  describeSegments,
} from '../../../adapters/log/segment/segment-upkeep.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { clock, comment } from './samples.ts';
import {
  copyOf,
  everythingIn,
  flipped,
  segmentBytesMax,
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

test.each([true, false])('compressed first: %s; changes no answer', async (compressedFirst) => {
  const folder = await copyOf(grown);
  if (compressedFirst) await compressSegments({ folder, now, files, keep: 1 });
  await archiveSegments({ folder, now, files, keep: 2 });
  const suffix = compressedFirst ? '.zst' : '';
  const archived = plainNames.slice(0, -3).map((name) => name + suffix);
  expect(await segmentNames(join(folder, 'archive'))).toEqual(archived);
  expect((await segmentNames(folder)).length).toBe(3);
  expect(await everythingIn(folder)).toEqual(original);
  // What went there uncompressed is compressed there.
  await compressSegments({ folder, now, files, keep: 2 });
  const zipped = plainNames.slice(0, -3).map((name) => `${name}.zst`);
  expect(await segmentNames(join(folder, 'archive'))).toEqual(zipped);
  expect(await archiveSegments({ folder, now, files, keep: 2 })).toMatchObject({ segments: 0 });
  expect(await everythingIn(folder)).toEqual(original);
});

test('what a crash left in two forms is archived once, compressed', async () => {
  const folder = await copyOf(grown);
  const other = await copyOf(grown);
  await compressSegments({ folder: other, now, files, keep: 0 });
  await cp(join(other, `${segmentName(1)}.zst`), join(folder, `${segmentName(1)}.zst`));
  await archiveSegments({ folder, now, files, keep: 0 });
  expect((await segmentNames(join(folder, 'archive'))).slice(0, 2)).toEqual(['1.seg.zst', plainNames[1]]);
  expect(await segmentNames(folder)).toEqual(plainNames.slice(-1));
  expect(await everythingIn(folder)).toEqual(original);
});

test('a damaged copy in the archive is made again while the original is there', async () => {
  const folder = await copyOf(grown);
  const good = await readFile(join(folder, segmentName(1)));
  await mkdir(join(folder, 'archive'));
  await writeFile(join(folder, 'archive', segmentName(1)), flipped(good));
  await archiveSegments({ folder, now, files, keep: 0 });
  expect(await readFile(join(folder, 'archive', segmentName(1)))).toEqual(good);
  expect(await everythingIn(folder)).toEqual(original);
});

test('a log with archived segments grows on', async () => {
  const folder = await copyOf(grown);
  await compressSegments({ folder, now, files, keep: 0 });
  await archiveSegments({ folder, now, files, keep: 1 });
  const log = await openSegmentLog({ folder, clock, files, segmentBytesMax });
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
  await archiveSegments({ folder, now, files, keep: 2 });
  const before = await openSegmentReader({ folder });
  await before.head();
  await rename(join(folder, 'archive'), `${folder}-gone`);
  const names = await readdir(folder);
  const fault = {
    code: 'log_damaged',
    message: expect.stringMatching(/missing.*looked for at .*1\.seg, .*1\.seg\.zst, .*archive\/0+1\.seg/),
  };
  await expect(openSegmentLog({ folder, clock, files })).rejects.toMatchObject(fault);
  await expect(verifySegments(folder)).rejects.toMatchObject(fault);
  await expect(describeSegments(folder)).rejects.toMatchObject(fault);
  await expect(compressSegments({ folder, now, files })).rejects.toMatchObject(fault);
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
  await archiveSegments({ folder, now, files, keep: 2 });
  const names = (await readdir(join(folder, 'archive'))).sort();
  await rm(join(folder, 'archive', names[2] ?? ''));
  const first = Number.parseInt(names[2] ?? '', 10);
  const fault = { code: 'log_damaged', message: expect.stringContaining(`begins at position`) };
  const reader = await openSegmentReader({ folder });
  await expect(reader.readTicket('T-1')).rejects.toMatchObject(fault);
  await expect(reader.head()).rejects.toMatchObject({ file: join(folder, segmentName(first)) });
  await reader.close();
  await expect(openSegmentLog({ folder, clock, files })).rejects.toMatchObject(fault);
});

test('the last segment is missed where only older ones, which are never last, are left', async () => {
  const folder = await copyOf(grown);
  await compressSegments({ folder, now, files, keep: 0 });
  await rm(join(folder, 'durable'));
  for (const name of await readdir(folder)) if (name.endsWith('.seg')) await rm(join(folder, name));
  await expect(openSegmentLog({ folder, clock, files })).rejects.toThrow(/segment after it is missing/);
});

test("another log's archive is refused, and neither log loses anything", async () => {
  const [folder, other] = [await copyOf(grown), await smallSegments(20)];
  await archiveSegments({ folder: other, now, files, keep: 0 });
  await cp(join(other, 'archive', segmentName(1)), join(folder, 'archive', segmentName(1)));
  const foreign = await readFile(join(folder, 'archive', segmentName(1)));
  await expect(archiveSegments({ folder, now, files, keep: 0 })).rejects.toThrow(/belongs to another log/);
  expect(await readFile(join(folder, 'archive', segmentName(1)))).toEqual(foreign);
  expect(await everythingIn(folder)).toEqual(original);
});

test("an archive that leads back to the log's own folder is refused before anything is removed", async () => {
  const folder = await copyOf(grown);
  await symlink('.', join(folder, 'archive'));
  await expect(archiveSegments({ folder, now, files, keep: 0 })).rejects.toThrow(/leads back/);
  expect(await segmentNames(folder)).toEqual(plainNames);
  expect(await everythingIn(folder)).toEqual(original);
});
