/**
 * The segment file format, version 1: the fixed parts. Records are in record.ts, the sidecar in sidecar.ts.
 *
 * A folder holds segments named by the position of their first event (`00000000000000000001.seg`). All
 * numbers are little-endian; "f64" is a whole number below 2^53. A segment is a file header and frames:
 *
 *     file header, 64 bytes                     frame header, 56 bytes
 *      0  8 bytes  "DOCKETSG"                    0  u32  "DKTF"
 *      8  u32      format version                4  u32  kind: 1 events, 2 closed, 3 sealed, 4 marker
 *     16  2 x u32  salt, random per segment      8  u32  payload bytes
 *     24  2 x u32  hash seed, the same in all   12  u32  events in the payload
 *     32  f64      position of the first event  16  f64  position of the first event
 *     40  f64      recordedAt not to go below   24  f64  recordedAt that records count from
 *     60  u32      CRC-32 of bytes 0 to 59      32  f64  durableUpTo
 *                                               40  2 x u32  the segment's salt
 *                                               48  u32  CRC-32 of the payload
 *                                               52  u32  CRC-32 of bytes 0 to 51
 *
 * One group commit writes one or more frames and syncs once. `durableUpTo` is the byte offset in this file
 * that was known to be synced when the frame was composed. So a bad frame below any known `durableUpTo`
 * was acknowledged and is damage; a bad frame above all of them is a write that a crash cut short. The salt
 * keeps bytes that merely look like a frame (in ticket data, in left-over disk blocks) from counting as one.
 *
 * Nothing here may change without a new format version: old segments are read for ever.
 */
import { crc32 } from 'node:zlib';
import { Fault } from '../../../domain/errors.ts';
import type { HashSeed } from './hash.ts';

export const formatVersion = 1;
export const fileHeaderBytes = 64;
export const frameHeaderBytes = 56;
export const segmentSuffix = '.seg';
export const sidecarSuffix = '.idx';
export const draftSuffix = '.tmp';
export const tornInfix = '.torn-';

/**
 * A frame is closed at this size; only a write that is larger by itself makes a larger frame. Reading one
 * record means reading its whole frame, for the checksum, so frames are kept small.
 */
export const frameBytesTarget = 16 * 1024;
/** The largest payload of a frame, and so the largest atomic write. */
export const frameBytesMax = 64 * 1024 * 1024;
/** The most events in a frame, and so in one atomic write. */
export const frameEventsMax = 65_535;

export const frameKinds = { events: 1, closed: 2, sealed: 3, marker: 4 } as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];
const knownKinds: readonly FrameKind[] = Object.values(frameKinds);

export interface Salt {
  readonly lo: number;
  readonly hi: number;
}

export interface FileHeader {
  readonly salt: Salt;
  readonly seed: HashSeed;
  readonly firstPosition: number;
  readonly recordedAtMin: number;
}

export interface FrameHeader {
  readonly kind: FrameKind;
  readonly payloadBytes: number;
  readonly eventCount: number;
  readonly firstPosition: number;
  readonly recordedAt: number;
  readonly durableUpTo: number;
  readonly payloadCrc: number;
}

/** Bytes of the log that no crash can explain: which file, from which byte and which position on. */
export class LogDamage extends Fault {
  readonly file: string;
  readonly offset: number;
  /** Of the first event that can not be told any more, where that is known. */
  readonly position: number | undefined;

  constructor(
    file: string,
    offset: number,
    what: string,
    options: { readonly cause?: unknown; readonly position?: number | undefined } = {},
  ) {
    const { position, ...rest } = options;
    const where = position === undefined ? '' : `, position ${position}`;
    super('log_damaged', `${file} is damaged at byte ${offset}${where}: ${what}`, rest);
    this.file = file;
    this.offset = offset;
    this.position = position;
  }
}

const fileMagic = Buffer.from('DOCKETSG', 'latin1');
export const frameMagic = Buffer.from('DKTF', 'latin1');
const frameMagicNumber = frameMagic.readUInt32LE(0);

export function segmentName(firstPosition: number): string {
  return `${String(firstPosition).padStart(20, '0')}${segmentSuffix}`;
}

/** The first position in a segment's name; undefined for any other file. */
export function positionOfName(name: string): number | undefined {
  return /^\d{20}\.seg$/.test(name) ? Number(name.slice(0, 20)) : undefined;
}

