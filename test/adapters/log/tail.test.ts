/** The end of a segment is found to the byte, also where it lies at the border of what is read at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrameHeader, frameHeaderBytes, frameKinds } from '../../../adapters/log/segment/format.ts';
import { endOfBytes, provenBehind } from '../../../adapters/log/segment/tail.ts';

const chunkBytes = 1024 * 1024;
const salt = { lo: 1, hi: 2 };

/** A simulated file: these bytes. */
function simulatedFile(bytes: Buffer) {
  return {
    read: async (target: Uint8Array, position: number) => bytes.copy(target, 0, position),
    size: async () => bytes.length,
  };
}

const nearBorder = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: chunkBytes - 200, max: chunkBytes + 200 }),
  fc.integer({ min: 2 * chunkBytes - 200, max: 2 * chunkBytes + 200 }),
);

test('the last byte that is not zero is found wherever it is', async () => {
  await fc.assert(
    fc.asyncProperty(nearBorder, nearBorder, nearBorder, async (from, at, more) => {
      const bytes = Buffer.alloc(from + at + 1 + more);
      const file = simulatedFile(bytes);
      if (from > 0) bytes[from - 1] = 1;
      expect(await endOfBytes(file, from, bytes.length)).toBe(from);
      bytes[from + at] = 1;
      expect(await endOfBytes(file, from, bytes.length)).toBe(from + at + 1);
    }),
    { numRuns: 50 },
  );
});

test('what a frame behind a bad one proves is found wherever the frame is, with its own salt only', async () => {
  await fc.assert(
    fc.asyncProperty(nearBorder, nearBorder, nearBorder, async (from, at, more) => {
      const bytes = Buffer.alloc(from + 1 + at + frameHeaderBytes + more);
      const header = {
        kind: frameKinds.events,
        payloadBytes: 0,
        eventCount: 0,
        firstPosition: 9,
        recordedAt: 0,
        durableUpTo: 77,
      };
      encodeFrameHeader(bytes, from + 1 + at, header, salt);
      const file = simulatedFile(bytes);
      expect(await provenBehind(file, salt, from, bytes.length)).toBe(77);
      expect(await provenBehind(file, { lo: 1, hi: 3 }, from, bytes.length)).toBe(0);
    }),
    { numRuns: 50 },
  );
});
