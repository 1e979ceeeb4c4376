/**
 * The compressed form of a sealed segment (`X.seg.zst`), version 1. The segment's bytes are cut into blocks
 * of the same length, the last one shorter, and each is a zstd frame of its own: to read anything, one or
 * two blocks are decompressed, and all offsets of the original stay valid. Numbers are little-endian.
 *
 *      0  8 bytes  "DOCKETSZ"
 *      8  u32      format version
 *     12  u32      original bytes of a block
 *     16  2 x u32  the segment's salt
 *     24  f64      position of the segment's first event
 *     32  f64      original bytes of the segment
 *     40  u32      blocks
 *     44  u32      CRC-32 of bytes 0 to 43 and of the block table
 *     48  the block table, for each block: u32 compressed bytes, u32 CRC-32 of the original bytes
 *         the blocks, one after the other; the file ends with the last of them
 *
 * Where a block begins is the sum of the lengths before it, so that the table can not contradict itself.
 * Nothing here may change without a new format version: old segments are read for ever.
 */
import { crc32 } from 'node:zlib';
import { LogDamage, type Salt } from './format.ts';

const fileMagic = Buffer.from('DOCKETSZ', 'latin1');
const compressedVersion = 1;
export const compressedHeaderBytes = 48;
const crcAt = 44;
const tableEntryBytes = 8;

/**
 * Original bytes of a block. A larger one compresses better (256 KiB by 2 %), a smaller one is read faster:
 * a frame is about 16 KiB, and nearly always in one block.
 */
export const blockBytesDefault = 128 * 1024;
/** The largest block that is believed; a reader must be able to hold a few. */
const blockBytesMax = 16 * 1024 * 1024;

export interface CompressedHeader {
  readonly salt: Salt;
  readonly firstPosition: number;
  readonly bytes: number;
  readonly blockBytes: number;
}

export interface Block {
  /** Of the compressed bytes in the file. */
  readonly offset: number;
  readonly length: number;
  /** Of the original bytes. */
  readonly crc: number;
}

/** How many blocks, and so how long the header with its table. */
export function layoutOf(header: Pick<CompressedHeader, 'bytes' | 'blockBytes'>) {
  const blockCount = Math.ceil(header.bytes / header.blockBytes);
  return { blockCount, tableEnd: compressedHeaderBytes + blockCount * tableEntryBytes };
}

/** The header and the table: everything before the blocks. */
export function encodeCompressedHeader(
  header: CompressedHeader,
  blocks: readonly Pick<Block, 'length' | 'crc'>[],
): Buffer {
  const bytes = Buffer.alloc(layoutOf(header).tableEnd);
  fileMagic.copy(bytes, 0);
  bytes.writeUInt32LE(compressedVersion, 8);
  bytes.writeUInt32LE(header.blockBytes, 12);
  bytes.writeUInt32LE(header.salt.lo, 16);
  bytes.writeUInt32LE(header.salt.hi, 20);
  bytes.writeDoubleLE(header.firstPosition, 24);
  bytes.writeDoubleLE(header.bytes, 32);
  bytes.writeUInt32LE(blocks.length, 40);
  let at = compressedHeaderBytes;
  for (const { length, crc } of blocks) at = bytes.writeUInt32LE(crc, bytes.writeUInt32LE(length, at));
  bytes.writeUInt32LE(headerCrc(bytes), crcAt);
  return bytes;
}

/**
 * What the first `compressedHeaderBytes` say, before the table is there to confirm it; `tableEnd` tells how
 * much to read for that. Throws `log_damaged` where this is no such header.
 */
export function peekCompressedHeader(bytes: Buffer, path: string, fileBytes: number) {
  const damaged = (what: string) => new LogDamage(path, 0, what);
  if (bytes.length < compressedHeaderBytes || bytes.compare(fileMagic, 0, 8, 0, 8) !== 0) {
    throw damaged('this is not a compressed segment');
  }
  const version = bytes.readUInt32LE(8);
  if (version !== compressedVersion) throw damaged(`compressed format ${version} is not known here`);
  const header: CompressedHeader = {
    blockBytes: bytes.readUInt32LE(12),
    salt: { lo: bytes.readUInt32LE(16), hi: bytes.readUInt32LE(20) },
    firstPosition: bytes.readDoubleLE(24),
    bytes: bytes.readDoubleLE(32),
  };
  const { blockCount, tableEnd } = layoutOf(header);
  const sound = header.blockBytes <= blockBytesMax && blockCount === bytes.readUInt32LE(40);
  if (!sound || tableEnd > fileBytes) throw damaged('the header of the compressed segment makes no sense');
  return { header, tableEnd };
}

/** The table of blocks, given the whole header with its table. Throws `log_damaged` where a bit is wrong. */
export function decodeBlockTable(bytes: Buffer, path: string, fileBytes: number): readonly Block[] {
  if (bytes.readUInt32LE(crcAt) !== headerCrc(bytes)) {
    throw new LogDamage(path, 0, 'the header or the table of the compressed segment fails its checksum');
  }
  const blocks: Block[] = [];
  let offset = bytes.length;
  for (let at = compressedHeaderBytes; at < bytes.length; at += tableEntryBytes) {
    const length = bytes.readUInt32LE(at);
    blocks.push({ offset, length, crc: bytes.readUInt32LE(at + 4) });
    offset += length;
  }
  if (offset !== fileBytes) {
    throw new LogDamage(path, 0, `the compressed segment has ${fileBytes} bytes instead of ${offset}`);
  }
  return blocks;
}

function headerCrc(bytes: Buffer): number {
  return crc32(bytes.subarray(compressedHeaderBytes), crc32(bytes.subarray(0, crcAt)));
}
