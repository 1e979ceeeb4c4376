/**
 * Reads single frames from anywhere in the log, each compared with its checksums as a whole before any of it
 * is used. It keeps a few buffers for this, and never hands out bytes that were not checked.
 */
import {
  decodeFrameHeader,
  type FrameHeader,
  frameBytesTarget,
  frameHeaderBytes,
  frameKinds,
  LogDamage,
  payloadIntact,
  type Salt,
  undamaged,
} from './format.ts';
import type { OpenFiles } from './open-files.ts';
import { recordEnd } from './record-decoder.ts';

/** Where a frame lies: a segment's file, and the salt that its frames are marked with. */
export interface FrameHome {
  readonly path: string;
  readonly salt: Salt;
}

/** One read fetches nearly every frame; a larger one takes a second read. */
const frameReadBytes = frameHeaderBytes + frameBytesTarget + 2 * 1024;

/** Read buffers kept for the next frames. */
const spareBuffersMax = 32;

export class FrameReader {
  readonly #files: OpenFiles;
  readonly #spare: Buffer[] = [];

  constructor(files: OpenFiles) {
    this.#files = files;
  }

  /**
   * Reads and checks one frame; its bytes are used for the next one when `use` returns. A frame that fails is
   * read once more from a file opened anew: a writer that recovered may have put another one in its place.
   */
  async read<T>(
    segment: FrameHome,
    offset: number,
    use: (header: FrameHeader, payload: Buffer) => T,
  ): Promise<T> {
    try {
      return await this.#readOnce(segment, offset, use);
    } catch (error) {
      if (!(error instanceof LogDamage)) throw error;
      await this.#files.drop(segment.path);
      return this.#readOnce(segment, offset, use);
    }
  }

  async #readOnce<T>(
    segment: FrameHome,
    offset: number,
    use: (header: FrameHeader, payload: Buffer) => T,
  ): Promise<T> {
    const file = this.#files.file(segment.path);
    const spare = this.#spare.pop() ?? Buffer.allocUnsafeSlow(frameReadBytes);
    try {
      let bytes = spare;
      let length = await file.read(bytes, offset);
      const header = decodeFrameHeader(bytes.subarray(0, length), 0, segment.salt);
      if (header?.kind !== frameKinds.events) {
        throw new LogDamage(segment.path, offset, 'no intact frame of events begins here');
      }
      const end = frameHeaderBytes + header.payloadBytes;
      if (end > bytes.length) {
        bytes = Buffer.allocUnsafe(end);
        length = await file.read(bytes, offset);
      }
      const payload = bytes.subarray(frameHeaderBytes, Math.min(end, length));
      if (!payloadIntact(payload, header)) {
        throw new LogDamage(segment.path, offset, "the frame's payload fails its checksum", {
          position: header.firstPosition,
        });
      }
      return undamaged(segment.path, offset, header.firstPosition, () => use(header, payload));
    } finally {
      if (this.#spare.length < spareBuffersMax) this.#spare.push(spare);
    }
  }
}

/** Where record number `index` begins in the frame's payload. */
export function recordOffset(
  segment: FrameHome,
  header: FrameHeader,
  payload: Buffer,
  place: { readonly frameOffset: number; readonly index: number },
): number {
  if (place.index >= header.eventCount) {
    throw new LogDamage(segment.path, place.frameOffset, `the frame has no record number ${place.index}`, {
      position: header.firstPosition,
    });
  }
  let at = 0;
  for (let index = 0; index < place.index; index += 1) at = recordEnd(payload, at);
  return at;
}
