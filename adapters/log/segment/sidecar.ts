/**
 * The sidecar of a sealed segment (`.idx`): where each of its tickets' events are, and each of its commands'
 * first, as hash tables in pages on disk. Only two filters and the frames' places are kept in memory.
 *
 *     meta   u32 "DKIX", u32 version, u32 meta bytes, u32 CRC-32 of the rest of the meta part; 2 x u32 salt;
 *            f64 first position, f64 next position, f64 segment bytes, f64 last recordedAt;
 *            u32 ticket pages, u32 command pages, u32 words of each filter, u32 frames, u32 listed events;
 *            both filters; the frames as pairs of u32 (events before it, offset); zeros up to a full page
 *     pages  of 4,096 bytes: u32 CRC-32 of the rest, u16 entries, u16 1 where entries went on to the next
 *            page; for tickets, entries of five u32: hash lo, hash hi, last revision, events in the segment,
 *            where their list begins; for commands of three: hash lo, hash hi, number of the event
 *     lists  u32 numbers of events, each ticket's together and in order; no checksum, see below
 *
 * Events are numbered from 1 within their segment. A sidecar can always be made again from its segment. It
 * finds candidates by hash: it must never be believed before the records themselves were compared, which
 * also finds out a damaged list.
 */
import { crc32 } from 'node:zlib';
import { type Salt, sidecarSuffix } from './format.ts';
import { FrameDirectory } from './frame-directory.ts';
import { BloomFilter } from './hash.ts';
import type { OpenFiles, PooledFile } from './open-files.ts';
import { type Pages, pageBytes, pageCandidates, SidecarUnusable } from './sidecar-pages.ts';
import { isMissing } from './storage.ts';

export const sidecarMagic = 0x58494b44;
export const sidecarVersion = 2;
export const metaHeaderBytes = 80;
export const ticketEntryWords = 5;
export const commandEntryWords = 3;

/** What a sidecar says of its segment as a whole. */
export interface SealedFacts {
  readonly salt: Salt;
  readonly firstPosition: number;
  /** Position of the event after the segment's last. */
  readonly nextPosition: number;
  readonly segmentBytes: number;
  readonly lastRecordedAt: number;
}

/** What a segment has of a ticket that has the hash asked for, and may be the one. */
export interface TicketRun {
  /** After the last of the events. */
  readonly revision: number;
  /** Numbers of its events, in order. */
  readonly events: readonly number[];
}

/** The same without the list: where the list is. */
interface TicketEntry {
  readonly revision: number;
  readonly count: number;
  readonly listAt: number;
}

export function sidecarPath(segmentPath: string): string {
  return segmentPath.replace(/\.seg$/, sidecarSuffix);
}

/** The index of a sealed segment, by its sidecar. */
export class Sidecar {
  readonly facts: SealedFacts;
  readonly directory: FrameDirectory;
  readonly #file: PooledFile;
  readonly #tickets: Pages;
  readonly #commands: Pages;
  readonly #listsAt: number;
  readonly #listedEvents: number;

