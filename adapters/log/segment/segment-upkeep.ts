/**
 * Looks after the sealed segments of a log: tells where each is, compresses them, archives them. A writer and
 * readers may work on the log meanwhile. What a crash or Ctrl-C leaves, the next call finishes.
 *
 * It must never touch the last segment, which grows or may yet be written anew by recovery, and never run
 * twice at once on the same log: it has a lock of its own for that, in the subfolder `upkeep`.
 */
import { join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import { archiveSegment, prepareArchive } from './archive-segment.ts';
import { compressSegment } from './compress-segment.ts';
import { BlockCache } from './compressed-file.ts';
import { segmentName } from './format.ts';
import { readFileHeader } from './frame-walker.ts';
import { moveDraftSuffix } from './move-segment.ts';
import { OpenFiles } from './open-files.ts';
import { archiveName, listSegments, placesOf, type SegmentPlace } from './segment-places.ts';
import { diskFiles, type SegmentFiles } from './storage.ts';
import { findSegment } from './stored-segment.ts';
import { readWatermarkIn } from './watermark.ts';

/** The newest sealed segments stay as they are: what was written lately is what is read most. */
export const keepSealedDefault = 2;
const upkeepName = 'upkeep';

export interface UpkeepOptions {
  readonly folder: string;
  /** Dates the lock. */
  readonly now: number;
  /** How many of the newest sealed segments to leave as they are. */
  readonly keep?: number;
  readonly files?: SegmentFiles;
  /** Aborted: ends after the segment at hand. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** What was moved: how many segments, their original bytes, and the bytes that they take now. */
export interface UpkeepReport {
  readonly segments: number;
  readonly bytes: number;
  readonly storedBytes: number;
}

export type SegmentState = 'growing' | 'sealed' | 'compressed' | 'archived';

export interface SegmentDescription {
  readonly firstPosition: number;
  /** 0 for a growing segment whose durable end is not known. */
  readonly lastPosition: number;
  readonly state: SegmentState;
  readonly compressed: boolean;
  readonly path: string;
  /** Of the original, and of the file that it is in. */
  readonly bytes: number;
  readonly storedBytes: number;
}

interface Stored {
  readonly firstPosition: number;
  /** Where files of it are, in the order in which they are looked for; more than one after a crash. */
  readonly places: readonly SegmentPlace[];
}

/** All segments, oldest first. Throws `log_damaged` where one is missing or its header is damaged. */
export async function describeSegments(
  folder: string,
  files: SegmentFiles = diskFiles,
): Promise<readonly SegmentDescription[]> {
  const mark = await readWatermarkIn(files, folder);
  const firsts = await listSegments(files, folder);
  const descriptions: SegmentDescription[] = [];
  for (const [at, firstPosition] of firsts.entries()) {
    const { place, bytes, storedBytes } = await sizesOf(files, folder, firstPosition);
    const next = firsts[at + 1];
    const durable = mark?.segment === firstPosition ? mark : undefined;
    descriptions.push({
      firstPosition,
      lastPosition: next === undefined ? (durable?.lastPosition ?? 0) : next - 1,
      state: next === undefined ? 'growing' : stateIn(place),
      compressed: place.compressed,
      path: place.path,
      bytes: next === undefined ? (durable?.offset ?? bytes) : bytes,
      storedBytes,
    });
  }
  return descriptions;
}

/** Compresses all sealed segments but the newest ones, in the log's folder and in its archive. */
export async function compressSegments(options: UpkeepOptions): Promise<UpkeepReport> {
  return upkeep(options, async (files, { firstPosition, places }) => {
    const plain = places.filter((place) => !place.compressed);
    for (const place of plain) await compressSegment(files, place, firstPosition);
    return plain.length > 0;
  });
}

/** Moves all sealed segments but the newest ones into the archive, compressed or not as they are. */
export async function archiveSegments(options: UpkeepOptions): Promise<UpkeepReport> {
  const archive = async (files: SegmentFiles, { firstPosition, places }: Stored) => {
    const plain = places.find((place) => !place.archived && !place.compressed);
    const compressed = places.find((place) => !place.archived && place.compressed);
    const from = compressed ?? plain;
    if (from === undefined) return false;
    // A crash came between the making of the compressed file and the removal of the other: finish that first.
    if (from === compressed && plain !== undefined) await compressSegment(files, plain, firstPosition);
    await archiveSegment(files, options.folder, from, firstPosition);
    return true;
  };
  return upkeep(options, archive, prepareArchive);
}

async function upkeep(
  { folder, now, keep = keepSealedDefault, files = diskFiles, signal, onProgress }: UpkeepOptions,
  work: (files: SegmentFiles, stored: Stored) => Promise<boolean>,
  prepare?: (files: SegmentFiles, folder: string) => Promise<void>,
): Promise<UpkeepReport> {
  if (!(Number.isSafeInteger(keep) && keep >= 0))
    throw new RangeError('keep must be a whole number from 0 on');
  const lock = await lockUpkeep(files, folder, now);
  try {
    await removeDrafts(files, folder);
    await prepare?.(files, folder);
    const sealed = await sealedSegments(files, folder);
    const old = sealed.slice(0, Math.max(0, sealed.length - keep));
    let report: UpkeepReport = { segments: 0, bytes: 0, storedBytes: 0 };
    for (const [at, stored] of old.entries()) {
      if (signal?.aborted === true) break;
      onProgress?.(at, old.length);
      if (await work(files, stored)) report = await counted(report, files, folder, stored.firstPosition);
    }
    onProgress?.(old.length, old.length);
    return report;
  } finally {
    await lock.release();
  }
}

async function counted(report: UpkeepReport, files: SegmentFiles, folder: string, firstPosition: number) {
  const { bytes, storedBytes } = await sizesOf(files, folder, firstPosition);
  return {
    segments: report.segments + 1,
    bytes: report.bytes + bytes,
    storedBytes: report.storedBytes + storedBytes,
  };
}

async function lockUpkeep(files: SegmentFiles, folder: string, now: number) {
  const lockFolder = join(folder, upkeepName);
  await files.makeFolder(lockFolder);
  try {
    return await files.lock(lockFolder, now);
  } catch (cause) {
    if (!(cause instanceof Fault && cause.code === 'log_locked')) throw cause;
    const message = `segments of ${folder} are being compressed or archived by another process; let it finish`;
    throw new Fault('log_locked', message, { cause });
  }
}

/** Only this process makes any, now that it has the lock. */
async function removeDrafts(files: SegmentFiles, folder: string): Promise<void> {
  for (const place of [folder, join(folder, archiveName)]) {
    for (const name of await files.list(place)) {
      if (name.endsWith(moveDraftSuffix)) await files.remove(join(place, name));
    }
  }
}

/**
 * All segments that are followed by one whose header is whole: a writer begins the next segment when the seal
 * of the one before is synced, and recovery only ever changes the last.
 */
async function sealedSegments(files: SegmentFiles, folder: string): Promise<readonly Stored[]> {
  const all = await storedSegments(files, folder);
  const last = all.at(-1);
  if (last === undefined) return [];
  const open = new OpenFiles(files);
  try {
    const path = join(folder, segmentName(last.firstPosition));
    const header = await readFileHeader(open.file(path), path, last.firstPosition);
    return all.slice(0, header === undefined ? -2 : -1);
  } finally {
    await open.close();
  }
}

async function storedSegments(files: SegmentFiles, folder: string): Promise<readonly Stored[]> {
  const firsts = await listSegments(files, folder);
  const [here, archived] = [await files.list(folder), await files.list(join(folder, archiveName))];
  const there = new Set([
    ...here.map((name) => join(folder, name)),
    ...archived.map((name) => join(folder, archiveName, name)),
  ]);
  return firsts.map((firstPosition) => {
    const places = placesOf(join(folder, segmentName(firstPosition)));
    return { firstPosition, places: places.filter(({ path }) => there.has(path)) };
  });
}

async function sizesOf(files: SegmentFiles, folder: string, firstPosition: number) {
  const path = join(folder, segmentName(firstPosition));
  const { place, file, storedBytes } = await findSegment(files, path, new BlockCache());
  try {
    return { place, bytes: await file.size(), storedBytes };
  } finally {
    await file.close();
  }
}

function stateIn(place: SegmentPlace): SegmentState {
  if (place.archived) return 'archived';
  return place.compressed ? 'compressed' : 'sealed';
}
