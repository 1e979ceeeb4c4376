/**
 * Opening a log after whatever happened to it. The rule, in one sentence: what may have been acknowledged
 * is never given up, and what can not have been is set aside, not destroyed.
 *
 * Only the last segment can have a torn tail. A bad frame in it below an offset that is known to have been
 * synced (told by a frame's durableUpTo, before or behind it, or by the `durable` file) is damage: the log
 * is not opened and nothing is changed. Any other bad frame is a write that a crash cut short: the tail is
 * copied to `<segment>.torn-<time>` and the segment is written anew without it. Frames that are whole but
 * were not known to be synced are written anew as well: after a failed sync the cache may hold what the
 * disk does not.
 */
import { join } from 'node:path';
import { copyRange, createSegment, writeSidecar } from './disk-steps.ts';
import {
  decodeFrameHeader,
  draftSuffix,
  type FileHeader,
  fileHeaderBytes,
  frameHeaderBytes,
  frameKinds,
  frameMagic,
  LogDamage,
  type Salt,
  segmentName,
  tornInfix,
} from './format.ts';
import { readFileHeader, requireFileHeader } from './frame-walker.ts';
import type { StageStart } from './frame-writer.ts';
import { type HashSeed, KeyHash } from './hash.ts';
import type { OpenFiles, PooledFile } from './open-files.ts';
import { type Scanned, scanSealed, scanSegment } from './scan.ts';
import { listSegments, missingSegment, refuseGap } from './segment-places.ts';
import { growingSegment, type Segment, Segments } from './segments.ts';
import { Sidecar } from './sidecar.ts';
import type { SegmentFiles } from './storage.ts';
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
  readonly files: SegmentFiles;
  readonly open: OpenFiles;
  readonly folder: string;
  readonly onRepair: (repair: Repair) => void;
}

