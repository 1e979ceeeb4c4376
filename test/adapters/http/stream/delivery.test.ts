/** Exactly once and in order: whatever is cut, however slow a reader is, however far behind it is. */
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpLimits } from '../../../../adapters/http/limits.ts';
import { type Harness, startServer } from '../harness.ts';
import { comment, openTicket } from './desk.ts';
import { EventClient, eventually, type Received } from './event-client.ts';

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Few recent events and small pages, so that listeners often fall behind and read the log. */
const narrow: Partial<HttpLimits> = {
  streamRecentEventsMax: 8,
  streamPageEventsMax: 5,
  streamScanEventsMax: 7,
  streamChunkBytesMax: 900,
  streamCatchUpsMax: 2,
  streamListenersAtATime: 2,
};

/** A reader that is cut after each of `cuts` further events, and comes back with the last id that it has. */
async function readWithCuts(server: Harness, cuts: readonly number[], last: number): Promise<number[]> {
  const seen: number[] = [];
  let lastId = 0;
  for (let time = 0; seen.at(-1) !== last; time += 1) {
    const cut = cuts[time] ?? Number.POSITIVE_INFINITY;
    let left = cut;
    const onEvent = ({ id }: Received) => {
      if (left === 0) return;
      left -= 1;
      seen.push(id);
      lastId = id;
    };
    const headers = { 'last-event-id': String(lastId) };
    const client = await EventClient.open(`${server.url}/v1/events/stream`, headers, onEvent);
    await eventually(() => left === 0 || seen.at(-1) === last).toBe(true);
    client.close();
  }
  return seen;
}

describe('exactly once, in order', () => {
  it('for readers that are cut and come back while tickets change', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 25 }), { maxLength: 8 });
    const writes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(fc.array(cuts, { minLength: 1, maxLength: 4 }), writes, async (readers, sizes) => {
        await using server = await startServer({ limits: narrow });
        await openTicket(server, 'T-1');
        const last = 1 + sizes.reduce((sum, size) => sum + size, 0);
        const reading = readers.map((each) => readWithCuts(server, each, last));
        for (const size of sizes) {
          await comment(server, 'T-1', size);
          await wait(1);
        }
        for (const seen of await Promise.all(reading)) expect(seen).toEqual(upTo(last));
        expect(server.reported).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it('for a reader that stops reading while more comes than is kept, in memory that stays flat', async () => {
    await using server = await startServer({ limits: { streamRecentEventsMax: 64 } });
    await openTicket(server, 'T-1');
    const slow = await EventClient.open(`${server.url}/v1/events/stream?from=1`);
    const quick = await EventClient.open(`${server.url}/v1/events/stream?from=1`);
    await eventually(() => slow.positions).toEqual([1]);
    slow.response.pause();
    const body = 'x'.repeat(16_000);
    for (let time = 0; time < 10; time += 1) await comment(server, 'T-1', 100, body);
    await eventually(() => quick.events.length).toBe(1_001);
    expect(slow.events.length).toBeLessThan(1_001);
    slow.response.resume();
    await eventually(() => slow.events.length).toBe(1_001);
    for (const client of [slow, quick]) {
      expect(client.positions).toEqual(upTo(1_001));
      client.close();
    }
  });

  it('until a reader has taken nothing for too long: then it is cut, and may come back', async () => {
    const limits = { streamSilenceMsMax: 50, streamSweepMs: 10 };
    await using server = await startServer({ limits });
    await openTicket(server, 'T-1');
    const stuck = await EventClient.open(`${server.url}/v1/events/stream?from=1`);
    await eventually(() => stuck.positions).toEqual([1]);
    stuck.response.pause();
    for (let time = 0; time < 10; time += 1) await comment(server, 'T-1', 100, 'x'.repeat(16_000));
    await wait(200);
    stuck.response.resume();
    await eventually(() => stuck.ended).toBe(true);
    const seen = stuck.positions;
    expect(seen).toEqual(upTo(seen.length));
    expect(seen.length).toBeLessThan(1_001);
    const headers = { 'last-event-id': String(stuck.lastId) };
    const back = await EventClient.open(`${server.url}/v1/events/stream`, headers);
    await eventually(() => seen.length + back.events.length).toBe(1_001);
    expect([...seen, ...back.positions]).toEqual(upTo(1_001));
    back.close();
  });
});

describe('many listeners', () => {
  it('2,000 at once are told everything', async () => {
    const listeners = 2_000;
    await using server = await startServer();
    await openTicket(server, 'T-1');
    let received = 0;
    const clients: EventClient[] = [];
    for (let opened = 0; opened < listeners; opened += 100) {
      const some = Array.from({ length: 100 }, () =>
        EventClient.open(`${server.url}/v1/events/stream`, {}, () => {
          received += 1;
        }),
      );
      clients.push(...(await Promise.all(some)));
    }
    await comment(server, 'T-1', 20);
    await eventually(() => received).toBe(listeners * 20);
    const expected = JSON.stringify(upTo(21).slice(1));
    expect(clients.filter(({ positions }) => JSON.stringify(positions) !== expected)).toEqual([]);
    for (const client of clients) client.close();
  });
});
