/**
 * What a journal does to its folder: every new name is synced, and every file is its owner's alone from the
 * moment it has a name.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { privateFileMode, privateFolderMode, requirePrivate } from './private-path.ts';

/** What a crash left half written at the end of the file: nobody was told that it is there. */
export interface TornJournal {
  readonly file: string;
  readonly bytes: number;
  readonly keptIn: string;
}

export async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: privateFolderMode });
  if (made === undefined) return;
  // Each new folder is a new name in the one above it.
  const top = dirname(resolve(made));
  for (let at = resolve(folder); at !== top; at = dirname(at)) await syncFolder(dirname(at));
}

/** Nothing where there is no file. Throws `Fault('file_exposed')` where others can reach it. */
export async function readPrivate(path: string): Promise<Buffer> {
  try {
    await requirePrivate(path);
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

/** Keeps what a crash cut short beside the journal; `undefined` where nothing was. */
export async function keepTorn(
  path: string,
  torn: Uint8Array,
  now: number,
): Promise<TornJournal | undefined> {
  if (torn.length === 0) return undefined;
  const keptIn = `${path}.torn-${now}-${randomUUID().slice(0, 8)}`;
  const file = await writeNew(keptIn, torn);
  await file.close();
  await syncFolder(dirname(path));
  return { file: path, bytes: torn.length, keptIn };
}

/**
 * Puts a copy of the journal in its place and opens it. After a failed sync the kernel may show bytes that no
 * disk holds, and a later sync of the same file would call them safe: only bytes written anew are.
 */
export async function writeAnew(path: string, bytes: Uint8Array): Promise<FileHandle> {
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  const file = await writeNew(draft, bytes);
  try {
    await rename(draft, path);
    await syncFolder(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Writes all of `bytes` at byte `position`. */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function writeNew(path: string, bytes: Uint8Array): Promise<FileHandle> {
  const file = await open(path, 'wx+', privateFileMode);
  try {
    await writeWhole(file, bytes, 0);
    await file.sync();
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