export interface Recovered {
  readonly segments: Segments;
  readonly start: StageStart;
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
  const names = await files.list(folder);
  for (const name of names) if (name.endsWith(draftSuffix)) await files.remove(join(folder, name));
  const firsts = await listSegments(files, folder);
  const mark = await readWatermarkIn(files, folder);
  const torn = await setAsideTornHeader(disk, firsts.at(-1), mark, now);
  if (torn) firsts.pop();
  const last = firsts.at(-1);
  if (mark !== undefined && mark.lastPosition > 0 && mark.segment > (last ?? 0)) {
    throw missingSegment(folder, mark.segment);
  }
  const segments = new Segments(disk.open, await seedOf(disk, firsts[0]), (segment) =>
    reindex(disk, segments, segment),
  );
  for (const [at, first] of firsts.slice(0, -1).entries()) {
    segments.add(await openSealed(disk, segments.hash, first, firsts[at + 1]));
  }
  if (last === undefined) return { segments, start: await begin(disk, segments, 1, recordedAtFloor) };
  return { segments, start: await recoverLast(disk, segments, last, mark, torn, now) };
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

async function seedOf(disk: Disk, first: number | undefined): Promise<HashSeed> {
  if (first === undefined) return randomPair();
  const path = join(disk.folder, segmentName(first));
  return (await requireFileHeader(disk.open.file(path), path, first)).seed;
}

/** A new segment at the log's end. */
async function begin(disk: Disk, segments: Segments, first: number, recordedAt: number): Promise<StageStart> {
  const segment = growingSegment(disk.folder, first, randomPair(), recordedAt);
  await createSegment(disk.files, segment.path, headerOf(segment, segments.seed));
  segments.add(segment);
  return { segment, offset: fileHeaderBytes, nextPosition: first, recordedAt };
}

export function headerOf(segment: Segment, seed: HashSeed): FileHeader {
  const { salt, firstPosition, recordedAtMin } = segment;
  return { salt, seed, firstPosition, recordedAtMin };
}

async function openSealed(
  disk: Disk,
  hash: KeyHash,
  first: number,
  next: number | undefined,
): Promise<Segment> {
  const path = join(disk.folder, segmentName(first));
  const file = disk.open.file(path);
  const header = await requireFileHeader(file, path, first);
  const segment = growingSegment(disk.folder, first, header.salt, header.recordedAtMin);
  segment.tickets = undefined;
  segment.commands = undefined;
  segment.sidecar = await Sidecar.open(disk.open, path, header.salt);
  let facts = segment.sidecar?.facts;
  if (facts === undefined || facts.segmentBytes !== (await file.size())) {
    const scanned = await scanSealed(disk.open, path, first, hash);
    facts = scanned.facts;
    await writeSidecar(disk.files, disk.open, path, facts, scanned.index);
    segment.sidecar = await Sidecar.open(disk.open, path, header.salt);
    disk.onRepair({ kind: 'index_rebuilt', file: path });
  }
  if (segment.sidecar !== undefined) segment.directory = segment.sidecar.directory;
  refuseGap(disk.folder, facts.nextPosition, next);
  return segment;
}

/**
 * The header of a new segment is synced before the file gets its name. A name without a whole header, no
 * longer than one and not known to the `durable` file, is therefore a creation that a crash cut short.
 */
async function setAsideTornHeader(
  disk: Disk,
  last: number | undefined,
  mark: Watermark | undefined,
  now: number,
): Promise<boolean> {
  if (last === undefined) return false;
  const path = join(disk.folder, segmentName(last));
  const file = disk.open.file(path);
  if ((await readFileHeader(file, path, last)) !== undefined) return false;
  const bytes = await file.size();
  if (bytes > fileHeaderBytes || mark?.segment === last) {
    throw new LogDamage(path, 0, 'no intact file header begins here');
  }
  const keptIn = tornPath(path, now);
  await disk.open.drop(path);
  await disk.files.rename(path, keptIn);
  await disk.files.syncDirectory(disk.folder);
  const reason = 'the file ends within its header';
  disk.onRepair({ kind: 'torn_tail', file: path, offset: 0, bytes, keptIn, reason });
  return true;
}

async function recoverLast(
  disk: Disk,
  segments: Segments,
  first: number,
  mark: Watermark | undefined,
  mustBeSealed: boolean,
  now: number,
): Promise<StageStart> {
  const path = join(disk.folder, segmentName(first));
  const file = disk.open.file(path);
  const header = await requireFileHeader(file, path, first);
  const size = await file.size();
  const scanned = await scanSegment(file, path, header, segments.hash, size);
  const proven = Math.max(scanned.provenOffset, markedOffset(mark, header));
  await refuseDamage(file, path, header.salt, scanned, proven, size);
  const sealed = scanned.lastKind === frameKinds.sealed;
  if (mustBeSealed && !sealed) throw new LogDamage(path, scanned.offset, 'the segment is not sealed');
  await rewriteUnproven(disk, path, scanned, proven, size, now);
  const segment = growingSegment(disk.folder, first, header.salt, header.recordedAtMin);
  const { index, offset, nextPosition, lastRecordedAt: recordedAt } = scanned;
  Object.assign(segment, { tickets: index.tickets, commands: index.commands, directory: index.directory });
  if (!sealed) {
    segments.add(segment);
    return { segment, offset, nextPosition, recordedAt };
  }
  segments.add(await openSealed(disk, segments.hash, first, nextPosition));
  return begin(disk, segments, nextPosition, recordedAt);
}

function markedOffset(mark: Watermark | undefined, header: FileHeader): number {
  if (mark === undefined || mark.segment !== header.firstPosition) return 0;
  return mark.salt.lo === header.salt.lo && mark.salt.hi === header.salt.hi ? mark.offset : 0;
}

async function refuseDamage(
  file: PooledFile,
  path: string,
  salt: Salt,
  scanned: Scanned,
  proven: number,
  size: number,
): Promise<void> {
  const reason = scanned.bad?.reason ?? 'the file ends here';
  const known =
    scanned.bad === undefined
      ? proven
      : Math.max(proven, await provenBehind(file, salt, scanned.offset, size));
  if (known <= scanned.offset) return;
  throw new LogDamage(path, scanned.offset, `${reason}, though ${known} bytes were known to be durable`);
}

/** The highest durableUpTo of all intact frame headers behind a bad frame. */
async function provenBehind(file: PooledFile, salt: Salt, from: number, size: number): Promise<number> {
  const tail = Buffer.alloc(size - from);
  await file.read(tail, from);
  let proven = 0;
  for (let at = tail.indexOf(frameMagic, 1); at >= 0; at = tail.indexOf(frameMagic, at + 1)) {
    if (at + frameHeaderBytes > tail.length) break;
    proven = Math.max(proven, decodeFrameHeader(tail, at, salt)?.durableUpTo ?? 0);
  }
  return proven;
}

async function rewriteUnproven(
  disk: Disk,
  path: string,
  scanned: Scanned,
  proven: number,
  size: number,
  now: number,
): Promise<void> {
  const { offset, bad } = scanned;
  if (bad !== undefined) {
    const keptIn = tornPath(path, now);
    await copyRange(disk.files, path, keptIn, offset, size);
    const bytes = size - offset;
    disk.onRepair({ kind: 'torn_tail', file: path, offset, bytes, keptIn, reason: bad.reason });
  }
  // A closing mark is written after everything before it was synced, and its own loss would lose nothing.
  const closed = scanned.lastKind === frameKinds.closed;
  if (bad === undefined && (closed || offset <= proven)) return;
  await copyRange(disk.files, path, path, 0, offset);
  await disk.open.drop(path);
  if (bad === undefined) disk.onRepair({ kind: 'rewritten', file: path, provenBytes: proven, bytes: offset });
}

function tornPath(path: string, now: number): string {
  return `${path}${tornInfix}${new Date(now).toISOString().replaceAll(/[-:.]/g, '')}`;
}
