/** Reading ahead: in order, without gaps, and bounded by count and by text. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { EventQueue, readEventsMax, textCharsMax } from '../../projections/event-queue.ts';
import { randomHistory, readerOf } from './histories.ts';

const events = randomHistory({ seed: 2, events: 100, liveTickets: 5 });
const { signal } = new AbortController();

function queueOf(history: readonly RecordedEvent[], from = 1): EventQueue {
  return new EventQueue(readerOf(history), { partition: 0, from, live: false, signal, eventsMax: 1_000_000 });
}

describe('the event queue', () => {
  it('hands events over in order, at most as many as asked for, and none at the end', async () => {
    const queue = queueOf(events, 11);
    const taken: RecordedEvent[] = [];
    for (let next = await queue.take(7); next.length > 0; next = await queue.take(7)) {
      expect(next.length).toBeLessThanOrEqual(7);
      taken.push(...next);
    }
    expect(taken).toEqual(events.slice(10));
    await queue.close();
  });

  it('ends a batch early where its events are long', async () => {
    const long = 'x'.repeat(16_384);
    const count = Math.ceil((textCharsMax / long.length) * 2.5);
    const [opening] = events;
    if (opening === undefined) throw new Error('no events');
    const history = Array.from({ length: count }, (_, index): RecordedEvent => {
      return { ...opening, type: 'RequesterReplied', data: { body: long }, position: index + 1 };
    });
    const queue = queueOf(history);
    await setTimeout(20);
    const batch = await queue.take(count);
    expect(batch.length * long.length).toBeLessThan(textCharsMax + readEventsMax * long.length);
    let total = batch.length;
    for (let next = await queue.take(count); next.length > 0; next = await queue.take(count)) {
      total += next.length;
    }
    expect(total).toBe(count);
    await queue.close();
  });

  it('refuses a gap', async () => {
    const queue = queueOf(events.filter((event) => event.position !== 60));
    await expect(queue.take(100)).rejects.toMatchObject({ code: 'log_damaged' });
    await queue.close();
  });
});
