/**
 * The segments of a log and the one place that finds things in them: a ticket's last record, a command's
 * first, the frame at an offset. The writer and the readers of other processes share it.
 *
 * A hash only ever nominates; the record itself decides. A sidecar that fails a checksum is replaced by an
 * index made from the segment; a segment that fails one is damage, and is never read around.
 */

import { join } from 'node:path';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { LogDamage, type Salt, segmentName } from './format.ts';
import { FrameReader, recordOffset } from './frame-reader.ts';
import { type HashSeed, KeyHash } from './hash.ts';
import type { OpenFiles } from './open-files.ts';
import type { RecordLocation } from './record.ts';
import {
  type DecodedRecord,
  decodeKeys,
  decodeRecord,
  type RecordKeys,
  recordEnd,
} from './record-decoder.ts';
import { type Sidecar, SidecarUnusable } from './sidecar.ts';
import {
  type CommandTable,
  type FrameDirectory,
  type IndexEntry,
  MemoryIndex,
  type TicketTable,
} from './tables.ts';

export interface Segment {
  readonly path: string;
  readonly firstPosition: number;
  readonly salt: Salt;
  readonly recordedAtMin: number;
  /** In memory while the segment grows, and for tickets some time longer. */
  tickets: TicketTable | undefined;
  commands: CommandTable | undefined;
  directory: FrameDirectory;
  sidecar: Sidecar | undefined;
}

/** Where a ticket stands. Mutable, so that the hot path need not allocate one for each event. */
export interface Tail {
  /** Hash of the ticket's id. */
  lo: number;
  hi: number;
  /** 0 for a ticket that is not there. */
  revision: number;
  segment: number;
  frameOffset: number;
  index: number;
}

export function noTail(): Tail {
  return { lo: 0, hi: 0, revision: 0, segment: 0, frameOffset: 0, index: 0 };
}

/** A segment that is about to grow, with tables as large as those of `like`, the one before it. */
export function growingSegment(
  folder: string,
  firstPosition: number,
  salt: Salt,
  recordedAtMin: number,
  like?: Segment,
): Segment {
  const { tickets, commands, directory } = new MemoryIndex(like);
  const path = join(folder, segmentName(firstPosition));
  return { path, firstPosition, salt, recordedAtMin, tickets, commands, directory, sidecar: undefined };
}

/** Makes a memory index out of a whole segment; the owner may also write it down again. */
export type Reindex = (segment: Segment) => Promise<MemoryIndex>;

export class Segments {
  readonly hash: KeyHash;
  readonly seed: HashSeed;
  /** Counts how often a table left memory, after which what was looked up before may be outdated. */
  generation = 0;
  /** Oldest first. */
  readonly #list: Segment[] = [];
  readonly #reindex: Reindex;
  readonly #frames: FrameReader;

  constructor(files: OpenFiles, seed: HashSeed, reindex: Reindex) {
    this.#frames = new FrameReader(files);
    this.seed = seed;
    this.hash = new KeyHash(seed);
    this.#reindex = reindex;
  }

  add(segment: Segment): void {
    this.#list.push(segment);
  }

  /** Lets the ticket tables of the oldest sealed segments go until the rest fits into `bytesMax`. */
  keepTables(bytesMax: number): void {
    let bytes = 0;
    for (const segment of this.#list.toReversed()) {
      if (segment.sidecar === undefined) continue;
      bytes += segment.tickets?.bytes ?? 0;
      if (bytes <= bytesMax || segment.tickets === undefined) continue;
      segment.tickets = undefined;
      this.generation += 1;
    }
  }

  get all(): readonly Segment[] {
    return this.#list;
  }

  /** The segment that holds a position, or would hold it. */
  holding(position: number): Segment | undefined {
    return this.#list.findLast((segment) => segment.firstPosition <= position);
  }

  byFirst(firstPosition: number): Segment | undefined {
    return this.#list.findLast((segment) => segment.firstPosition === firstPosition);
  }

  /** Looks without I/O; false where only a look into a sidecar can tell. An unknown ticket has revision 0. */
  tailInMemory(ticketId: TicketId, lo: number, hi: number, tail: Tail): boolean {
    tail.revision = 0;
    tail.segment = 0;
    for (let at = this.#list.length - 1; at >= 0; at -= 1) {
      const segment = this.#list[at];
      if (segment === undefined) continue;
      if (segment.tickets === undefined) {
        if (segment.sidecar?.mayHaveTicket(lo, hi) !== false) return false;
        continue;
      }
      const slot = segment.tickets.find(ticketId, lo, hi);
      if (slot < 0) continue;
      tail.revision = segment.tickets.revision(slot);
      tail.segment = segment.firstPosition;
      tail.frameOffset = segment.tickets.frameOffset(slot);
      tail.index = segment.tickets.index(slot);
      return true;
    }
    return true;
  }

