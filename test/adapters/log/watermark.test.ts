/** The `durable` file: what is read of it while it is written, damaged or missing. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import { diskFiles, type SegmentFile } from '../../../adapters/log/segment/storage.ts';
import {
  encodeWatermark,
  readWatermark,
  readWatermarkIn,
  type Watermark,
  WatermarkWriter,
  watermarkName,
} from '../../../adapters/log/segment/watermark.ts';
import { temporaryFolder } from './folders.ts';
import { killedLog } from './killed-log.ts';
import { readAll } from './samples.ts';

const older: Watermark = { salt: { lo: 7, hi: 8 }, segment: 1, offset: 64, lastPosition: 0 };
const newer: Watermark = { ...older, offset: 70_000, lastPosition: 300 };

function notToBeCalled(): never {
  throw new Error('only reading is simulated');
}

/** A simulated file: each read gives the next of `versions`, and the last of them from then on. */
function simulatedFile(versions: readonly Buffer[]): SegmentFile & { readonly reads: () => number } {
  let reads = 0;
  return {
    reads: () => reads,
    read: async (target) => {
      const bytes = versions[Math.min(reads, versions.length - 1)] ?? Buffer.alloc(0);
      reads += 1;
      return bytes.copy(target);
    },
    write: notToBeCalled,
    sync: notToBeCalled,
    size: notToBeCalled,
    truncate: notToBeCalled,
    close: notToBeCalled,
  };
}

/** What a read sees that meets a write in the middle. */
function torn(at: number): Buffer {
  return Buffer.concat([encodeWatermark(newer).subarray(0, at), encodeWatermark(older).subarray(at)]);
}

describe('a read of the durable file', () => {
  test('that meets a write is tried again, wherever the write was', async () => {
    for (let at = 0; at <= encodeWatermark(older).length; at += 1) {
      const file = simulatedFile([torn(at), encodeWatermark(newer)]);
      const mark = await readWatermark(file);
      // Before the first and behind the last byte that differs, it is one of the two marks.
      const isOld = torn(at).equals(encodeWatermark(older));
      expect(mark).toEqual(isOld ? older : newer);
      expect(file.reads()).toBe(isOld || torn(at).equals(encodeWatermark(newer)) ? 1 : 2);
    }
  });

  test('gives up after a bounded number of tries', async () => {
    const file = simulatedFile([torn(44)]);
    expect(await readWatermark(file)).toBeUndefined();
    expect(file.reads()).toBe(8);
  });

  test('of a file that is too short tells nothing', async () => {
    const bytes = encodeWatermark(newer);
    for (const length of [0, 1, bytes.length - 1]) {
      expect(await readWatermark(simulatedFile([bytes.subarray(0, length)]))).toBeUndefined();
    }
  });
});

test('marks that come while one is written are told by the last', async () => {
  const folder = await temporaryFolder();
  const writer = await WatermarkWriter.open(diskFiles, folder, older, (cause) => {
    throw cause;
  });
  expect(await readWatermarkIn(diskFiles, folder)).toEqual(older);
  for (let position = 1; position <= 1_000; position += 1) {
    writer.publish({ ...newer, lastPosition: position });
  }
  await writer.settled();
  expect(await readWatermarkIn(diskFiles, folder)).toEqual({ ...newer, lastPosition: 1_000 });
  await writer.close();
});

describe('a reader', () => {
  test.each(['missing', 'damaged'])(
    'where the durable file is %s shows what the frames prove, and no more',
    async (what) => {
      for (const segmentBytesMax of [1_000_000, 600]) {
        const folder = await killedLog(10, { segmentBytesMax });
        const path = join(folder, watermarkName);
        if (what === 'missing') await rm(path);
        else await writeFile(path, Buffer.alloc(48, 1));
        const reader = await openSegmentReader({ folder });
        // Each event is a batch of its own, which the next one proves.
        expect(await reader.head()).toBe(9);
        expect((await readAll(reader)).map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect((await reader.readTicket('T-0')).map(({ revision }) => revision)).toEqual([1, 2, 3]);
        expect((await reader.readTicket('T-2')).map(({ revision }) => revision)).toEqual([1, 2, 3]);
        await reader.close();
      }
    },
  );
});
