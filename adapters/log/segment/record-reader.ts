/**
 * Reads events of a segment by their position, frame by frame. Where they are was found by somebody else, in
 * an index that may be wrong: what was read must be compared with what was looked for.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { LogDamage } from './format.ts';
import { FrameReader } from './frame-reader.ts';
import type { OpenFiles } from './open-files.ts';
import type { RecordCursor } from './record-decoder.ts';
import type { Segment } from './segment.ts';
import type { TicketRun } from './sidecar.ts';

export class RecordReader {
  readonly #frames: FrameReader;

  constructor(files: OpenFiles) {
    this.#frames = new FrameReader(files);
  }

  /** Reads the events of a run, each of their frames once. */
  async readRun(segment: Segment, { events }: TicketRun): Promise<readonly RecordedEvent[]> {
    const byFrame = new Map<number, number[]>();
    for (const event of events) {
      const position = segment.firstPosition + event - 1;
      const frame = segment.directory.holding(position);
      const positions = byFrame.get(frame);
      if (positions === undefined) byFrame.set(frame, [position]);
      else positions.push(position);
    }
    const read = [...byFrame.values()].map(async (positions) =>
      this.readAt(segment, positions[0] ?? 0, (cursor, framePosition) =>
        positions.map((position) => {
          cursor.skipTo(position - framePosition);
          return cursor.event();
        }),
      ),
    );
    return (await Promise.all(read)).flat();
  }

  /** Reads the frame that holds a position, and hands out a cursor that stands at it. */
  async readAt<T>(
    segment: Segment,
    position: number,
    use: (cursor: RecordCursor, framePosition: number) => T,
  ): Promise<T> {
    const { directory, path } = segment;
    const frame = directory.holding(position);
    if (frame < 0) throw new LogDamage(path, 0, `no frame holds position ${position}`);
    const framePosition = directory.position(frame);
    return this.#frames.read(segment, directory.offset(frame), (cursor) => {
      cursor.skipTo(position - framePosition);
      return use(cursor, framePosition);
    });
  }
}

/** Whether these are the events of one ticket, without a gap, up to the run's last revision. */
export function isRun(events: readonly RecordedEvent[], run: TicketRun, ticketId: TicketId): boolean {
  const first = run.revision - events.length + 1;
  return (
    events.length === run.events.length &&
    events.every((event, at) => event.ticketId === ticketId && event.revision === first + at)
  );
}
