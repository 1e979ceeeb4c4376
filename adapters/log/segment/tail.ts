/**
 * What lies behind the last good frame of a segment: zeros that were written ahead, bytes of a write that a
 * crash cut short, or frames that prove that something before them is damaged.
 *
 * It only looks. It must never take the first byte that differs from zero for nothing.
 */
import { decodeFrameHeader, frameHeaderBytes, frameMagic, type Salt } from './format.ts';
import type { Readable } from './frame-walker.ts';

const chunkBytes = 1024 * 1024;
const zeros = Buffer.alloc(chunkBytes);

/** Offset after the last byte between `from` and `end` that is not zero; `from` where all of them are. */
export async function endOfBytes(file: Readable, from: number, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(0, end - from)));
  for (let upTo = end; upTo > from; ) {
    const start = Math.max(from, upTo - chunkBytes);
    const bytes = chunk.subarray(0, await file.read(chunk.subarray(0, upTo - start), start));
    if (bytes.compare(zeros, 0, bytes.length) !== 0) {
      return start + bytes.findLastIndex((byte) => byte !== 0) + 1;
    }
    upTo = start;
  }
  return from;
}

/** The highest durableUpTo of all intact frame headers that begin after `from`, where a bad frame begins. */
export async function provenBehind(file: Readable, salt: Salt, from: number, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes + frameHeaderBytes, Math.max(0, end - from)));
  let proven = 0;
  // Neighbouring chunks overlap by a header, so that each header lies whole in one of them.
  for (let start = from + 1; start + frameHeaderBytes <= end; start += chunkBytes) {
    const wanted = Math.min(chunk.length, end - start);
    const bytes = chunk.subarray(0, await file.read(chunk.subarray(0, wanted), start));
    for (let at = bytes.indexOf(frameMagic); at >= 0; at = bytes.indexOf(frameMagic, at + 1)) {
      proven = Math.max(proven, decodeFrameHeader(bytes, at, salt)?.durableUpTo ?? 0);
    }
  }
  return proven;
}
