/**
 * The log between processes: one writer, readers that see durable events only, and writers that are
 * killed.
 */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import { openSegmentReader } from '../../../adapters/log/segment/segment-reader.ts';
import { verifySegments } from '../../../adapters/log/segment/verify.ts';
import { startWriter } from './child.ts';
import { temporaryFolder } from './folders.ts';
import { appendOneByOne, clock, comment, readAll } from './samples.ts';

describe('one writer', () => {
  test('a second one is refused, in this process and in another, and told who holds the log', async () => {
    const folder = await temporaryFolder();
    const child = await startWriter(folder, 4_096, 20);
    await expect(openSegmentLog({ folder, clock })).rejects.toMatchObject({
      code: 'log_locked',
      message: expect.stringContaining(`process ${child.process.pid} on`),
    });
    await child.kill();
    const log = await openSegmentLog({ folder, clock });
    await expect(openSegmentLog({ folder, clock })).rejects.toMatchObject({ code: 'log_locked' });
    await log.close();
    await (await openSegmentLog({ folder, clock })).close();
  });

  test('of many who race for a stale lock, one wins', async () => {
    const folder = await temporaryFolder();
    const child = await startWriter(folder, 4_096, 20);
    await child.kill();
    for (let round = 0; round < 20; round += 1) {
      const racers = await Promise.allSettled(
        Array.from({ length: 8 }, () => openSegmentLog({ folder, clock })),
      );
      const winners = racers.filter((racer) => racer.status === 'fulfilled');
      expect(winners.length).toBe(1);
      await winners[0]?.value.close();
    }
    expect((await readdir(folder)).filter((name) => name.startsWith('LOCK')).length).toBe(1);
  });
});

describe('a reader', () => {
  test('follows a writer in another process through many segments, with little delay', async () => {
    const folder = await temporaryFolder();
    const reader = await openSegmentReader({ folder });
    expect(await reader.head()).toBe(0);
    expect(await reader.readTicket('T-0')).toEqual([]);
    const abort = new AbortController();
    const seen: { readonly position: number; readonly at: number }[] = [];
    const following = (async () => {
      for await (const batch of reader.read(1, { live: true, signal: abort.signal })) {
        for (const { position } of batch) seen.push({ position, at: Date.now() });
        if (seen.length >= 400) abort.abort();
      }
    })();
    const child = await startWriter(folder, 2_000, 5);
    await following;
    expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1));
    const revisions = (await reader.readTicket('T-3')).map((event) => event.revision);
    expect(revisions.length).toBeGreaterThan(50);
    expect(revisions).toEqual(revisions.map((_, index) => index + 1));
    await child.kill();
    const acknowledgedAt = new Map(child.acknowledged.map(({ position, at }) => [position, at]));
    const delays = seen.flatMap(({ position, at }) => {
      const acknowledged = acknowledgedAt.get(position);
      return acknowledged === undefined ? [] : [at - acknowledged];
    });
    delays.sort((left, right) => left - right);
    expect(delays[Math.floor(delays.length / 2)]).toBeLessThan(50);
    expect((await readdir(folder)).filter((name) => name.endsWith('.seg')).length).toBeGreaterThan(5);
    await reader.close();
  });

  test('sees what the writer sees, tickets of sealed segments included, and survives its restart', async () => {
    const folder = await temporaryFolder();
    const log = await openSegmentLog({ folder, clock, segmentBytesMax: 1_000 });
    const reader = await openSegmentReader({ folder });
    await appendOneByOne(log, 30);
    await sleep(5);
    expect(await readAll(reader)).toEqual(await readAll(log));
    expect(await reader.readTicket('T-1')).toEqual(await log.readTicket('T-1'));
    await log.close();
    const again = await openSegmentLog({ folder, clock, segmentBytesMax: 1_000 });
    await again.append([comment('T-1', 10)]);
    await sleep(5);
    expect(await reader.head()).toBe(31);
    expect((await reader.readTicket('T-1')).length).toBe(11);
    expect(await readAll(reader, 25)).toEqual(await readAll(again, 25));
    await again.close();
    await reader.close();
    await expect(reader.head()).rejects.toMatchObject({ code: 'log_closed' });
  });
});

const killTimes = 50;

test(`kill -9 at ${killTimes} random moments loses nothing that was acknowledged`, {
  timeout: 90_000,
}, async () => {
  const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 2 ** 31);
  console.log(`kill -9: seed ${seed}`);
  const delays = fc.sample(fc.integer({ min: 0, max: 80 }), { numRuns: killTimes, seed });
  const folder = await temporaryFolder();
  const acknowledged = new Map<number, string>();
  for (const delayMs of delays) {
    const child = await startWriter(folder, 30_000);
    await sleep(delayMs);
    await child.kill();
    for (const { position, ticketId, revision } of child.acknowledged)
      acknowledged.set(position, `${ticketId} ${revision}`);
    const log = await openSegmentLog({ folder, clock: { now: () => Date.now() }, segmentBytesMax: 30_000 });
    const events = await readAll(log);
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
    const revisions = new Map<string, number>();
    for (const { ticketId, revision } of events) {
      expect(revision).toBe((revisions.get(ticketId) ?? 0) + 1);
      revisions.set(ticketId, revision);
    }
    const recovered = new Map(
      events.map(({ position, ticketId, revision }) => [position, `${ticketId} ${revision}`]),
    );
    for (const [position, what] of acknowledged) expect(recovered.get(position)).toBe(what);
    expect((await log.readTicket('T-2')).length).toBe(revisions.get('T-2') ?? 0);
    await log.close();
  }
  expect(acknowledged.size).toBeGreaterThan(killTimes);
  expect((await verifySegments(folder)).events).toBeGreaterThanOrEqual(acknowledged.size);
});
