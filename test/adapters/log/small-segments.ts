/** A log of many small segments, and everything that can be asked of it, for tests that move its files. */
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import type { SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import type { EventReader } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { newEvent } from '../../support/events.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { temporaryFolder } from './folders.ts';
import { clock, readAll } from './samples.ts';

export const segmentBytesMax = 800;
const ticketCount = 4;

/** A log that was closed in order; each event is a frame, and about three of them a segment. */
export async function smallSegments(eventCount: number): Promise<string> {
  const folder = await temporaryFolder();
  const log = await openSegmentLog({ folder, clock, segmentBytesMax, files: unsyncedFiles });
  for (let index = 0; index < eventCount; index += 1) {
    const body = `comment ${index} `.repeat(1 + (index % 9));
    const event = newEvent(
      { type: 'CommentAdded', data: { body, public: true } },
      { commandId: `c-${index}`, commandDigest: 'ab' },
    );
    const expectedRevision = Math.floor(index / ticketCount);
    await log.append([{ ticketId: `T-${index % ticketCount}`, expectedRevision, events: [event] }]);
  }
  await log.close();
  return folder;
}

export async function copyOf(folder: string): Promise<string> {
  const copy = await temporaryFolder();
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** What the writer, a reader and the verifier say of a log. The writer is opened last: it may mend things. */
export async function everythingIn(folder: string, files: SegmentFiles = unsyncedFiles) {
  const reader = await openSegmentReader({ folder, files });
  const ticketIds = Array.from({ length: ticketCount + 1 }, (_, ticket) => `T-${ticket}`);
  const seen = {
    head: await reader.head(),
    events: await readAll(reader),
    tickets: await ticketsIn(reader, ticketIds),
  };
  await reader.close();
  const verified = (await verifySegments(folder, undefined, files)).events;
  const log = await openSegmentLog({ folder, clock, segmentBytesMax, files });
  const commands = [];
  for (let index = 0; index <= seen.events.length; index += 1)
    commands.push(await log.findCommand(`c-${index}`));
  const written = {
    head: await log.head(),
    events: await readAll(log),
    tickets: await ticketsIn(log, ticketIds),
  };
  await log.close();
  return { seen, verified, written, commands };
}

async function ticketsIn(log: EventReader, ticketIds: readonly string[]) {
  const tickets = new Map<string, readonly RecordedEvent[]>();
  for (const ticketId of ticketIds) tickets.set(ticketId, await log.readTicket(ticketId));
  return tickets;
}

/** The names of segments in a folder, drafts included, without their leading zeros. */
export async function segmentNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.includes('.seg') || name.endsWith('.draft'))
    .map((name) => name.replace(/^0+/, ''))
    .sort((left, right) => left.localeCompare(right, 'en', { numeric: true }));
}

export async function removeIndexes(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.endsWith('.idx')) await rm(join(folder, name));
}

/** The same with one bit wrong in the middle. */
export function flipped(bytes: Uint8Array): Buffer {
  const wrong = Buffer.from(bytes);
  wrong[wrong.length >> 1] = (wrong[wrong.length >> 1] ?? 0) ^ 4;
  return wrong;
}
