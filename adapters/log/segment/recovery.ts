/**
 * Opening a log after whatever happened to it. The rule, in one sentence: what may have been acknowledged
 * is never given up, and what can not have been is set aside, not destroyed.
 *
 * First everything is judged, and damage refused, with nothing changed: a bad frame below an offset that is
 * known to have been synced (told by a frame's durableUpTo, before or behind it, by the `durable` file, or by
 * a sealed segment's sidecar) is damage. Only then is mended what a crash left (last-segment.ts).
 */
import { join } from 'node:path';
import { createSegment, writeSidecar } from './disk-steps.ts';
import { draftSuffix, type FileHeader, fileHeaderBytes, type Salt, segmentName } from './format.ts';
import { requireFileHeader } from './frame-walker.ts';
import type { StageStart } from './frame-writer.ts';
import type { FusedFiles } from './fuse.ts';
import { type HashSeed, KeyHash } from './hash.ts';
import { headerTorn, type Judged, judgeLast, mendLast, setAside } from './last-segment.ts';
import type { OpenFiles } from './open-files.ts';
import { scanSealed } from './scan.ts';
import { growingSegment, type Segment, unindexedSegment } from './segment.ts';
import { listSegments, missingSegment, refuseGap } from './segment-places.ts';
import { Segments } from './segments.ts';
import { Sidecar } from './sidecar.ts';
import { readWatermarkIn, type Watermark } from './watermark.ts';

/** What opening a log had to mend. */
export type Repair =
  | {
      readonly kind: 'torn_tail';
      readonly file: string;
      readonly offset: number;
      readonly bytes: number;
      readonly keptIn: string;
      readonly reason: string;
    }
  | {
      readonly kind: 'rewritten';
      readonly file: string;
      readonly provenBytes: number;
      readonly bytes: number;
    }
  | { readonly kind: 'index_rebuilt'; readonly file: string };

/** Before any time that a clock can tell. */
const recordedAtFloor = -8.64e15;

export interface Disk {
  readonly files: FusedFiles;
  readonly open: OpenFiles;
  readonly folder: string;
  readonly onRepair: (repair: Repair) => void;
}

export interface Recovered {
  readonly segments: Segments;
  readonly start: StageStart;
  /** Whether a frame, or the segment's being empty, proves that everything in the log is durable. */
  readonly proven: boolean;
}

export function randomPair(): Salt & HashSeed {
  const [lo = 0, hi = 0] = crypto.getRandomValues(new Uint32Array(2));
  return { lo, hi };
}

/**
 * Finds the log's end, mends what a crash left, and makes a segment to go on in. `now` names set-aside
 * files.
 */
export async function recover(disk: Disk, now: number): Promise<Recovered> {
  const { files, folder } = disk;
  // A process that died between a rename and this may have left a name that only the cache knows.
  await files.syncDirectory(folder);
  const names = await files.list(folder);
  const firsts = await listSegments(files, folder);
  const mark = await readWatermarkIn(files, folder);
  const torn = await tornHeaderIn(disk, firsts.at(-1), mark);
  if (torn !== undefined) firsts.pop();
  const last = firsts.at(-1);
  if (mark !== undefined && mark.lastPosition > 0 && mark.segment > (last ?? 0)) {
    throw missingSegment(folder, mark.segment);
  }
  const segments = new Segments(disk.open, await seedOf(disk, firsts[0]), (segment) =>
    reindex(disk, segments, segment),
  );
  const judged =
    last === undefined
      ? undefined
      : await judgeLast(disk, segmentPath(disk, last), last, segments.hash, mark, torn !== undefined);
  for (const [at, first] of firsts.slice(0, -1).entries()) {
    segments.add(await examineSealed(disk, first, firsts[at + 1]));
  }
  for (const [at, segment] of segments.all.entries()) {
    await completeSealed(disk, segments.hash, segment, firsts[at + 1]);
  }
  for (const name of names) if (name.endsWith(draftSuffix)) await files.remove(join(folder, name));
  if (torn !== undefined) await setAside(disk, torn, now);
  if (judged === undefined) return begin(disk, segments, 1, recordedAtFloor);
  return goOn(disk, segments, judged, now);
}

