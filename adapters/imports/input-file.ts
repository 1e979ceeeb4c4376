/**
 * Opens a file to be imported, plain, gzipped or inside a .zip, as a stream of bytes. What kind of file it
 * is, its first bytes say, not its name. It must never unpack to disk or read a whole file into memory.
 */
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Entry, openPromise } from 'yauzl';
import { Fault } from '../../domain/errors.ts';

const chunkBytes = 262_144;
/** A local file header, or the end record of an empty archive. */
const zipSignatures = ['504b0304', '504b0506'];
const gzipSignature = '1f8b';

export interface InputFile {
  readonly file: string;
  /** The file inside an archive; where it is not named, the archive must hold exactly one. */
  readonly entry?: string | undefined;
}

/** The bytes of the content. Everything that goes wrong becomes `Fault('input_unreadable')` with the name. */
export async function* openInput(input: InputFile): AsyncGenerator<Buffer> {
  try {
    const signature = await signatureOf(input.file);
    if (zipSignatures.includes(signature) || input.file.toLowerCase().endsWith('.zip')) yield* fromZip(input);
    else yield* fromPlainFile(input.file, signature.startsWith(gzipSignature));
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('input_unreadable', `${input.file} can not be read: ${why}`, { cause });
  }
}

async function signatureOf(file: string): Promise<string> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  return buffer.toString('hex', 0, bytesRead);
}

async function* fromPlainFile(file: string, gzipped: boolean): AsyncGenerator<Buffer> {
  await using handle = await open(file);
  const stream = handle.createReadStream({ highWaterMark: chunkBytes, autoClose: false });
  // A failure of the reading ends the unpacked stream too, and is thrown to whoever reads that.
  if (gzipped) yield* pipeline(stream, createGunzip({ chunkSize: chunkBytes }), () => undefined);
  else yield* stream;
}

async function* fromZip({ file, entry: wanted }: InputFile): AsyncGenerator<Buffer> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  try {
    let chosen: Entry | undefined;
    const names: string[] = [];
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry;
      if (wanted === undefined && fileName.endsWith('/')) continue;
      if (wanted === undefined || fileName === wanted || fileName.endsWith(`/${wanted}`)) chosen = entry;
      if (wanted !== undefined && chosen !== undefined) break;
      if (names.length < namesShownMax) names.push(fileName);
      else if (wanted === undefined) break;
    }
    if (chosen === undefined || (wanted === undefined && names.length > 1)) {
      const found = names.length === 0 ? 'it is empty' : `it holds ${names.join(', ')}`;
      const lacks = wanted === undefined ? 'must hold exactly one file' : `holds no ${wanted}`;
      throw new Fault('input_unreadable', `${file} ${lacks}; ${found}`);
    }
    const stream: Readable = await zip.openReadStreamPromise(chosen);
    yield* stream;
  } finally {
    zip.close();
  }
}

const namesShownMax = 5;
