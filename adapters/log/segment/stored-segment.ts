/**
 * Opens a segment for reading wherever its file is, and in whichever form: what is read is always the
 * original bytes. It must never take a file that is missing for one that is empty.
 */
import { basename, dirname } from 'node:path';
import { type BlockCache, CompressedFile } from './compressed-file.ts';
import { LogDamage, positionOfName } from './format.ts';
import { missingSegment, placesOf, type SegmentPlace } from './segment-places.ts';
import { isMissing, type SegmentFile, type SegmentFiles } from './storage.ts';

export type ReadableFile = Pick<SegmentFile, 'read' | 'size' | 'close'>;

/** Looks through all places, from the start again where none has it: somebody may be moving files by hand. */
const looksMax = 2;

export interface FoundSegment {
  readonly place: SegmentPlace;
  readonly file: ReadableFile;
  /** Of the file that it is in, which compression makes shorter than the original. */
  readonly storedBytes: number;
}

/** Throws `log_damaged`, naming all places, where the segment is in none of them. */
export async function findSegment(
  files: SegmentFiles,
  segmentPath: string,
  cache: BlockCache,
): Promise<FoundSegment> {
  const places = placesOf(segmentPath);
  for (let look = 0; look < looksMax; look += 1) {
    for (const place of places) {
      const file = await openPlace(files, place, cache);
      if (file === undefined) continue;
      const storedBytes = file instanceof CompressedFile ? file.storedBytes : await file.size();
      return { place, file, storedBytes };
    }
  }
  const first = positionOfName(basename(segmentPath));
  if (first === undefined) throw new LogDamage(segmentPath, 0, 'this is not the name of a segment');
  throw missingSegment(dirname(segmentPath), first);
}

/** Undefined where no file is in this place. */
export async function openPlace(
  files: SegmentFiles,
  place: Pick<SegmentPlace, 'path' | 'compressed'>,
  cache: BlockCache,
): Promise<ReadableFile | undefined> {
  try {
    if (place.compressed) return await CompressedFile.open(files, place.path, cache);
    return await files.open(place.path, 'read');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