  private constructor(file: PooledFile, meta: Buffer) {
    this.#file = file;
    this.facts = {
      salt: { lo: meta.readUInt32LE(16), hi: meta.readUInt32LE(20) },
      firstPosition: meta.readDoubleLE(24),
      nextPosition: meta.readDoubleLE(32),
      segmentBytes: meta.readDoubleLE(40),
      lastRecordedAt: meta.readDoubleLE(48),
    };
    const { ticketPages, commandPages, ticketWords, commandWords, frames, listedEvents } = shapeOf(meta);
    const commandFilterAt = metaHeaderBytes + ticketWords * 4;
    const framesAt = commandFilterAt + commandWords * 4;
    const commandPagesAt = meta.length + ticketPages * pageBytes;
    this.#tickets = {
      filter: readFilter(meta, metaHeaderBytes, ticketWords),
      offset: meta.length,
      count: ticketPages,
      entryWords: ticketEntryWords,
    };
    this.#commands = {
      filter: readFilter(meta, commandFilterAt, commandWords),
      offset: commandPagesAt,
      count: commandPages,
      entryWords: commandEntryWords,
    };
    this.#listsAt = commandPagesAt + commandPages * pageBytes;
    this.#listedEvents = listedEvents;
    this.directory = new FrameDirectory();
    for (let frame = 0; frame < frames; frame += 1) {
      const at = framesAt + frame * 8;
      this.directory.add(this.facts.firstPosition + meta.readUInt32LE(at), meta.readUInt32LE(at + 4));
    }
  }

  /** Undefined where there is no sidecar, or none that belongs to this segment and is whole. */
  static async open(files: OpenFiles, segmentPath: string, salt: Salt): Promise<Sidecar | undefined> {
    const file = files.file(sidecarPath(segmentPath));
    const meta = await readMeta(file);
    if (meta?.readUInt32LE(16) !== salt.lo || meta.readUInt32LE(20) !== salt.hi) return undefined;
    return new Sidecar(file, meta);
  }

  mayHaveTicket(lo: number, hi: number): boolean {
    return this.#tickets.filter.mayHave(lo, hi);
  }

  mayHaveCommand(lo: number, hi: number): boolean {
    return this.#commands.filter.mayHave(lo, hi);
  }

  /** Of each ticket with this hash, the last revision and the last event. */
  async lastEvents(lo: number, hi: number): Promise<readonly { revision: number; event: number }[]> {
    const entries = await this.#ticketEntries(lo, hi);
    return Promise.all(
      entries.map(async ({ revision, count, listAt }) => {
        const [event = 0] = await this.#list(listAt + count - 1, 1);
        return { revision, event };
      }),
    );
  }

  /** Of each ticket with this hash, all events. */
  async runs(lo: number, hi: number): Promise<readonly TicketRun[]> {
    const entries = await this.#ticketEntries(lo, hi);
    return Promise.all(
      entries.map(async ({ revision, count, listAt }) => {
        return { revision, events: await this.#list(listAt, count) };
      }),
    );
  }

  /** The first events of commands with this hash. */
  async commandEvents(lo: number, hi: number): Promise<readonly number[]> {
    const found = await pageCandidates(this.#file, this.#commands, lo, hi);
    return found.map(([event = 0]) => this.#known(event));
  }

  async #ticketEntries(lo: number, hi: number): Promise<readonly TicketEntry[]> {
    const found = await pageCandidates(this.#file, this.#tickets, lo, hi);
    return found.map(([revision = 0, count = 0, listAt = 0]) => ({ revision, count, listAt }));
  }

  async #list(at: number, count: number): Promise<readonly number[]> {
    if (at < 0 || at + count > this.#listedEvents) throw new SidecarUnusable('a list beyond its end');
    const bytes = Buffer.allocUnsafe(count * 4);
    if ((await this.#file.read(bytes, this.#listsAt + at * 4)) < bytes.length) {
      throw new SidecarUnusable('a list that ends too early');
    }
    return Array.from({ length: count }, (_, index) => this.#known(bytes.readUInt32LE(index * 4)));
  }

  /** The number of an event that the segment has. */
  #known(event: number): number {
    const { firstPosition, nextPosition } = this.facts;
    if (event >= 1 && firstPosition + event <= nextPosition) return event;
    throw new SidecarUnusable(`it names event ${event}, which the segment does not have`);
  }
}

async function readMeta(file: PooledFile): Promise<Buffer | undefined> {
  const head = Buffer.alloc(metaHeaderBytes);
  let size = 0;
  try {
    size = await file.size();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if ((await file.read(head, 0)) < metaHeaderBytes) return undefined;
  const metaBytes = head.readUInt32LE(8);
  if (head.readUInt32LE(0) !== sidecarMagic || head.readUInt32LE(4) !== sidecarVersion) return undefined;
  if (metaBytes < metaHeaderBytes || metaBytes > size) return undefined;
  const meta = Buffer.alloc(metaBytes);
  await file.read(meta, 0);
  if (crc32(meta.subarray(16)) !== meta.readUInt32LE(12)) return undefined;
  const { ticketPages, commandPages, listedEvents } = shapeOf(meta);
  return size === metaBytes + (ticketPages + commandPages) * pageBytes + listedEvents * 4 ? meta : undefined;
}

function shapeOf(meta: Buffer) {
  return {
    ticketPages: meta.readUInt32LE(56),
    commandPages: meta.readUInt32LE(60),
    ticketWords: meta.readUInt32LE(64),
    commandWords: meta.readUInt32LE(68),
    frames: meta.readUInt32LE(72),
    listedEvents: meta.readUInt32LE(76),
  };
}

function readFilter(meta: Buffer, at: number, words: number): BloomFilter {
  const copy = new Uint32Array(words);
  meta.copy(Buffer.from(copy.buffer), 0, at, at + words * 4);
  return new BloomFilter(copy);
}
