/** What a fold remembers: bounded, and never dropped while it may be uncommitted. */
import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { TicketMemory } from '../../projections/ticket-memory.ts';
import { randomHistory } from './histories.ts';

const [event] = randomHistory({ seed: 1, events: 1, liveTickets: 1 });

function touch(ticketId: string, revision = 2): RecordedEvent {
  if (event === undefined) throw new Error('no event');
  return { ...event, ticketId, revision };
}

describe('the memory of a fold', () => {
  it('tells created from changed rows, each once and in its last version', () => {
    const memory = new TicketMemory<number>();
    memory.remember('old', 1);
    for (const next of [2, 3]) memory.update('old', () => next);
    for (const next of [7, 8]) memory.update('new', () => next);
    expect(memory.endBatch()).toEqual({ created: [8], changed: [3] });
    expect(memory.endBatch()).toEqual({ created: [], changed: [] });
    memory.update('new', (before) => (before ?? 0) + 1);
    expect(memory.endBatch()).toEqual({ created: [], changed: [9] });
  });

  it('keeps what a batch wrote apart from what the next one makes of it', () => {
    const memory = new TicketMemory<number>();
    memory.remember('a', 1);
    memory.update('a', () => 2);
    const first = memory.endBatch();
    memory.update('a', () => 3);
    expect(first.changed).toEqual([2]);
  });

  it('writes nothing where an event changes nothing', () => {
    const memory = new TicketMemory<number>();
    memory.remember('a', 1);
    memory.update('a', (before) => before ?? 0);
    expect(memory.endBatch()).toEqual({ created: [], changed: [] });
  });

  it('asks for tickets that are neither in memory nor opened by the batch', () => {
    const memory = new TicketMemory<number>();
    memory.remember('here', 1);
    const batch = [touch('here'), touch('new', 1), touch('new'), touch('gone'), touch('gone', 3)];
    expect(memory.missing(batch)).toEqual(['gone']);
  });

  it('is bounded, and keeps what the last batch touched until the one after the next', () => {
    const memory = new TicketMemory<number>(2);
    for (const ticketId of ['a', 'b']) memory.remember(ticketId, 1);
    memory.endBatch();
    expect(memory.missing([touch('a'), touch('b')])).toEqual([]);
    memory.update('a', () => 2);
    memory.remember('c', 1);
    memory.endBatch();
    expect(memory.missing([touch('a'), touch('b'), touch('c')])).toEqual(['b']);
    memory.forget();
    expect(memory.missing([touch('a')])).toEqual(['a']);
  });
});
