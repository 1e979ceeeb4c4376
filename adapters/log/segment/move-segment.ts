/**
 * Moves one sealed segment from one of its places to another, without a moment in which it could be lost:
 * the new file is written under a draft name, synced, and read back; every byte must be the original's and
 * every frame must match its checksums, up to the seal. Only then does it get its name, its folder is synced,
 * and the old file is removed. Whatever a crash leaves of this, the same call finishes.
 *
 * It must never remove a file of which it has not just compared every byte with the one that stays.
 */
import { dirname } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import { BlockCache } from './compressed-file.ts';
import { type FileHeader, fileHeaderBytes, frameKinds, LogDamage } from './format.ts';
import { FrameWalker, type Readable, readFileHeader, requireFileHeader } from './frame-walker.ts';
import type { SegmentPlace } from './segment-places.ts';
import type { SegmentFile, SegmentFiles } from './storage.ts';
import { openPlace, type ReadableFile } from './stored-segment.ts';

/** Not the log's own suffix for drafts, since a writer that opens the log removes those. */
export const moveDraftSuffix = '.draft';

export interface Move {
  readonly from: SegmentPlace;
  readonly to: SegmentPlace;
  readonly firstPosition: number;
  /** Writes the new file, given the segment's original bytes. */
  readonly fill: (draft: SegmentFile, original: Readable, header: FileHeader) => Promise<void>;
}

/** The copy is not the original's; why does not matter, since it is made again. Never leaves this file. */
class NotTheSame extends Error {}

/** Throws `log_damaged` where the segment is not whole and sealed, and then leaves its file where it was. */
export async function moveSegment(files: SegmentFiles, move: Move): Promise<void> {
  const { from, to, firstPosition } = move;
  const original = await openPlace(files, from, new BlockCache());
  if (original === undefined) throw new LogDamage(from.path, 0, 'the file is missing');
  try {
    const header = await requireFileHeader(original, from.path, firstPosition);
    if (!(await isDone(files, move, original, header))) await make(files, move, original, header);
  } finally {
    await original.close();
  }
  // Also where the copy was there before: a crash may have come between its rename and this.
  await files.syncDirectory(dirname(to.path));
  await files.remove(from.path);
  await files.syncDirectory(dirname(from.path));
}

async function make(
  files: SegmentFiles,
  { from, to, firstPosition, fill }: Move,
  original: ReadableFile,
  header: FileHeader,
): Promise<void> {
  const draft = { path: to.path + moveDraftSuffix, compressed: to.compressed };
  const file = await files.open(draft.path, 'create');
  try {
    await fill(file, original, header);
    await file.sync();
  } finally {
    await file.close();
  }
  const copy = await openPlace(files, draft, new BlockCache());
  if (copy === undefined) throw new LogDamage(draft.path, 0, 'the file is gone that was written just now');
  try {
    await walkSealed(alike(original, copy), from.path, firstPosition);
  } catch (error) {
    if (!(error instanceof NotTheSame)) throw error;
    throw new LogDamage(draft.path, 0, 'what was written reads back otherwise', { cause: error });
  } finally {
    await copy.close();
  }
  await files.rename(draft.path, to.path);
}

/** Whether the new place holds the whole segment already. Throws where it holds one of another log. */
async function isDone(
  files: SegmentFiles,
  { from, to, firstPosition }: Move,
  original: ReadableFile,
  header: FileHeader,
): Promise<boolean> {
  let copy: ReadableFile | undefined;
  try {
    copy = await openPlace(files, to, new BlockCache());
    if (copy === undefined) return false;
    await refuseForeign(copy, to.path, header, firstPosition);
    await walkSealed(alike(original, copy), from.path, firstPosition);
    return true;
  } catch (error) {
    const damaged = error instanceof LogDamage && error.file === to.path;
    if (damaged || error instanceof NotTheSame) return false;
    throw error;
  } finally {
    await copy?.close();
  }
}

/** A copy with the header of another segment was put there by another log, and is not ours to replace. */
async function refuseForeign(
  copy: Readable,
  path: string,
  { salt }: FileHeader,
  firstPosition: number,
): Promise<void> {
  const other = await readFileHeader(copy, path, firstPosition);
  if (other === undefined || (other.salt.lo === salt.lo && other.salt.hi === salt.hi)) return;
  throw new Fault('input_unreadable', `${path} belongs to another log; each log needs an archive of its own`);
}

/** Compares all checksums and the order of a segment that must be whole, and sealed by its last frame. */
async function walkSealed(file: Readable, path: string, firstPosition: number): Promise<void> {
  const end = await file.size();
  const { salt } = await requireFileHeader(file, path, firstPosition);
  const walker = new FrameWalker(file, salt, { offset: fileHeaderBytes, position: firstPosition });
  let sealed = false;
  for (let step = await walker.next(end); step.status !== 'end'; step = await walker.next(end)) {
    if (step.status === 'bad') throw new LogDamage(path, step.offset, step.reason);
    if (sealed) throw new LogDamage(path, step.offset, 'a frame behind the seal');
    sealed = step.header.kind === frameKinds.sealed;
  }
  if (!sealed) throw new LogDamage(path, walker.offset, 'the segment is not sealed');
}

/** Two files read as one, for as long as they are the same. */
function alike(original: Readable, copy: Readable): Readable {
  return {
    async size() {
      const [bytes, others] = [await original.size(), await copy.size()];
      if (bytes !== others) throw new NotTheSame(`${others} bytes instead of ${bytes}`);
      return bytes;
    },
    async read(target, position) {
      const other = Buffer.allocUnsafe(target.length);
      const [length, others] = await Promise.all([
        original.read(target, position),
        copy.read(other, position),
      ]);
      if (length !== others || other.compare(target, 0, length, 0, length) !== 0) {
        throw new NotTheSame(`other bytes from ${position} on`);
      }
      return length;
    },
  };
}
