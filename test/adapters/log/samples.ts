/** Events for log tests. Imports no test runner, so that child processes can use it too. */
import type { EventLog, EventReader, Write } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { newEvent } from '../../support/events.ts';

export const clock = { now: () => Date.UTC(2026, 0, 1) };

export function comment(ticketId: string, expectedRevision: number, body = 'hello'): Write {
  return {
    ticketId,
    expectedRevision,
    events: [newEvent({ type: 'CommentAdded', data: { body, public: true } })],
  };
}

/** Appends one comment at a time, so that each is a frame of its own; returns the number of events. */
export async function appendOneByOne(log: EventLog, count: number): Promise<number> {
  for (let index = 0; index < count; index += 1) {
    await log.append([comment(`T-${index % 3}`, Math.floor(index / 3), `comment ${index}`)]);
  }
  return count;
}

export async function readAll(log: EventReader, from = 1): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of log.read(from)) events.push(...batch);
  return events;
}
