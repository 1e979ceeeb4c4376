/**
 * Walks the frames of a segment in order and compares every checksum. What a bad frame means (a torn tail,
 * damage) is for the caller to judge: the walker reports where and why, and must never skip a byte.
 */
import {
  decodeFileHeader,
  decodeFrameHeader,
  type FileHeader,
  type FrameHeader,
  fileHeaderBytes,
  frameHeaderBytes,
  frameKinds,
  LogDamage,
  payloadIntact,
  type Salt,
} from './format.ts';
import type { SegmentFile } from './storage.ts';

export type Readable = Pick<SegmentFile, 'read' | 'size'>;

const chunkBytes = 512 * 1024;

export interface Frame {
  readonly status: 'frame';
  readonly header: FrameHeader;
  readonly offset: number;
  /** Valid until the next step only: the buffer is used again. */
  readonly payload: Buffer;
}

export type Step =
  | Frame
  | { readonly status: 'end' }
  | {
      readonly status: 'bad';
      readonly offset: number;
      /** Of the first event that can not be told any more. */
      readonly position: number;
      readonly reason: string;
    };

export class FrameWalker {
  /** Of the next frame. */
  offset: number;
  /** Of the next frame's first event. */
  position: number;
  readonly #file: Readable;
  readonly #salt: Salt;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkOffset = 0;
  #chunkLength = 0;

  constructor(file: Readable, salt: Salt, start: { readonly offset: number; readonly position: number }) {
    this.#file = file;
    this.#salt = salt;
    this.offset = start.offset;
    this.position = start.position;
  }

  /** The next frame before byte `end`, which must be a frame's end. */
  async next(end: number): Promise<Step> {
    if (this.offset >= end) return { status: 'end' };
    if (!(await this.#have(frameHeaderBytes, end))) return this.#bad('the file ends within a frame header');
    const header = decodeFrameHeader(this.#chunk, this.offset - this.#chunkOffset, this.#salt);
    if (header === undefined) return this.#bad('no intact frame header begins here');
    const length = frameHeaderBytes + header.payloadBytes;
    if (!(await this.#have(length, end))) return this.#bad('the file ends within a frame');
    const at = this.offset - this.#chunkOffset;
    const payload = this.#chunk.subarray(at + frameHeaderBytes, at + length);
    if (!payloadIntact(payload, header)) return this.#bad("the frame's payload fails its checksum");
    if (header.firstPosition !== this.position) {
      return this.#bad(`the frame begins at position ${header.firstPosition} instead of ${this.position}`);
    }
    const frame: Frame = { status: 'frame', header, offset: this.offset, payload };
    this.offset += length;
    this.position += header.kind === frameKinds.events ? header.eventCount : 0;
    return frame;
  }

  #bad(reason: string): Step {
    return { status: 'bad', offset: this.offset, position: this.position, reason };
  }

  /**
   * Makes sure that `length` bytes from the present offset on are in the chunk; false where there are not
   * as many.
   */
  async #have(length: number, end: number): Promise<boolean> {
    if (this.offset + length > end) return false;
    if (this.#within(length)) return true;
    const wanted = Math.min(Math.max(length, chunkBytes), end - this.offset);
    if (this.#chunk.length < wanted) this.#chunk = Buffer.allocUnsafe(wanted);
    this.#chunkOffset = this.offset;
    this.#chunkLength = await this.#file.read(this.#chunk.subarray(0, wanted), this.offset);
    return this.#within(length);
  }

  #within(length: number): boolean {
    return this.offset >= this.#chunkOffset && this.offset + length <= this.#chunkOffset + this.#chunkLength;
  }
}

/** Undefined where there is no whole and intact header, or one of another segment. */
export async function readFileHeader(
  file: Readable,
  path: string,
  firstPosition: number,
): Promise<FileHeader | undefined> {
  const bytes = Buffer.alloc(fileHeaderBytes);
  const length = await file.read(bytes, 0);
  const header = decodeFileHeader(bytes.subarray(0, length), path);
  return header?.firstPosition === firstPosition ? header : undefined;
}

/** As `readFileHeader`, for a segment whose header must be whole. */
export async function requireFileHeader(
  file: Readable,
  path: string,
  firstPosition: number,
): Promise<FileHeader> {
  const header = await readFileHeader(file, path, firstPosition);
  if (header === undefined) {
    throw new LogDamage(path, 0, 'no intact file header begins here', { position: firstPosition });
  }
  return header;
}
