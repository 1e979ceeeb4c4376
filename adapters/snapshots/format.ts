/**
 * The layout of a snapshot file. It must not be possible to change, cut, repeat or reorder any of it without
 * being noticed before a state of it is used.
 *
 *     file   8 bytes of magic, which end with the format's version; a head block; blocks of states; an end
 *            block; nothing after it. Numbers are little-endian.
 *     block  u32 CRC-32 of the rest of the block, u32 payload bytes, u32 number of the block (the head is 0),
 *            u32 kind, u32 states in it; the payload
 *     head   JSON: the version of the states' meaning, and the event from which on the log is read again
 *     states a JSON array of states (see state-codec.ts), compressed with zstd
 *     end    JSON: the event that no state is ahead of, and how many states there are
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';

export const magic = Buffer.from('dkt-snp1', 'latin1');
export const blockHeaderBytes = 20;
/** Far more than a slice of states and the largest ticket need; a length beyond it is damage. */
export const blockBytesMax = 256 * 1024 * 1024;

export const blockKinds = { head: 1, states: 2, end: 3 } as const;
export type BlockKind = (typeof blockKinds)[keyof typeof blockKinds];

export interface BlockHeader {
  readonly crc: number;
  readonly payloadBytes: number;
  readonly number: number;
  readonly kind: number;
  readonly states: number;
}

const markSchema = z.strictObject({
  position: z.int().min(1),
  ticketId: z.string(),
  revision: z.int().min(1),
  recordedAt: z.int(),
});
export const headSchema = z.strictObject({ stateVersion: z.int(), from: markSchema });
export type Head = z.infer<typeof headSchema>;
export const endSchema = z.strictObject({ upTo: markSchema, states: z.int().min(0) });
export type End = z.infer<typeof endSchema>;

export function encodeBlock(kind: BlockKind, number: number, states: number, payload: Buffer): Buffer {
  if (payload.length > blockBytesMax) throw new RangeError(`a block of ${payload.length} bytes is too long`);
  const block = Buffer.allocUnsafe(blockHeaderBytes + payload.length);
  block.writeUInt32LE(payload.length, 4);
  block.writeUInt32LE(number, 8);
  block.writeUInt32LE(kind, 12);
  block.writeUInt32LE(states, 16);
  payload.copy(block, blockHeaderBytes);
  block.writeUInt32LE(crc32(block.subarray(4)), 0);
  return block;
}

export function readBlockHeader(bytes: Buffer): BlockHeader {
  return {
    crc: bytes.readUInt32LE(0),
    payloadBytes: bytes.readUInt32LE(4),
    number: bytes.readUInt32LE(8),
    kind: bytes.readUInt32LE(12),
    states: bytes.readUInt32LE(16),
  };
}