/** Makes the memory index of a sealed segment whose sidecar can not be used, and the sidecar. */
export async function reindex(disk: Disk, segments: Segments, segment: Segment) {
  const { facts, index } = await scanSealed(
    disk.open,
    segment.path,
    segment.firstPosition,
    new KeyHash(segments.seed),
  );
  await writeSidecar(disk.files, disk.open, segment.path, facts, index);
  segment.sidecar = await Sidecar.open(disk.open, segment.path, segment.salt);
  disk.onRepair({ kind: 'index_rebuilt', file: segment.path });
  return index;
}

export function headerOf(segment: Segment, seed: HashSeed): FileHeader {
  const { salt, firstPosition, recordedAtMin } = segment;
  return { salt, seed, firstPosition, recordedAtMin };
}

function segmentPath(disk: Disk, first: number): string {
  return join(disk.folder, segmentName(first));
}

/** The path of the last segment where a crash cut its making short. */
async function tornHeaderIn(
  disk: Disk,
  last: number | undefined,
  mark: Watermark | undefined,
): Promise<string | undefined> {
  if (last === undefined) return undefined;
  const path = segmentPath(disk, last);
  return (await headerTorn(disk.open.file(path), path, last, mark)) ? path : undefined;
}

async function seedOf(disk: Disk, first: number | undefined): Promise<HashSeed> {
  if (first === undefined) return randomPair();
  const path = segmentPath(disk, first);
  return (await requireFileHeader(disk.open.file(path), path, first)).seed;
}

/** A new segment at the log's end. */
async function begin(disk: Disk, segments: Segments, first: number, recordedAt: number): Promise<Recovered> {
  const segment = growingSegment(disk.folder, first, randomPair(), recordedAt);
  await createSegment(disk.files, segment.path, headerOf(segment, segments.seed));
  segments.add(segment);
  const start = { segment, offset: fileHeaderBytes, nextPosition: first, recordedAt };
  return { segments, start, proven: true };
}

/** Mends the last segment and goes on in it, or behind it where it is sealed. */
async function goOn(disk: Disk, segments: Segments, judged: Judged, now: number): Promise<Recovered> {
  await mendLast(disk, judged, now);
  const { header, scanned } = judged;
  const { index, offset, nextPosition, lastRecordedAt: recordedAt } = scanned;
  const { firstPosition: first } = header;
  if (judged.sealed) {
    const segment = await examineSealed(disk, first, nextPosition);
    await completeSealed(disk, segments.hash, segment, nextPosition);
    segments.add(segment);
    return begin(disk, segments, nextPosition, recordedAt);
  }
  const segment = growingSegment(disk.folder, first, header.salt, header.recordedAtMin);
  Object.assign(segment, { index, tickets: index.tickets, directory: index.directory });
  segments.add(segment);
  const proven = scanned.endsProven || nextPosition === first;
  return { segments, start: { segment, offset, nextPosition, recordedAt }, proven };
}

/** A segment that is followed by the one at `next`; its sidecar, if that is whole and tells the same. */
async function examineSealed(disk: Disk, first: number, next: number | undefined): Promise<Segment> {
  const path = segmentPath(disk, first);
  const file = disk.open.file(path);
  const header = await requireFileHeader(file, path, first);
  const segment = unindexedSegment(disk.folder, first, header.salt, header.recordedAtMin);
  const sidecar = await Sidecar.open(disk.open, path, header.salt);
  if (sidecar === undefined || sidecar.facts.segmentBytes !== (await file.size())) return segment;
  segment.sidecar = sidecar;
  segment.directory = sidecar.directory;
  refuseGap(disk.folder, sidecar.facts.nextPosition, next);
  return segment;
}

/** Makes a sidecar where there was none to be used, and cuts off zeros behind the seal. */
async function completeSealed(
  disk: Disk,
  hash: KeyHash,
  segment: Segment,
  next: number | undefined,
): Promise<void> {
  if (segment.sidecar !== undefined) return;
  const { path } = segment;
  const { facts, index } = await scanSealed(disk.open, path, segment.firstPosition, hash);
  refuseGap(disk.folder, facts.nextPosition, next);
  await cutZeros(disk, path, facts.segmentBytes);
  await writeSidecar(disk.files, disk.open, path, facts, index);
  segment.sidecar = await Sidecar.open(disk.open, path, segment.salt);
  if (segment.sidecar !== undefined) segment.directory = segment.sidecar.directory;
  disk.onRepair({ kind: 'index_rebuilt', file: path });
}

async function cutZeros(disk: Disk, path: string, bytes: number): Promise<void> {
  if ((await disk.open.file(path).size()) === bytes) return;
  const file = await disk.files.open(path, 'write');
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
