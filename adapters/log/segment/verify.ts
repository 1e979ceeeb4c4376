/**
 * Compares every checksum of a log: all segments, sealed or growing, frame by frame and record by record,
 * with their order and their contiguity. For auditors and operators; the log may be open meanwhile.
 *
 * It changes nothing, and it must never call a log good of which it skipped a byte.
 */
import { join } from 'node:path';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { fileHeaderBytes, frameKinds, LogDamage, positionOfName, segmentName, undamaged } from './format.ts';
import { type Frame, FrameWalker, requireFileHeader } from './frame-walker.ts';
import { OpenFiles } from './open-files.ts';
import { decodeRecord, recordEnd } from './record-decoder.ts';
import { diskFiles, type SegmentFiles } from './storage.ts';
import { endOfBytes } from './tail.ts';
import { readWatermarkIn } from './watermark.ts';

export interface VerifiedSegments {
  readonly segments: number;
  readonly frames: number;
  readonly events: number;
  readonly bytes: number;
  /** Position of the last event that was compared; 0 for none. */
  readonly lastPosition: number;
}

/**
 * Reads everything up to the durable point (to the end, where no `durable` file tells one) and hands each
 * frame's events to `onBatch`. Throws a `LogDamage` that names the file and the byte of the first bad frame.
 */
export async function verifySegments(
  folder: string,
  onBatch?: (events: readonly RecordedEvent[]) => void | Promise<void>,
  files: SegmentFiles = diskFiles,
): Promise<VerifiedSegments> {
  const open = new OpenFiles(files);
  const mark = await readWatermarkIn(files, folder);
  const firsts = (await files.list(folder)).flatMap((name) => positionOfName(name) ?? []);
  firsts.sort((left, right) => left - right);
  const seen = mark === undefined ? firsts : firsts.filter((first) => first <= mark.segment);
  if (mark !== undefined && seen.at(-1) !== mark.segment) {
    throw new LogDamage(join(folder, segmentName(mark.segment)), 0, 'the segment is missing', {
      position: mark.segment,
    });
  }
  let total: VerifiedSegments = { segments: 0, frames: 0, events: 0, bytes: 0, lastPosition: 0 };
  try {
    for (const [at, first] of seen.entries()) {
      const path = join(folder, segmentName(first));
      if (first !== total.lastPosition + 1) {
        const missing = join(folder, segmentName(total.lastPosition + 1));
        throw new LogDamage(missing, 0, `the segment is missing; the next one begins at position ${first}`, {
          position: total.lastPosition + 1,
        });
      }
      const durable = mark?.segment === first ? mark.offset : undefined;
      total = await verifyOne(open, path, first, durable, at < seen.length - 1, total, onBatch);
    }
    return total;
  } finally {
    await open.close();
  }
}

async function verifyOne(
  open: OpenFiles,
  path: string,
  first: number,
  durable: number | undefined,
  mustBeSealed: boolean,
  before: VerifiedSegments,
  onBatch: ((events: readonly RecordedEvent[]) => void | Promise<void>) | undefined,
): Promise<VerifiedSegments> {
  const file = open.file(path);
  const header = await requireFileHeader(file, path, first);
  const walker = new FrameWalker(file, header.salt, { offset: fileHeaderBytes, position: first });
  const end = durable ?? (await file.size());
  let frames = 0;
  let sealed = false;
  for (let step = await walker.next(end); step.status !== 'end'; step = await walker.next(end)) {
    if (step.status === 'bad') {
      // Behind what is durable, zeros up to the file's end are space that was written ahead.
      if (durable === undefined && (await endOfBytes(file, step.offset, end)) === step.offset) break;
      throw new LogDamage(path, step.offset, step.reason, { position: step.position });
    }
    const { offset, header: frame } = step;
    if (sealed)
      throw new LogDamage(path, offset, 'a frame behind the seal', { position: frame.firstPosition });
    const events = decodeFrame(step, path, first);
    if (events.length > 0) await onBatch?.(events);
    sealed = step.header.kind === frameKinds.sealed;
    frames += 1;
  }
  if (mustBeSealed && !sealed) {
    throw new LogDamage(path, walker.offset, 'the segment is not sealed', { position: walker.position });
  }
  return {
    segments: before.segments + 1,
    frames: before.frames + frames,
    events: before.events + walker.position - first,
    bytes: before.bytes + walker.offset,
    lastPosition: walker.position - 1,
  };
}

function decodeFrame(frame: Frame, path: string, segment: number): RecordedEvent[] {
  const { header, payload, offset } = frame;
  return undamaged(path, offset, header.firstPosition, () => {
    const events: RecordedEvent[] = [];
    let at = 0;
    for (let index = 0; index < header.eventCount; index += 1) {
      events.push(decodeRecord(payload, at, header, segment, offset, index).event);
      at = recordEnd(payload, at);
    }
    return events;
  });
}
