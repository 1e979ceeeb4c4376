/**
 * Reads a snapshot file, a block at a time. It must never give out a block whose checksum, number or kind is
 * wrong: whoever reads replays the tickets from the log instead.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { crc32, zstdDecompress } from 'node:zlib';
import type { TicketState } from '../../domain/ticket/state.ts';
import {
  blockBytesMax,
  blockHeaderBytes,
  blockKinds,
  type End,
  endSchema,
  type Head,
  headSchema,
  magic,
  readBlockHeader,
} from './format.ts';
import { StateDecoder } from './state-codec.ts';

/** Grows where a block is longer. */
const bufferBytesMin = 64 * 1024;

const decompress = promisify(zstdDecompress);

/** The file is no snapshot of this program, or not a whole one. Never leaves this folder. */
export class SnapshotUnusable extends Error {}

interface Block {
  readonly kind: number;
  readonly states: number;
  /** Valid until the next block is read. */
  readonly payload: Buffer;
}

/** Looks through a whole file without reading its states; what it says of itself. */
export async function checkSnapshot(path: string): Promise<Head & End> {
  let head: Head | undefined;
  let states = 0;
  for await (const { kind, payload, states: inBlock } of blocksOf(path)) {
    if (kind === blockKinds.head) {
      head = headSchema.parse(JSON.parse(payload.toString('utf8')));
    } else if (kind === blockKinds.end) {
      const end = endSchema.parse(JSON.parse(payload.toString('utf8')));
      if (head === undefined || end.states !== states) throw new SnapshotUnusable('parts of it are missing');
      return { ...head, ...end };
    }
    states += inBlock;
  }
  throw new SnapshotUnusable('it has no end');
}

export async function* readStates(path: string): AsyncGenerator<readonly TicketState[]> {
  const decoder = new StateDecoder();
  for await (const { kind, payload } of blocksOf(path)) {
    if (kind === blockKinds.states) yield decoder.decode((await decompress(payload)).toString('utf8'));
  }
}

/** The head, the states, the end; each checked for itself and for its place. */
async function* blocksOf(path: string): AsyncGenerator<Block> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = await readAt(file, Buffer.alloc(magic.length), 0);
    if (!start.equals(magic)) throw new SnapshotUnusable('it is no snapshot, or one of another format');
    let at = magic.length;
    let buffer = Buffer.allocUnsafe(bufferBytesMin);
    for (let number = 0; ; number += 1) {
      const header = readBlockHeader(await readAt(file, buffer.subarray(0, blockHeaderBytes), at));
      const bytes = blockHeaderBytes + header.payloadBytes;
      if (header.payloadBytes > blockBytesMax || at + bytes > size)
        throw new SnapshotUnusable('it is cut short');
      if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes);
      const block = await readAt(file, buffer.subarray(0, bytes), at);
      if (crc32(block.subarray(4)) !== header.crc) throw new SnapshotUnusable('its checksum is wrong');
      at += bytes;
      const isEnd = header.kind === blockKinds.end;
      const inPlace = header.number === number && (number === 0) === (header.kind === blockKinds.head);
      if (!inPlace || (isEnd && at !== size)) throw new SnapshotUnusable('its parts are out of order');
      yield { kind: header.kind, states: header.states, payload: block.subarray(blockHeaderBytes) };
      if (isEnd) return;
    }
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, target: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new SnapshotUnusable('it is cut short');
    done += bytesRead;
  }
  return target;
}
