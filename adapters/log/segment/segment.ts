/**
 * What is known of one segment of a log: the file, and its index, which is in memory while the segment grows
 * and in its sidecar afterwards. Nothing here reads or writes.
 */
import { join } from 'node:path';
import { type Salt, segmentName } from './format.ts';
import type { FrameDirectory } from './frame-directory.ts';
import { MemoryIndex } from './memory-index.ts';
import type { Sidecar } from './sidecar.ts';
import type { TicketTable } from './ticket-table.ts';

export interface Segment {
  readonly path: string;
  readonly firstPosition: number;
  readonly salt: Salt;
  readonly recordedAtMin: number;
  /** While the segment grows, and until its sidecar is written. */
  index: MemoryIndex | undefined;
  /** Of the index, and some time longer than the rest of it. */
  tickets: TicketTable | undefined;
  directory: FrameDirectory;
  sidecar: Sidecar | undefined;
}

export interface GrowingSegment extends Segment {
  index: MemoryIndex;
}

/** A segment that is about to grow, with an index as large as that of `like`, the one before it. */
export function growingSegment(
  folder: string,
  firstPosition: number,
  salt: Salt,
  recordedAtMin: number,
  like?: Segment,
): GrowingSegment {
  const index = new MemoryIndex(like?.index);
  const { tickets, directory } = index;
  const path = join(folder, segmentName(firstPosition));
  return { path, firstPosition, salt, recordedAtMin, index, tickets, directory, sidecar: undefined };
}

/** A segment without an index yet. */
export function unindexedSegment(
  folder: string,
  firstPosition: number,
  salt: Salt,
  recordedAtMin: number,
): Segment {
  const growing = growingSegment(folder, firstPosition, salt, recordedAtMin);
  return { ...growing, index: undefined, tickets: undefined };
}
