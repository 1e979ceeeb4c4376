/**
 * Brings what was made event by event into the order of cases: pieces of text are added with their case's
 * key, and come back case by case, in the order of the keys, and within a case as they were added. What
 * memory has no room for is written to files as sorted runs, and runs are merged; reading every ticket of the
 * log by itself instead is twenty times slower.
 *
 * The files have no name and vanish with the process, however it ends.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../domain/errors.ts';

export interface CaseSortBounds {
  /** Bytes of text kept in memory before they are written to a run. */
  readonly gatheredBytesMax: number;
  /** So many runs of one size become one: never many more files than this are open, nor read at once. */
  readonly runsMax: number;
  /** Read ahead of each run. */
  readonly readBytes: number;
}

export const caseSortBounds: CaseSortBounds = {
  gatheredBytesMax: 32 * 1_024 * 1_024,
  runsMax: 16,
  readBytes: 131_072,
};

/** A part of a case, as UTF-8; a large case comes in several, one after the other. */
export interface CasePiece {
  readonly key: number;
  readonly bytes: Uint8Array;
}

/** A sorted file; `level` is how often its content was merged before. */
interface Run {
  readonly file: FileHandle;
  readonly level: number;
}

/** Key and length of what follows. */
const pieceHeadBytes = 12;
const writeBytes = 262_144;
const blockBytes = 4 * 1_024 * 1_024;
const piecesAtOnce = 256;

export class CaseSort implements AsyncDisposable {
  readonly #folder: string;
  readonly #bounds: CaseSortBounds;
  /** Oldest first, and so never of a higher level than the one before. */
  readonly #runs: Run[] = [];
  #gathered = new GatheredPieces();

  /** Runs are written to files in `folder`. */
  constructor(folder: string, bounds: CaseSortBounds = caseSortBounds) {
    this.#folder = folder;
    this.#bounds = bounds;
  }

  /** Keys are whole numbers of at least 0. */
  add(key: number, text: string): void {
    this.#gathered.add(key, text);
  }

