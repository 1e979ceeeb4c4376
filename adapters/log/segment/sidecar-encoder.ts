/**
 * Writes the sidecar of a segment out of its index in memory; sidecar.ts tells the layout and reads it. Done
 * in turns, beside the appends to the next segment: nobody may wait for it.
 */
import { crc32 } from 'node:zlib';
import { BloomFilter } from './hash.ts';
import type { MemoryIndex } from './memory-index.ts';
import {
  commandEntryWords,
  metaHeaderBytes,
  type SealedFacts,
  sidecarMagic,
  sidecarVersion,
  ticketEntryWords,
} from './sidecar.ts';
import { encodePages, type PageSource, pageBytes } from './sidecar-pages.ts';

/** Events listed before other work gets its turn. */
const eventsPerTurn = 65_536;

/** All lists, each ticket's events together, and where each row's list begins and how long it is. */
interface Lists {
  readonly events: Uint32Array;
  readonly starts: Uint32Array;
  readonly counts: Uint32Array;
}

/** The parts of the file, to be written one after the other. */
export async function encodeSidecar(facts: SealedFacts, index: MemoryIndex): Promise<readonly Buffer[]> {
  const lists = await listEvents(index);
  const tickets = BloomFilter.forKeys(index.tickets.size);
  const commands = BloomFilter.forKeys(index.commands.size);
  const ticketPages = await encodePages(ticketSource(index, lists), tickets);
  const commandPages = await encodePages(commandSource(index), commands);
  const { directory } = index;
  const filterBytes = tickets.words.byteLength + commands.words.byteLength;
  const used = metaHeaderBytes + filterBytes + directory.size * 8;
  const meta = Buffer.alloc(Math.ceil(used / pageBytes) * pageBytes);
  meta.writeUInt32LE(sidecarMagic, 0);
  meta.writeUInt32LE(sidecarVersion, 4);
  meta.writeUInt32LE(meta.length, 8);
  meta.writeUInt32LE(facts.salt.lo, 16);
  meta.writeUInt32LE(facts.salt.hi, 20);
  meta.writeDoubleLE(facts.firstPosition, 24);
  meta.writeDoubleLE(facts.nextPosition, 32);
  meta.writeDoubleLE(facts.segmentBytes, 40);
  meta.writeDoubleLE(facts.lastRecordedAt, 48);
  meta.writeUInt32LE(ticketPages.length / pageBytes, 56);
  meta.writeUInt32LE(commandPages.length / pageBytes, 60);
  meta.writeUInt32LE(tickets.words.length, 64);
  meta.writeUInt32LE(commands.words.length, 68);
  meta.writeUInt32LE(directory.size, 72);
  meta.writeUInt32LE(lists.events.length, 76);
  let at = metaHeaderBytes;
  for (const { words } of [tickets, commands]) at += bytesOf(words).copy(meta, at);
  for (let frame = 0; frame < directory.size; frame += 1) {
    at = meta.writeUInt32LE(directory.position(frame) - facts.firstPosition, at);
    at = meta.writeUInt32LE(directory.offset(frame), at);
  }
  meta.writeUInt32LE(crc32(meta.subarray(16)), 12);
  return [meta, ticketPages, commandPages, bytesOf(lists.events)];
}

/** Forwards through the segment's events and back along each ticket's chain: one pass of either. */
async function listEvents({ tickets, chain }: MemoryIndex): Promise<Lists> {
  const events = new Uint32Array(chain.size);
  const starts = new Uint32Array(tickets.size);
  const counts = new Uint32Array(tickets.size);
  let listed = 0;
  let turnEnds = eventsPerTurn;
  for (let row = 0; row < tickets.size; row += 1) {
    const start = listed;
    for (let event = tickets.lastEvent(row); event > 0; event = chain.before(event)) {
      events[listed] = event;
      listed += 1;
    }
    events.subarray(start, listed).reverse();
    starts[row] = start;
    counts[row] = listed - start;
    if (listed < turnEnds) continue;
    turnEnds = listed + eventsPerTurn;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { events, starts, counts };
}

/** Tickets that were looked up but have no event in the segment are left out of what can be found. */
function ticketSource({ tickets }: MemoryIndex, { starts, counts }: Lists): PageSource {
  const rows = new Uint32Array(tickets.size);
  let size = 0;
  for (let row = 0; row < tickets.size; row += 1) {
    if (tickets.lastEvent(row) === 0) continue;
    rows[size] = row;
    size += 1;
  }
  const rowOf = (entry: number) => rows[entry] ?? 0;
  return {
    size,
    entryWords: ticketEntryWords,
    hashLo: (entry) => tickets.hashLo(rowOf(entry)),
    hashHi: (entry) => tickets.hashHi(rowOf(entry)),
    fill: (entry, bytes, at) => {
      const row = rowOf(entry);
      bytes.writeUInt32LE(tickets.revision(row), at);
      bytes.writeUInt32LE(counts[row] ?? 0, at + 4);
      bytes.writeUInt32LE(starts[row] ?? 0, at + 8);
    },
  };
}

function commandSource({ commands }: MemoryIndex): PageSource {
  return {
    size: commands.size,
    entryWords: commandEntryWords,
    hashLo: (entry) => commands.hashLo(entry),
    hashHi: (entry) => commands.hashHi(entry),
    fill: (entry, bytes, at) => {
      bytes.writeUInt32LE(commands.event(entry), at);
    },
  };
}

/** Little-endian on every machine that Node runs on today. */
function bytesOf(words: Uint32Array): Buffer {
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength);
}
