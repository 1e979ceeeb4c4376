/**
 * Where an export goes: a file, which bears its name only once it is complete, or a stream such as stdout.
 * An export that fails or is interrupted must never leave a file under the final name, and never damage the
 * file that was there before.
 */
import { once } from 'node:events';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { Fault } from '../../domain/errors.ts';

export interface Output {
  /** Resolves when there is room for more. Throws `Fault('output_unwritable')`. */
  write(piece: string | Uint8Array): Promise<void>;
}

/** A destination that is either finished or discarded, once. */
export interface Destination extends Output {
  /** Where the bytes are meanwhile, for a writer that must open a file by itself; none for a stream. */
  readonly partialFile: string | undefined;
  /** Makes the export durable and gives it its name; answers how many bytes it has. */
  finish(): Promise<number>;
  discard(): Promise<void>;
}

/** Writes to `path` + `.partial` until it is finished. Only its owner may read it: it has personal data. */
export async function openFile(path: string): Promise<Destination> {
  const partialFile = `${path}.partial`;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw unwritable(path, cause);
    }
  };
  const handle: FileHandle = await attempt(() => open(partialFile, 'w', 0o600));
  return {
    partialFile,
    write: (piece) => attempt(() => handle.writeFile(piece)),
    finish: () =>
      attempt(async () => {
        await handle.sync();
        const { size } = await handle.stat();
        await handle.close();
        await rename(partialFile, path);
        return size;
      }),
    async discard() {
      await handle.close().catch(() => undefined);
      await rm(partialFile, { force: true });
    },
  };
}

/** Writes to a stream that somebody else owns: it is not ended. What was written can not be taken back. */
export function openStream(stream: Writable, name: string): Destination {
  let bytes = 0;
  let failure: unknown;
  stream.on('error', (error) => {
    failure = error;
  });
  const assertWritable = () => {
    if (failure !== undefined) throw unwritable(name, failure);
  };
  return {
    partialFile: undefined,
    async write(piece) {
      assertWritable();
      bytes += Buffer.byteLength(piece);
      if (stream.write(piece)) return;
      await once(stream, 'drain').catch((cause: unknown) => {
        throw unwritable(name, cause);
      });
    },
    async finish() {
      assertWritable();
      return bytes;
    },
    discard: async () => undefined,
  };
}

function unwritable(path: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('output_unwritable', `${path} can not be written: ${why}`, { cause });
}
