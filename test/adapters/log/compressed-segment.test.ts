/** A compressed segment reads like the original at every offset, and a wrong bit in it is never believed. */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { compressSegment } from '../../../adapters/log/segment/compress-segment.ts';
import { BlockCache, CompressedFile } from '../../../adapters/log/segment/compressed-file.ts';
import { layoutOf } from '../../../adapters/log/segment/compressed-format.ts';
import { LogDamage, segmentName } from '../../../adapters/log/segment/format.ts';
import { OpenFiles } from '../../../adapters/log/segment/open-files.ts';
import { listSegments } from '../../../adapters/log/segment/segment-places.ts';
import { diskFiles, type SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { copyOf, smallSegments } from './small-segments.ts';

const blockBytes = 300;
const name = segmentName(1);
let grown: string;
let folder: string;
let path: string;
let original: Buffer;
let compressed: Buffer;

beforeAll(async () => {
  grown = await smallSegments(12);
  original = await readFile(join(grown, name));
  folder = await copyOf(grown);
  const place = { path: join(folder, name), compressed: false, archived: false };
  await compressSegment(unsyncedFiles, place, 1, blockBytes);
  path = `${place.path}.zst`;
  compressed = await readFile(path);
  expect(original.length).toBeGreaterThan(2 * blockBytes);
});

/** The real disk, but for one file that is served from memory. */
function withFile(servedPath: string, bytes: Buffer): SegmentFiles {
  return {
    ...diskFiles,
    async open(openedPath, mode) {
      if (openedPath !== servedPath) return diskFiles.open(openedPath, mode);
      return {
        read: async (target, position) => bytes.copy(target, 0, position),
        write: () => Promise.reject(new Error('for reading only')),
        sync: () => Promise.reject(new Error('for reading only')),
        size: async () => bytes.length,
        truncate: async () => {},
        close: async () => undefined,
      };
    },
  };
}

async function readWhole(bytes: Buffer): Promise<Buffer> {
  const file = await CompressedFile.open(withFile(path, bytes), path, new BlockCache());
  const whole = Buffer.alloc(original.length + 10);
  return whole.subarray(0, await file.read(whole, 0));
}

/** The events that the verifier reads, or the damage that it finds. */
async function verified(bytes: Buffer): Promise<RecordedEvent[] | LogDamage> {
  const events: RecordedEvent[] = [];
  try {
    await verifySegments(folder, (batch) => void events.push(...batch), withFile(path, bytes));
    return events;
  } catch (error) {
    if (error instanceof LogDamage) return error;
    throw error;
  }
}

describe('a compressed segment', () => {
  test('gives the same bytes for every range, beyond its end too', async () => {
    const file = await CompressedFile.open(diskFiles, path, new BlockCache());
    expect(await file.size()).toBe(original.length);
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: original.length + 50 }),
        fc.nat({ max: original.length + 50 }),
        async (position, length) => {
          const target = Buffer.alloc(length, 0xaa);
          const count = await file.read(target, position);
          const expected = original.subarray(position, position + length);
          expect(count).toBe(expected.length);
          expect(target.subarray(0, count)).toEqual(expected);
          expect(target.subarray(count)).toEqual(Buffer.alloc(length - count, 0xaa));
        },
      ),
      { numRuns: 300 },
    );
    await file.close();
  });

  test('with a byte flipped, whichever, is damage that names the file, or the same bytes still', async () => {
    const events = await verified(compressed);
    if (events instanceof LogDamage) throw events;
    expect(events.length).toBe(12);
    const { tableEnd } = layoutOf({ bytes: original.length, blockBytes });
    let damages = 0;
    for (let at = 0; at < compressed.length; at += 1) {
      for (const flip of [0xff, 1 << (at % 8)]) {
        const bytes = Buffer.from(compressed);
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const result = await verified(bytes);
        if (!(result instanceof LogDamage)) {
          expect(at, 'the header and the table have no unused bits').toBeGreaterThanOrEqual(tableEnd);
          expect(result, `byte ${at}, flipped by ${flip}`).toEqual(events);
          expect(await readWhole(bytes)).toEqual(original);
          continue;
        }
        damages += 1;
        expect(result).toMatchObject({ code: 'log_damaged', file: path });
        expect(result.offset % blockBytes).toBe(0);
        await expect(readWhole(bytes)).rejects.toBeInstanceOf(LogDamage);
      }
    }
    // Bits that zstd does not use may change and nothing comes of it; they are few.
    expect(damages).toBeGreaterThan(compressed.length * 1.9);
  });

  test('cut at any length, or followed by anything, is damage', async () => {
    for (let length = 0; length < compressed.length; length += 1) {
      expect(await verified(compressed.subarray(0, length)), `cut at ${length}`).toBeInstanceOf(LogDamage);
    }
    expect(await verified(Buffer.concat([compressed, Buffer.alloc(1)]))).toBeInstanceOf(LogDamage);
  });

  test('with a damaged block tells at which byte of the original it begins', async () => {
    const bytes = Buffer.from(compressed);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 0xff;
    const lastBlock = Math.floor((original.length - 1) / blockBytes) * blockBytes;
    await expect(readWhole(bytes)).rejects.toMatchObject({ file: path, offset: lastBlock });
  });
});

