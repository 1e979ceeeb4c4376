/** Part of the event log contract: reading what is there, from anywhere. */
import { expect, test } from 'vitest';
import type { ReadOptions } from '../../domain/ports.ts';
import { newEvent } from '../support/events.ts';
import { all, range, resumed, type Subject, started, write } from './log-under-test.ts';

export function readingContract(subject: Subject): void {
  test('from any position, in batches of at most as many as asked for', async () => {
    const { log } = subject;
    for (let call = 0; call < 10; call += 1) {
      await log.append(range(0, 4).map((index) => write(`T${call}-${index}`, 0)));
    }
    const positions = range(1, 50);
    for (const from of [1, 2, 26, 50, 51, 99]) {
      expect((await all(log, from)).map((event) => event.position)).toEqual(positions.slice(from - 1));
    }
    const sizes: number[] = [];
    for await (const batch of log.read(3, { batchEventsMax: 7 })) sizes.push(batch.length);
    expect(sizes.every((size) => size >= 1 && size <= 7)).toBe(true);
    expect((await all(log, 3, 7)).map((event) => event.position)).toEqual(positions.slice(2));
  });

  test('from the middle of every write, part and call, after a restart too', async () => {
    const large = newEvent({ type: 'CommentAdded', data: { body: 'x'.repeat(9_000), public: true } });
    await subject.log.append([write('A', 0, started, resumed, large), write('B', 0)]);
    await subject.log.append([
      { ...write('A', 3, large, started), also: [write('C', 0, started, large, started), write('B', 1)] },
      write('D', 0, large, large, large),
    ]);
    await subject.log.append([write('E', 0)]);
    const whole = await all(subject.log);
    expect(whole).toHaveLength(14);
    await subject.nowAndRestarted(async (log) => {
      for (const from of range(1, 15)) {
        for (const batchEventsMax of [1, 2, 5, 1_000]) {
          expect(await all(log, from, batchEventsMax)).toEqual(whole.slice(from - 1));
        }
      }
    });
  });

  test('batches of one are batches of one', async () => {
    const { log } = subject;
    await log.append([write('A', 0, started, resumed, started), write('B', 0)]);
    const positions: number[][] = [];
    for await (const batch of log.read(1, { batchEventsMax: 1 })) {
      positions.push(batch.map((event) => event.position));
    }
    expect(positions).toEqual([[1], [2], [3], [4]]);
  });

  test('of an empty log gives nothing; positions before the first and other partitions are refused', async () => {
    const { log } = subject;
    expect(await all(log)).toEqual([]);
    for (const from of [0, -1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      await expect(all(log, from), String(from)).rejects.toThrow(RangeError);
    }
    for (const partition of [log.partitions, -1, 0.5]) {
      await expect(log.head(partition)).rejects.toThrow(RangeError);
      const reading = log.read(1, { partition })[Symbol.asyncIterator]().next();
      await expect(reading).rejects.toThrow(RangeError);
    }
    expect(await log.head(0)).toBe(0);
    expect(log.partitions).toBeGreaterThanOrEqual(1);
    expect(log.durability).not.toBe('');
  });

  test('without live ends at what was durable when it began to read', async () => {
    const { log } = subject;
    await log.append(range(0, 9).map((index) => write(`T${index}`, 0)));
    const seen: number[] = [];
    for await (const batch of log.read(1, { batchEventsMax: 3 })) {
      seen.push(...batch.map((event) => event.position));
      await log.append([write(`later ${seen.length}`, 0)]);
    }
    expect(seen).toEqual(range(1, 10));
    expect(await log.head()).toBe(14);
  });

  test('the same iterable can be read by two at once without mixing them up', async () => {
    const { log } = subject;
    await log.append(range(0, 19).map((index) => write(`T${index}`, 0)));
    const [left, right] = [log.read(1, { batchEventsMax: 3 }), log.read(8, { batchEventsMax: 2 })].map(
      (iterable) => iterable[Symbol.asyncIterator](),
    );
    const seen: [number[], number[]] = [[], []];
    for (let turn = 0; turn < 20; turn += 1) {
      const [one, two] = await Promise.all([left?.next(), right?.next()]);
      for (const event of one?.value ?? []) seen[0].push(event.position);
      for (const event of two?.value ?? []) seen[1].push(event.position);
    }
    expect(seen).toEqual([range(1, 20), range(8, 20)]);
  });

  test('a reader that stops in the middle leaves the log as it was', async () => {
    const { log } = subject;
    await log.append(range(0, 19).map((index) => write(`T${index}`, 0)));
    for (let round = 0; round < 30; round += 1) {
      for await (const batch of log.read(1 + round / 2 - ((round / 2) % 1), { batchEventsMax: 4 })) {
        expect(batch.length).toBeGreaterThan(0);
        break;
      }
    }
    const reading = log.read(1)[Symbol.asyncIterator]();
    expect(await reading.return?.()).toMatchObject({ done: true });
    expect((await reading.next()).done).toBe(true);
    expect(await all(log)).toHaveLength(20);
    expect(await log.append([write('T0', 1)])).toMatchObject([{ status: 'appended', position: 21 }]);
  });

  test('aborted before it starts, it gives nothing', async () => {
    const { log } = subject;
    await log.append([write('A', 0)]);
    const options: ReadOptions[] = [
      { signal: AbortSignal.abort() },
      { signal: AbortSignal.abort(), live: true },
    ];
    for (const option of options) {
      for await (const batch of log.read(1, option)) expect(batch).toEqual('nothing');
    }
    expect(await all(log)).toHaveLength(1);
  });

  test('aborted in the middle, it ends after the batch it gave', async () => {
    const { log } = subject;
    await log.append(range(0, 9).map((index) => write(`T${index}`, 0)));
    const abort = new AbortController();
    const seen: number[] = [];
    for await (const batch of log.read(1, { batchEventsMax: 2, signal: abort.signal })) {
      seen.push(...batch.map((event) => event.position));
      if (seen.length === 4) abort.abort();
    }
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test('a ticket gives its events in order; an unknown one none', async () => {
    const { log } = subject;
    await log.append([write('A', 0), write('B', 0), write('A', 1, resumed), write('B', 1), write('A', 2)]);
    const revisions = (await log.readTicket('A')).map((event) => [
      event.revision,
      event.position,
      event.type,
    ]);
    expect(revisions).toEqual([
      [1, 1, 'WorkStarted'],
      [2, 3, 'TicketResumed'],
      [3, 5, 'WorkStarted'],
    ]);
    expect(await log.readTicket('nobody')).toEqual([]);
  });

  test('a ticket of many events among many others is read whole', async () => {
    for (const call of range(0, 39)) {
      const others = range(0, 9).map((index) => write(`T-${call}-${index}`, 0, started, started));
      await subject.log.append([
        ...others,
        write('A', call * 2),
        write('A', call * 2 + 1),
        ...others.map((each) => ({ ...each, expectedRevision: 2 })),
      ]);
    }
    await subject.nowAndRestarted(async (log) => {
      expect((await log.readTicket('A')).map(({ revision }) => revision)).toEqual(range(1, 80));
      expect((await log.readTicket('T-0-0')).map(({ revision }) => revision)).toEqual(range(1, 4));
    });
  });

  test('head is the last position', async () => {
    expect(await subject.log.head()).toBe(0);
    await subject.log.append([write('A', 0, started, started)]);
    expect(await subject.log.head()).toBe(2);
    expect(await (await subject.restarted()).head()).toBe(2);
  });

  test('revisionOf is the last revision', async () => {
    expect(await subject.log.revisionOf('A')).toBe(0);
    await subject.log.append([write('A', 0, started, started)]);
    expect(await subject.log.revisionOf('A')).toBe(2);
    const log = await subject.restarted();
    expect(await log.revisionOf('A')).toBe(2);
    expect(await log.append([write('A', 1)])).toMatchObject([{ status: 'conflict', actualRevision: 2 }]);
  });
}
