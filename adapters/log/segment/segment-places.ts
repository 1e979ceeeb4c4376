/**
 * Where a segment's file may be, and which segments there are. A segment keeps its name and all offsets in
 * it for ever; its file moves on through these places, each step made by `docket log compress` or `archive`:
 *
 *     X.seg   →   X.seg.zst                     in the log's folder
 *     archive/X.seg   →   archive/X.seg.zst     in its subfolder, which may be a link to another disk
 *
 * A file is in its new place before it leaves the old one. So whoever looks in this order, and from the
 * start again where that fails, finds a segment even while another process moves it. Nothing here may ever
 * call a log complete whose first segment or whose growing one is missing.
 */
import { basename, dirname, join } from 'node:path';
import { LogDamage, positionOfName, segmentName } from './format.ts';
import type { SegmentFiles } from './storage.ts';

export const archiveName = 'archive';
export const compressedSuffix = '.zst';

export interface SegmentPlace {
  readonly path: string;
  readonly compressed: boolean;
  readonly archived: boolean;
}

/** The first position in a segment's name, compressed or not; undefined for any other file. */
export function positionOfAnyForm(name: string): number | undefined {
  const plain = name.endsWith(compressedSuffix) ? name.slice(0, -compressedSuffix.length) : name;
  return positionOfName(plain);
}

/** All places of a segment, by the path it grew at, in the order in which it moves through them. */
export function placesOf(segmentPath: string): readonly SegmentPlace[] {
  const archivedPath = join(dirname(segmentPath), archiveName, basename(segmentPath));
  return [segmentPath, archivedPath].flatMap((path) => {
    const archived = path === archivedPath;
    return [
      { path, compressed: false, archived },
      { path: path + compressedSuffix, compressed: true, archived },
    ];
  });
}

/**
 * The first positions of all segments, in order, wherever their files are. Throws `log_damaged` where the
 * names alone tell that a segment is missing.
 */
export async function listSegments(files: SegmentFiles, folder: string): Promise<number[]> {
  const firsts = new Set<number>();
  let lastGrown = 0;
  const archive = join(folder, archiveName);
  // A file that is renamed during a listing may be missing from it under both names, but not from the next.
  for (const place of [folder, folder, archive, archive]) {
    for (const name of await files.list(place)) {
      const first = positionOfAnyForm(name);
      if (first === undefined) continue;
      firsts.add(first);
      if (place === folder && name === segmentName(first)) lastGrown = Math.max(lastGrown, first);
    }
  }
  const ordered = [...firsts].sort((left, right) => left - right);
  if (ordered[0] !== undefined && ordered[0] !== 1) throw missingSegment(folder, 1);
  const last = ordered.at(-1) ?? 0;
  if (last > lastGrown) {
    const path = join(folder, segmentName(last));
    throw new LogDamage(path, 0, 'the segment after it is missing: the last one is never moved');
  }
  return ordered;
}

/** What to throw where a segment is in none of its places. */
export function missingSegment(folder: string, firstPosition: number, why?: string): LogDamage {
  const path = join(folder, segmentName(firstPosition));
  const places = placesOf(path)
    .map((place) => place.path)
    .join(', ');
  const because = why === undefined ? '' : ` (${why})`;
  const what = `the segment is missing${because}; it was looked for at ${places}`;
  return new LogDamage(path, 0, `${what}; is the disk of the archive mounted?`, { position: firstPosition });
}

/** Refuses a segment that ends where the next one does not begin; `next` is undefined behind the last. */
export function refuseGap(folder: string, nextPosition: number, next: number | undefined): void {
  if (next === undefined || next === nextPosition) return;
  throw missingSegment(folder, nextPosition, `the next one begins at position ${next}`);
}
