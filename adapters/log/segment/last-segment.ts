/**
 * The end of a log: what the last segment says of how writing ended, judged without changing anything, and
 * then mended. Only the last segment can have a torn tail.
 *
 * A segment that ends with a mark (and nothing behind it but zeros) is kept as it is: the mark was written
 * when everything before it was synced. Any other is copied up to its last good frame, whatever else is
 * known of it: after a failed sync the system's cache may show what the disk does not hold, and only a copy
 * that was synced is surely there. It must never cut off what may have been acknowledged.
 */
import { basename } from 'node:path';
import { copyRange } from './disk-steps.ts';
import {
  type FileHeader,
  fileHeaderBytes,
  frameHeaderBytes,
  frameKinds,
  LogDamage,
  tornInfix,
} from './format.ts';
import { type Readable, readFileHeader, requireFileHeader } from './frame-walker.ts';
import type { KeyHash } from './hash.ts';
import type { Disk } from './recovery.ts';
import { type Scanned, scanSegment } from './scan.ts';
import { Sidecar } from './sidecar.ts';
import { endOfBytes, provenBehind } from './tail.ts';
import type { Watermark } from './watermark.ts';

/** How a segment may be mended, and why it may be. */
export interface Judged {
  readonly path: string;
  readonly header: FileHeader;
  readonly scanned: Scanned;
  readonly sealed: boolean;
  /** Bytes that something other than the bytes themselves says are durable. */
  readonly provenBytes: number;
}

/**
 * Finds the segment's end. Throws `log_damaged` where something that was acknowledged is not there. A segment
 * that had a successor, if only one whose making a crash cut short, must be sealed.
 */
export async function judgeLast(
  disk: Disk,
  path: string,
  first: number,
  hash: KeyHash,
  mark: Watermark | undefined,
  mustBeSealed: boolean,
): Promise<Judged> {
  const file = disk.open.file(path);
  const header = await requireFileHeader(file, path, first);
  const size = await file.size();
  const scanned = await scanSegment(file, path, header, hash, size);
  const sidecar = await Sidecar.open(disk.open, path, header.salt);
  const provenBytes = Math.max(
    scanned.provenOffset,
    markedOffset(mark, header),
    sidecar?.facts.segmentBytes ?? 0,
  );
  await refuseDamage(file, path, header, scanned, provenBytes, size);
  const sealed = scanned.lastKind === frameKinds.sealed;
  if (mustBeSealed && !sealed) {
    const { offset, nextPosition: position } = scanned;
    throw new LogDamage(path, offset, 'the segment is not sealed', { position });
  }
  return { path, header, scanned, sealed, provenBytes };
}

/** Sets the torn tail aside, if there is one, and makes sure that what stays is durable. */
export async function mendLast(disk: Disk, judged: Judged, now: number): Promise<void> {
  const { path, scanned, provenBytes } = judged;
  const { offset, bad } = scanned;
  if (bad === undefined && scanned.endsProven) return writeMarkAgain(disk, path, offset);
  const file = disk.open.file(path);
  const bytes = bad === undefined ? 0 : (await endOfBytes(file, offset, await file.size())) - offset;
  const keptIn = await tornPath(disk, path, now);
  if (bad !== undefined) await copyRange(disk.files, path, keptIn, offset, offset + bytes);
  await copyRange(disk.files, path, path, 0, offset);
  await disk.open.drop(path);
  if (bad === undefined) disk.onRepair({ kind: 'rewritten', file: path, provenBytes, bytes: offset });
  else disk.onRepair({ kind: 'torn_tail', file: path, offset, bytes, keptIn, reason: bad.reason });
}

/**
 * The header of a new segment is synced before the file gets its name. A name without a whole header, no
 * longer than one and not known to the `durable` file, is therefore a creation that a crash cut short.
 */
export async function headerTorn(
  file: Readable,
  path: string,
  first: number,
  mark: Watermark | undefined,
): Promise<boolean> {
  if ((await readFileHeader(file, path, first)) !== undefined) return false;
  if ((await file.size()) <= fileHeaderBytes && mark?.segment !== first) return true;
  throw new LogDamage(path, 0, 'no intact file header begins here', { position: first });
}

export async function setAside(disk: Disk, path: string, now: number): Promise<void> {
  const bytes = await disk.open.file(path).size();
  const keptIn = await tornPath(disk, path, now);
  await disk.open.drop(path);
  await disk.files.rename(path, keptIn);
  await disk.files.syncDirectory(disk.folder);
  const reason = 'the file ends within its header';
  disk.onRepair({ kind: 'torn_tail', file: path, offset: 0, bytes, keptIn, reason });
}

function markedOffset(mark: Watermark | undefined, header: FileHeader): number {
  if (mark === undefined || mark.segment !== header.firstPosition) return 0;
  return mark.salt.lo === header.salt.lo && mark.salt.hi === header.salt.hi ? mark.offset : 0;
}

async function refuseDamage(
  file: Readable,
  path: string,
  header: FileHeader,
  scanned: Scanned,
  provenBytes: number,
  size: number,
): Promise<void> {
  const { bad, offset, nextPosition: position } = scanned;
  const behind = bad === undefined ? 0 : await provenBehind(file, header.salt, offset, size);
  const known = Math.max(provenBytes, behind);
  if (known <= offset) return;
  const reason = bad?.reason ?? (offset < size ? 'only zeros follow' : 'the file ends here');
  const what = `${reason}, though ${known} bytes were known to be durable`;
  throw new LogDamage(path, offset, what, { position });
}

/**
 * The mark itself may be in the cache only, if its own sync failed. Were it then missing below what follows,
 * that would look like damage; so it is written once more, byte for byte, before anything follows.
 */
async function writeMarkAgain(disk: Disk, path: string, offset: number): Promise<void> {
  const file = await disk.files.open(path, 'write');
  try {
    const mark = Buffer.alloc(frameHeaderBytes);
    await file.read(mark, offset - frameHeaderBytes);
    await file.write(mark, offset - frameHeaderBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name that nothing has yet: what was set aside earlier is not overwritten. */
async function tornPath(disk: Disk, path: string, now: number): Promise<string> {
  const taken = new Set(await disk.files.list(disk.folder));
  const base = `${path}${tornInfix}${new Date(now).toISOString().replaceAll(/[-:.]/g, '')}`;
  for (let copy = 1; ; copy += 1) {
    const candidate = copy === 1 ? base : `${base}-${copy}`;
    if (!taken.has(basename(candidate))) return candidate;
  }
}