  async findTail(ticketId: TicketId): Promise<Tail> {
    const { lo, hi } = this.hash.of(ticketId);
    for (const segment of this.#list.toReversed()) {
      const slot = segment.tickets?.find(ticketId, lo, hi) ?? -1;
      if (segment.tickets !== undefined && slot >= 0) {
        const [frameOffset, index] = [segment.tickets.frameOffset(slot), segment.tickets.index(slot)];
        return {
          lo,
          hi,
          revision: segment.tickets.revision(slot),
          segment: segment.firstPosition,
          frameOffset,
          index,
        };
      }
      if (segment.tickets !== undefined) continue;
      for (const entry of await this.#candidates(segment, 'tickets', lo, hi)) {
        const { frameOffset, index, revision } = entry;
        const keys = await this.#keysAt(segment, entry);
        if (keys.ticketId === ticketId)
          return { lo, hi, revision, segment: segment.firstPosition, frameOffset, index };
      }
    }
    return { ...noTail(), lo, hi };
  }

  /** Looks without I/O; false for a command id that is surely new, as nearly all are. */
  mayKnowCommand(commandId: string): boolean {
    const { lo, hi } = this.hash.of(commandId);
    return this.#list.some(({ commands, sidecar }) =>
      commands === undefined
        ? sidecar?.mayHaveCommand(lo, hi) !== false
        : commands.candidates(lo, hi).length > 0,
    );
  }

  /** The places of records whose command id may be this one, newest segment first. */
  async *commandPlaces(commandId: string): AsyncGenerator<RecordLocation> {
    const { lo, hi } = this.hash.of(commandId);
    for (const segment of this.#list.toReversed()) {
      const entries =
        segment.commands === undefined
          ? await this.#candidates(segment, 'commands', lo, hi)
          : segment.commands.candidates(lo, hi);
      for (const { frameOffset, index } of entries)
        yield { segment: segment.firstPosition, frameOffset, index };
    }
  }

  /** Reads one record. Its frame is read and compared with its checksum as a whole. */
  async readRecord(place: RecordLocation): Promise<DecodedRecord> {
    const segment = this.byFirst(place.segment);
    if (segment === undefined) throw new LogDamage(String(place.segment), 0, 'a segment is missing');
    return this.#frames.read(segment, place.frameOffset, (header, payload) => {
      const at = recordOffset(segment, header, payload, place);
      return decodeRecord(payload, at, header, segment.firstPosition, place.frameOffset, place.index);
    });
  }

  /** The records from `place` on that belong to one command on one ticket; a write never spans frames. */
  async readCommand(place: RecordLocation, commandId: string): Promise<readonly RecordedEvent[]> {
    const segment = this.byFirst(place.segment);
    if (segment === undefined) throw new LogDamage(String(place.segment), 0, 'a segment is missing');
    return this.#frames.read(segment, place.frameOffset, (header, payload) => {
      const events: RecordedEvent[] = [];
      let at = recordOffset(segment, header, payload, place);
      for (let index = place.index; index < header.eventCount; index += 1) {
        const { event } = decodeRecord(payload, at, header, segment.firstPosition, place.frameOffset, index);
        if (event.commandId !== commandId || (events[0] ?? event).ticketId !== event.ticketId) break;
        events.push(event);
        at = recordEnd(payload, at);
      }
      return events;
    });
  }

  #keysAt(segment: Segment, entry: IndexEntry): Promise<RecordKeys> {
    return this.#frames.read(segment, entry.frameOffset, (header, payload) =>
      decodeKeys(payload, recordOffset(segment, header, payload, entry)),
    );
  }

  async #candidates(
    segment: Segment,
    table: 'tickets' | 'commands',
    lo: number,
    hi: number,
  ): Promise<readonly IndexEntry[]> {
    try {
      if (segment.sidecar === undefined) throw new SidecarUnusable(`${segment.path} has no sidecar`);
      if (table === 'tickets') return await segment.sidecar.ticketCandidates(lo, hi);
      return await segment.sidecar.commandCandidates(lo, hi);
    } catch (error) {
      if (!(error instanceof SidecarUnusable)) throw error;
      const index = await this.#reindex(segment);
      const entries = table === 'tickets' ? index.tickets.entries() : index.commands.entries();
      return [...entries].filter((entry) => entry.lo === lo && entry.hi === hi);
    }
  }
}