export function encodeFileHeader(header: FileHeader): Buffer {
  const bytes = Buffer.alloc(fileHeaderBytes);
  fileMagic.copy(bytes, 0);
  bytes.writeUInt32LE(formatVersion, 8);
  bytes.writeUInt32LE(header.salt.lo, 16);
  bytes.writeUInt32LE(header.salt.hi, 20);
  bytes.writeUInt32LE(header.seed.lo, 24);
  bytes.writeUInt32LE(header.seed.hi, 28);
  bytes.writeDoubleLE(header.firstPosition, 32);
  bytes.writeDoubleLE(header.recordedAtMin, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

/** Undefined where the bytes are not a whole, intact header. Throws for a format of the future. */
export function decodeFileHeader(bytes: Buffer, file: string): FileHeader | undefined {
  if (bytes.length < fileHeaderBytes || bytes.compare(fileMagic, 0, 8, 0, 8) !== 0) return undefined;
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60))) return undefined;
  const version = bytes.readUInt32LE(8);
  if (version !== formatVersion) throw new LogDamage(file, 8, `format version ${version} is not known here`);
  return {
    salt: { lo: bytes.readUInt32LE(16), hi: bytes.readUInt32LE(20) },
    seed: { lo: bytes.readUInt32LE(24), hi: bytes.readUInt32LE(28) },
    firstPosition: bytes.readDoubleLE(32),
    recordedAtMin: bytes.readDoubleLE(40),
  };
}

/** Writes a frame header at `at`; the payload of `header.payloadBytes` bytes must already follow it. */
export function encodeFrameHeader(
  bytes: Buffer,
  at: number,
  header: Omit<FrameHeader, 'payloadCrc'>,
  salt: Salt,
): void {
  const payloadAt = at + frameHeaderBytes;
  bytes.writeUInt32LE(frameMagicNumber, at);
  bytes.writeUInt32LE(header.kind, at + 4);
  bytes.writeUInt32LE(header.payloadBytes, at + 8);
  bytes.writeUInt32LE(header.eventCount, at + 12);
  bytes.writeDoubleLE(header.firstPosition, at + 16);
  bytes.writeDoubleLE(header.recordedAt, at + 24);
  bytes.writeDoubleLE(header.durableUpTo, at + 32);
  bytes.writeUInt32LE(salt.lo, at + 40);
  bytes.writeUInt32LE(salt.hi, at + 44);
  bytes.writeUInt32LE(crc32(bytes.subarray(payloadAt, payloadAt + header.payloadBytes)), at + 48);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + 52)), at + 52);
}

/** Undefined where no intact frame header of this segment begins at `at`. Does not look at the payload. */
export function decodeFrameHeader(bytes: Buffer, at: number, salt: Salt): FrameHeader | undefined {
  if (at + frameHeaderBytes > bytes.length || bytes.readUInt32LE(at) !== frameMagicNumber) return undefined;
  if (bytes.readUInt32LE(at + 40) !== salt.lo || bytes.readUInt32LE(at + 44) !== salt.hi) return undefined;
  if (bytes.readUInt32LE(at + 52) !== crc32(bytes.subarray(at, at + 52))) return undefined;
  const kind = knownKinds.find((known) => known === bytes.readUInt32LE(at + 4));
  if (kind === undefined) return undefined;
  return {
    kind,
    payloadBytes: bytes.readUInt32LE(at + 8),
    eventCount: bytes.readUInt32LE(at + 12),
    firstPosition: bytes.readDoubleLE(at + 16),
    recordedAt: bytes.readDoubleLE(at + 24),
    durableUpTo: bytes.readDoubleLE(at + 32),
    payloadCrc: bytes.readUInt32LE(at + 48),
  };
}

export function payloadIntact(payload: Uint8Array, header: FrameHeader): boolean {
  return payload.length === header.payloadBytes && crc32(payload) === header.payloadCrc;
}

/** Runs a decoder; whatever it refuses passed its checksum and still makes no sense, which is damage too. */
export function undamaged<T>(path: string, offset: number, position: number, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof LogDamage) throw cause;
    throw new LogDamage(path, offset, 'a record can not be read', { cause, position });
  }
}
