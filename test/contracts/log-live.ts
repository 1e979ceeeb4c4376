/** Part of the event log contract: following a log that grows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { EventLog, ReadOptions } from '../../domain/ports.ts';
import { impossible, range, resumed, type Subject, started, write } from './log-under-test.ts';

/** Follows until position `last`; asserts at each batch that what it shows is durable by then. */
async function follow(
  log: EventLog,
  from: number,
  last: number,
  options: ReadOptions & { readonly pauseMs?: number } = {},
): Promise<number[]> {
  const seen: number[] = [];
  const { pauseMs, ...rest } = options;
  for await (const batch of log.read(from, { ...rest, live: true })) {
    const head = log.head();
    const positions = batch.map((event) => event.position);
    expect(positions.length).toBeGreaterThanOrEqual(1);
    expect(positions.length).toBeLessThanOrEqual(options.batchEventsMax ?? positions.length);
    expect(await head).toBeGreaterThanOrEqual(positions.at(-1) ?? 0);
    seen.push(...positions);
    if (seen.at(-1) === last) break;
    if (pauseMs !== undefined) await sleep(pauseMs);
  }
  return seen;
}

export function liveContract(subject: Subject): void {
  test('goes on live, until it is aborted', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    const abort = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const batch of log.read(1, { live: true, signal: abort.signal })) {
        seen.push(...batch.map((event) => event.position));
        if (seen.length === 4) abort.abort();
      }
    })();
    await sleep(20);
    await log.append([write('A', 1), write('A', 2)]);
    await log.append([write('A', 3)]);
    await following;
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test('ends when it is aborted while it waits, and when the log is closed', async () => {
    const { log } = subject;
    const abort = new AbortController();
    const aborted = log.read(1, { live: true, signal: abort.signal })[Symbol.asyncIterator]().next();
    const closed = log.read(1, { live: true })[Symbol.asyncIterator]().next();
    await sleep(10);
    abort.abort();
    expect((await aborted).done).toBe(true);
    await log.close();
    expect((await closed).done).toBe(true);
  });

  test('readers of different speeds each see every event once, in order, and only durable ones', async () => {
    const { log } = subject;
    const last = 600;
    const reading = [
      follow(log, 1, last),
      follow(log, 1, last, { batchEventsMax: 1 }),
      follow(log, 1, last, { batchEventsMax: 7, pauseMs: 1 }),
      follow(log, 1, last, { pauseMs: 5 }),
      follow(log, 250, last, { batchEventsMax: 13 }),
      follow(log, last, last),
    ];
    for (let position = 1; position <= last; position += 6) {
      const writes = [
        write(`T${position}`, 0, started, resumed),
        write('A', (position - 1) / 3),
        write('A', (position - 1) / 3 + 1),
      ];
      const appending = [log.append(writes), log.append([write(`U${position}`, 0, started, started)])];
      if (position % 5 === 0) await Promise.all(appending);
      if (position % 91 === 0) await sleep(3);
    }
    const seen = await Promise.all(reading);
    expect(seen).toEqual([1, 1, 1, 1, 250, last].map((from) => range(from, last)));
  });

  test('sees nothing before it is durable, however it is asked', async () => {
    const { log } = subject;
    let acknowledged = 0;
    const appending = range(0, 49).map(async (index) => {
      await log.append([write('A', index)]);
      acknowledged = index + 1;
    });
    const head = await log.head();
    for await (const batch of log.read(1))
      expect(batch.at(-1)?.position).toBeLessThanOrEqual(await log.head());
    const own = (await log.readTicket('A')).length;
    expect(own).toBeLessThanOrEqual(await log.head());
    await Promise.all(appending);
    expect(acknowledged).toBe(50);
    expect(head).toBeLessThanOrEqual(50);
    expect(await log.head()).toBe(50);
  });

  test('an acknowledged event is there for every reader at once', async () => {
    const { log } = subject;
    for (const index of range(0, 19)) {
      await log.append([write('A', index), write(`B${index}`, 0)]);
      expect(await log.head()).toBe(index * 2 + 2);
      expect(await log.readTicket('A')).toHaveLength(index + 1);
      expect(await log.revisionOf(`B${index}`)).toBe(1);
      const batch = await log
        .read(index * 2 + 2)
        [Symbol.asyncIterator]()
        .next();
      expect(batch.value).toMatchObject([{ ticketId: `B${index}` }]);
    }
  });

  test('can begin beyond the end, and waits for that position', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    const following = follow(log, 4, 5);
    await sleep(5);
    await log.append([write('A', 1), write('A', 2)]);
    await sleep(5);
    await log.append([write('A', 3), write('A', 4)]);
    expect(await following).toEqual([4, 5]);
  });

  test('a reader that leaves does not disturb the others', async () => {
    const { log } = subject;
    const staying = follow(log, 1, 30, { batchEventsMax: 4 });
    const leaving = range(1, 10).map((last) => follow(log, 1, last, { batchEventsMax: 1 }));
    for (const index of range(0, 29)) await log.append([write('A', index)]);
    expect(await Promise.all(leaving)).toEqual(range(1, 10).map((last) => range(1, last)));
    expect(await staying).toEqual(range(1, 30));
  });

  test('many may wait at once, and each is woken or let go', async () => {
    const { log } = subject;
    const abort = new AbortController();
    const waiting = range(1, 60).map(() =>
      log.read(1, { live: true, signal: abort.signal })[Symbol.asyncIterator](),
    );
    const first = waiting.map((reader) => reader.next());
    await sleep(5);
    await log.append([write('A', 0)]);
    for (const next of await Promise.all(first)) expect(next.value).toMatchObject([{ position: 1 }]);
    const second = waiting.map((reader) => reader.next());
    await sleep(5);
    abort.abort();
    for (const next of await Promise.all(second)) expect(next.done).toBe(true);
  });

  test('shows what is kept of a call that was refused in part', async () => {
    const { log } = subject;
    const following = follow(log, 1, 1);
    await sleep(5);
    await expect(log.append([write('A', 0), write('B', 0, impossible)])).rejects.toThrow(TypeError);
    // Where nothing of the call was kept, this is what the reader waits for.
    if ((await log.head()) === 0) await log.append([write('A', 0)]);
    expect(await following).toEqual([1]);
  });
}
