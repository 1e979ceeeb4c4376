/** Segments are compressed and archived while one process writes the log and another follows it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import {
  archiveSegments,
  compressSegments,
  describeSegments,
} from '../../../adapters/log/segment/segment-upkeep.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { startWriter } from './child.ts';
import { temporaryFolder } from './folders.ts';
import { clock, readAll } from './samples.ts';

const eventsSeenMin = 600;

test('readers and the writer notice nothing of it', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  const writer = await startWriter(folder, 3_000, 2);
  const reader = await openSegmentReader({ folder });
  const abort = new AbortController();
  const seen: RecordedEvent[] = [];
  const following = (async () => {
    for await (const batch of reader.read(1, { live: true, signal: abort.signal })) seen.push(...batch);
  })();
  let moved = 0;
  let ticketsRead = 0;
  while (seen.length < eventsSeenMin || moved < 10) {
    for (const work of [compressSegments, archiveSegments]) {
      moved += (await work({ folder, now: clock.now(), keep: 1 })).segments;
      // Readers that open the log in the midst of it, the one that follows it, and one that starts anew.
      const fresh = await openSegmentReader({ folder });
      for (const each of [reader, fresh]) {
        const revisions = (await each.readTicket('T-2')).map(({ revision }) => revision);
        expect(revisions).toEqual(revisions.map((_, index) => index + 1));
        ticketsRead += revisions.length;
      }
      const positions = (await readAll(fresh)).map(({ position }) => position);
      expect(positions).toEqual(positions.map((_, index) => index + 1));
      await fresh.close();
    }
    await sleep(10);
  }
  const middle = await openSegmentReader({ folder });
  const head = await middle.head();
  await middle.close();
  while (seen.length < head) await sleep(5);
  abort.abort();
  await following;
  await writer.kill();
  expect(ticketsRead).toBeGreaterThan(100);
  expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1));
  const states = (await describeSegments(folder)).map(({ state }) => state);
  expect(states.filter((state) => state === 'archived').length).toBeGreaterThan(5);
  const log = await openSegmentLog({ folder, clock });
  const events = await readAll(log);
  expect(events.slice(0, seen.length)).toEqual(seen);
  expect(events.length).toBeGreaterThanOrEqual(writer.acknowledged.length);
  for (const { position, ticketId, revision } of writer.acknowledged) {
    expect(events[position - 1]).toMatchObject({ ticketId, revision });
  }
  expect((await log.findCommand('3/0'))?.events).toEqual([events[3]]);
  await log.close();
  await reader.close();
  expect((await verifySegments(folder)).events).toBe(events.length);
});