  /** To be called between additions, and often: here memory is given back. */
  async spill(): Promise<void> {
    if (this.#gathered.bytes < this.#bounds.gatheredBytesMax) return;
    await this.#write(0, this.#gathered.sorted());
    this.#gathered = new GatheredPieces();
    for (;;) {
      const level = this.#runs.at(-1)?.level ?? 0;
      const equal = this.#runs.filter((run) => run.level === level);
      if (equal.length < this.#bounds.runsMax) return;
      this.#runs.splice(-equal.length);
      await this.#write(level + 1, merge(equal.map(({ file }) => piecesOf(file, this.#bounds.readBytes))));
      for (const { file } of equal) await file.close();
    }
  }

  /** Everything that was added, once. */
  sorted(): AsyncIterable<CasePiece> {
    const runs = this.#runs.map(({ file }) => piecesOf(file, this.#bounds.readBytes));
    return merge([...runs, inMemory(this.#gathered)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { file } of this.#runs.splice(0)) await file.close();
  }

  async #write(level: number, pieces: Iterable<CasePiece> | AsyncIterable<CasePiece>): Promise<void> {
    try {
      const path = join(this.#folder, `.docket-export-${randomUUID()}`);
      const file = await open(path, 'wx+', 0o600);
      this.#runs.push({ file, level });
      await rm(path);
      await writePieces(file, pieces);
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `${this.#folder} has no room for what must be sorted: ${why}`;
      throw new Fault('output_unwritable', message, { cause });
    }
  }
}

/**
 * Pieces in memory as UTF-8 in a few large blocks: as many texts of their own they would take several times
 * the room.
 */
class GatheredPieces {
  bytes = 0;
  readonly #blocks: Buffer[] = [];
  #free = 0;
  /** By piece, in the order of addition. */
  readonly #keys: number[] = [];
  readonly #texts: Uint8Array[] = [];

  add(key: number, text: string): void {
    // No character of UTF-16 needs more bytes than this.
    const mostBytes = text.length * 3;
    let block = this.#blocks.at(-1);
    if (block === undefined || block.length - this.#free < mostBytes) {
      block = Buffer.allocUnsafeSlow(Math.max(blockBytes, mostBytes));
      this.#blocks.push(block);
      this.#free = 0;
    }
    const length = block.write(text, this.#free);
    this.#keys.push(key);
    this.#texts.push(block.subarray(this.#free, this.#free + length));
    this.#free += length;
    this.bytes += length;
  }

  /** One piece per key. */
  *sorted(): Generator<CasePiece> {
    const order = this.#keys.map((_, index) => index);
    order.sort((left, right) => (this.#keys[left] ?? 0) - (this.#keys[right] ?? 0) || left - right);
    for (let at = 0; at < order.length; ) {
      const key = this.#keys[order[at] ?? 0] ?? 0;
      const parts: Uint8Array[] = [];
      for (; this.#keys[order[at] ?? 0] === key && at < order.length; at += 1) {
        const part = this.#texts[order[at] ?? 0];
        if (part !== undefined) parts.push(part);
      }
      yield { key, bytes: Buffer.concat(parts) };
    }
  }
}

async function writePieces(file: FileHandle, pieces: Iterable<CasePiece> | AsyncIterable<CasePiece>) {
  let buffers: Uint8Array[] = [];
  let gathered = 0;
  for await (const { key, bytes } of pieces) {
    const head = Buffer.allocUnsafe(pieceHeadBytes);
    head.writeDoubleLE(key, 0);
    head.writeUInt32LE(bytes.length, 8);
    buffers.push(head, bytes);
    gathered += head.length + bytes.length;
    if (gathered < writeBytes) continue;
    await file.appendFile(Buffer.concat(buffers));
    buffers = [];
    gathered = 0;
  }
  await file.appendFile(Buffer.concat(buffers));
}

async function* inMemory(gathered: GatheredPieces): AsyncGenerator<readonly CasePiece[]> {
  let pieces: CasePiece[] = [];
  for (const piece of gathered.sorted()) {
    pieces.push(piece);
    if (pieces.length < piecesAtOnce) continue;
    yield pieces;
    pieces = [];
  }
  yield pieces;
}

/** The pieces of a run from its beginning, as many at a time as a chunk of the file holds. */
async function* piecesOf(file: FileHandle, readBytes: number): AsyncGenerator<readonly CasePiece[]> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.max(readBytes, missingBytes(rest)));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    const buffer = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const pieces: CasePiece[] = [];
    let at = 0;
    while (buffer.length - at >= pieceHeadBytes) {
      const end = at + pieceHeadBytes + buffer.readUInt32LE(at + 8);
      if (end > buffer.length) break;
      pieces.push({ key: buffer.readDoubleLE(at), bytes: buffer.subarray(at + pieceHeadBytes, end) });
      at = end;
    }
    rest = buffer.subarray(at);
    if (pieces.length > 0) yield pieces;
  }
}

/** How much more of a piece there is than has been read, where that is known. */
function missingBytes(rest: Buffer): number {
  return rest.length < pieceHeadBytes ? 0 : pieceHeadBytes + rest.readUInt32LE(8) - rest.length;
}

/** One source of a merge: what it has at hand, and where more comes from. */
interface Source {
  readonly more: AsyncIterator<readonly CasePiece[]>;
  pieces: readonly CasePiece[];
  at: number;
}

/** In order of key; of equal keys, the earlier source comes first. */
async function* merge(streams: readonly AsyncIterable<readonly CasePiece[]>[]): AsyncGenerator<CasePiece> {
  const sources: Source[] = [];
  for (const stream of streams) {
    const source: Source = { more: stream[Symbol.asyncIterator](), pieces: [], at: 0 };
    if (await refill(source)) sources.push(source);
  }
  while (sources.length > 0) {
    const source = sources.reduce((least, each) => (keyOf(each) < keyOf(least) ? each : least));
    const piece = source.pieces[source.at];
    source.at += 1;
    if (source.at === source.pieces.length && !(await refill(source))) {
      sources.splice(sources.indexOf(source), 1);
    }
    if (piece !== undefined) yield piece;
  }
}

function keyOf({ pieces, at }: Source): number {
  return pieces[at]?.key ?? Number.POSITIVE_INFINITY;
}

async function refill(source: Source): Promise<boolean> {
  do {
    const { done, value } = await source.more.next();
    if (done === true) return false;
    source.pieces = value;
    source.at = 0;
  } while (source.pieces.length === 0);
  return true;
}