describe('a file of the log', () => {
  test('that is compressed between two looks is found in its new place', async () => {
    const moving = await copyOf(grown);
    const plain = { path: join(moving, name), compressed: false, archived: false };
    let moved = false;
    const open = new OpenFiles({
      ...diskFiles,
      async open(openedPath, mode) {
        if (openedPath === plain.path && !moved) {
          moved = true;
          await compressSegment(unsyncedFiles, plain, 1);
        }
        return diskFiles.open(openedPath, mode);
      },
    });
    const target = Buffer.alloc(100);
    expect(await open.file(plain.path).read(target, 64)).toBe(100);
    expect(target).toEqual(original.subarray(64, 164));
    expect(moved).toBe(true);
    await open.close();
  });

  test('that is moved back by hand while it is looked for is found at the second look', async () => {
    const moving = await copyOf(grown);
    const [here, archive] = [join(moving, name), join(moving, 'archive')];
    await mkdir(archive);
    await rename(here, join(archive, name));
    const open = new OpenFiles({
      ...diskFiles,
      async open(openedPath, mode) {
        if (openedPath === join(archive, name)) await rename(openedPath, here).catch(() => undefined);
        return diskFiles.open(openedPath, mode);
      },
    });
    expect(await open.file(here).size()).toBe(original.length);
    await open.close();
  });

  test('that goes away under its reader, as on a network disk, is opened anew where it is now', async () => {
    const moving = await copyOf(grown);
    const plain = { path: join(moving, name), compressed: false, archived: false };
    let gone = false;
    const open = new OpenFiles({
      ...diskFiles,
      async open(openedPath, mode) {
        const file = await diskFiles.open(openedPath, mode);
        if (openedPath !== plain.path) return file;
        return {
          ...{ write: file.write, sync: file.sync, size: () => file.size(), close: () => file.close() },
          truncate: file.truncate,
          read: async (target, position) => {
            if (gone) throw Object.assign(new Error('stale file handle'), { code: 'ESTALE' });
            return file.read(target, position);
          },
        };
      },
    });
    const file = open.file(plain.path);
    const target = Buffer.alloc(original.length);
    expect(await file.read(target, 0)).toBe(original.length);
    await compressSegment(unsyncedFiles, plain, 1);
    gone = true;
    target.fill(0);
    expect(await file.read(target, 0)).toBe(original.length);
    expect(target).toEqual(original);
    await open.close();
  });

  test('that is nowhere is damage that names all places', async () => {
    const open = new OpenFiles(diskFiles);
    const missing = join(folder, segmentName(77));
    const places = `${missing}, ${missing}.zst, ${join(folder, 'archive', segmentName(77))}`;
    await expect(open.file(missing).size()).rejects.toMatchObject({
      code: 'log_damaged',
      file: missing,
      message: expect.stringContaining(places),
    });
  });

  test('that nobody reads any more is closed, so that its space can be given back', async () => {
    let closed = 0;
    const open = new OpenFiles({
      ...diskFiles,
      async open(openedPath, mode) {
        const file = await diskFiles.open(openedPath, mode);
        const close = async () => {
          closed += 1;
          await file.close();
        };
        return {
          read: file.read.bind(file),
          write: file.write,
          sync: file.sync,
          size: () => file.size(),
          truncate: (bytes: number) => file.truncate(bytes),
          close,
        };
      },
    });
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    const [first = '', second = ''] = (await readdir(grown)).filter((each) => each.endsWith('.seg'));
    await open.file(join(grown, first)).size();
    clock.mockReturnValue(59_000);
    await open.file(join(grown, second)).size();
    expect(closed).toBe(0);
    clock.mockReturnValue(61_000);
    await open.file(join(grown, second)).size();
    expect(closed).toBe(1);
    expect(await open.file(join(grown, first)).size()).toBe(original.length);
    clock.mockRestore();
    await open.close();
    expect(closed).toBe(3);
  });
});

test('the list of segments misses none that is renamed while a folder is listed', async () => {
  const firsts = await listSegments(diskFiles, grown);
  expect(firsts.length).toBeGreaterThan(2);
  let listings = 0;
  const racing: SegmentFiles = {
    ...diskFiles,
    async list(listed) {
      listings += 1;
      const names = await diskFiles.list(listed);
      return listings === 1 ? names.filter((each) => each !== segmentName(firsts[1] ?? 0)) : names;
    },
  };
  expect(await listSegments(racing, grown)).toEqual(firsts);
});

describe('the cache of blocks', () => {
  test('loads a block once for all who ask at once, and keeps a bounded number', async () => {
    const cache = new BlockCache();
    const loads: string[] = [];
    const get = (key: string) =>
      cache.get(key, async () => {
        loads.push(key);
        return Buffer.from(key);
      });
    const blocks = await Promise.all([get('a'), get('a'), get('b')]);
    expect(blocks.map(String)).toEqual(['a', 'a', 'b']);
    expect(loads).toEqual(['a', 'b']);
    for (let block = 0; block < 63; block += 1) await get(`${block}`);
    await get('b');
    expect(loads.length).toBe(65);
    await get('a');
    expect(loads.at(-1)).toBe('a');
  });

  test('does not keep a failure', async () => {
    const cache = new BlockCache();
    await expect(cache.get('a', () => Promise.reject(new Error('not now')))).rejects.toThrow('not now');
    expect(String(await cache.get('a', async () => Buffer.from('fine')))).toBe('fine');
  });
});

test('a damaged block is read anew once the file was mended', async () => {
  const mending = await copyOf(folder);
  const file = join(mending, `${name}.zst`);
  const bytes = Buffer.from(compressed);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 0xff;
  await writeFile(file, bytes);
  const open = new OpenFiles(diskFiles);
  const target = Buffer.alloc(original.length);
  await expect(open.file(join(mending, name)).read(target, 0)).rejects.toBeInstanceOf(LogDamage);
  await writeFile(file, compressed);
  await open.drop(join(mending, name));
  expect(await open.file(join(mending, name)).read(target, 0)).toBe(original.length);
  expect(target).toEqual(original);
  await open.close();
});
