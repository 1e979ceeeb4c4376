/**
 * Reads a segment from its first byte: to index it, to find its end after a crash, to verify it. All
 * checksums are compared. It changes nothing on disk.
 */
import {
  type FileHeader,
  type FrameHeader,
  type FrameKind,
  fileHeaderBytes,
  frameKinds,
  LogDamage,
  undamaged,
} from './format.ts';
import { type Frame, FrameWalker, type Readable, requireFileHeader } from './frame-walker.ts';
import type { KeyHash } from './hash.ts';
import type { OpenFiles } from './open-files.ts';
import { decodeKeys, decodeRecord, recordEnd } from './record-decoder.ts';
import type { Segment } from './segments.ts';
import type { SealedFacts } from './sidecar.ts';
import { MemoryIndex } from './tables.ts';
import { endOfBytes } from './tail.ts';

export interface Scanned {
  readonly index: MemoryIndex;
  /** Offset after the last good frame, and position after its last event. */
  readonly offset: number;
  readonly nextPosition: number;
  readonly lastRecordedAt: number;
  /** The highest offset that the frames themselves prove durable. */
  readonly provenOffset: number;
  /** Position after the last event below `provenOffset`. */
  readonly provenNextPosition: number;
  readonly lastKind: FrameKind | undefined;
  /** Whether the last frame is a mark that proves everything before it. */
  readonly endsProven: boolean;
  /** What stands behind the last good frame, unless it is nothing, or zeros that were written ahead. */
  readonly bad: { readonly reason: string } | undefined;
}

/** Indexes the frames before byte `end`, up to the first bad one; zeros up to `end` are no bad frame. */
export async function scanSegment(
  file: Readable,
  path: string,
  header: FileHeader,
  hash: KeyHash,
  end: number,
): Promise<Scanned> {
  const start = { offset: fileHeaderBytes, position: header.firstPosition };
  const walker = new FrameWalker(file, header.salt, start);
  const index = new MemoryIndex();
  const ends: { readonly offset: number; readonly nextPosition: number }[] = [];
  let provenOffset: number = fileHeaderBytes;
  let provenNextPosition = header.firstPosition;
  let lastRecordedAt = header.recordedAtMin;
  let lastKind: FrameKind | undefined;
  let endsProven = false;
  for (;;) {
    const step = await walker.next(end);
    if (step.status !== 'frame') {
      const { offset, position: nextPosition } = walker;
      const onlyZeros = step.status === 'end' || (await endOfBytes(file, offset, end)) === offset;
      const bad = onlyZeros ? undefined : step;
      const proven = { provenOffset, provenNextPosition, endsProven };
      return { index, offset, nextPosition, lastRecordedAt, ...proven, lastKind, bad };
    }
    lastRecordedAt = indexStep(index, hash, step, path, header.firstPosition) ?? lastRecordedAt;
    lastKind = step.header.kind;
    endsProven = isMark(lastKind) && step.header.durableUpTo >= step.offset;
    ends.push({ offset: walker.offset, nextPosition: walker.position });
    if (step.header.durableUpTo > provenOffset) {
      provenOffset = step.header.durableUpTo;
      while (ends[0] !== undefined && ends[0].offset <= provenOffset) {
        provenNextPosition = ends.shift()?.nextPosition ?? provenNextPosition;
      }
    }
  }
}

function isMark(kind: FrameKind): boolean {
  return kind === frameKinds.closed || kind === frameKinds.marker;
}

/** Indexes a segment that must be whole and sealed. Throws `log_damaged` where it is not. */
export async function scanSealed(
  files: OpenFiles,
  path: string,
  firstPosition: number,
  hash: KeyHash,
): Promise<{ readonly facts: SealedFacts; readonly index: MemoryIndex }> {
  const file = files.file(path);
  const header = await requireFileHeader(file, path, firstPosition);
  const scanned = await scanSegment(file, path, header, hash, await file.size());
  const { offset: segmentBytes, nextPosition, lastRecordedAt, index, bad } = scanned;
  if (bad !== undefined) throw new LogDamage(path, segmentBytes, bad.reason, { position: nextPosition });
  if (scanned.lastKind !== frameKinds.sealed) {
    throw new LogDamage(path, segmentBytes, 'the segment is followed by another, but is not sealed', {
      position: nextPosition,
    });
  }
  const { salt } = header;
  return { facts: { salt, firstPosition, nextPosition, segmentBytes, lastRecordedAt }, index };
}

/** Puts a frame into an index; returns when its last event was recorded, if it has events. */
export function indexStep(
  index: Pick<Segment, 'tickets' | 'commands' | 'directory'>,
  hash: KeyHash,
  frame: Frame,
  path: string,
  segment: number,
): number | undefined {
  const { header, payload, offset } = frame;
  return undamaged(path, offset, header.firstPosition, () => {
    const lastAt = indexFrame(index, hash, frame);
    return header.eventCount === 0 ? undefined : lastEvent(header, payload, lastAt, segment, offset);
  });
}

/** Puts all records of a frame into the index; returns where in the payload the last of them begins. */
function indexFrame(
  index: Pick<Segment, 'tickets' | 'commands' | 'directory'>,
  hash: KeyHash,
  frame: { readonly header: FrameHeader; readonly payload: Buffer; readonly offset: number },
): number {
  const { header, payload, offset } = frame;
  if (header.eventCount > 0) index.directory.add(header.firstPosition, offset);
  let at = 0;
  let lastAt = 0;
  for (let record = 0; record < header.eventCount; record += 1) {
    lastAt = at;
    const { ticketId, revision, commandId } = decodeKeys(payload, at);
    const { lo, hi } = hash.of(ticketId);
    index.tickets?.put(ticketId, lo, hi, revision, offset, record);
    if (commandId !== undefined) {
      hash.of(commandId);
      index.commands?.add(hash.lo, hash.hi, offset, record);
    }
    at = recordEnd(payload, at);
  }
  return lastAt;
}

function lastEvent(
  header: FrameHeader,
  payload: Buffer,
  at: number,
  segment: number,
  offset: number,
): number {
  return decodeRecord(payload, at, header, segment, offset, header.eventCount - 1).event.recordedAt;
}
