/**
 * Opens a CSV file, plain or inside a .zip, as a stream of bytes. What kind of file it is, its first bytes
 * say, not its name. It must never unpack to disk or read a whole file into memory.
 */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { openPromise } from 'yauzl';
import { Fault } from '../../domain/errors.ts';

const chunkBytes = 262_144;
/** A local file header, or the end record of an empty archive. */
const zipSignatures = ['504b0304', '504b0506'];

export interface CsvSource {
  readonly file: string;
  /** The file inside the archive. */
  readonly entry: string;
}

/** The bytes of the CSV. Everything that goes wrong becomes a `Fault('input_unreadable')` naming the file. */
export async function* openCsv(source: CsvSource): AsyncGenerator<Buffer> {
  try {
    if (await isZip(source.file)) yield* fromZip(source);
    else yield* fromPlainFile(source.file);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('input_unreadable', `${source.file} can not be read: ${why}`, { cause });
  }
}

async function isZip(file: string): Promise<boolean> {
  if (file.toLowerCase().endsWith('.zip')) return true;
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  return zipSignatures.includes(buffer.toString('hex', 0, bytesRead));
}

async function* fromPlainFile(file: string): AsyncGenerator<Buffer> {
  await using handle = await open(file);
  yield* handle.createReadStream({ highWaterMark: chunkBytes, autoClose: false });
}

async function* fromZip({ file, entry: wanted }: CsvSource): AsyncGenerator<Buffer> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    const names: string[] = [];
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName === wanted || entry.fileName.endsWith(`/${wanted}`)) {
        const stream: Readable = await zip.openReadStreamPromise(entry);
        yield* stream;
        return;
      }
      if (names.length < namesShownMax) names.push(entry.fileName);
    }
    const found = names.length === 0 ? 'it is empty' : `it holds ${names.join(', ')}`;
    throw new Fault('input_unreadable', `${file} holds no ${wanted}; ${found}`);
  } finally {
    zip.close();
  }
}

const namesShownMax = 5;
