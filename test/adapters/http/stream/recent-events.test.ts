/** The events that are kept for all streams: which they are, within which bounds, and how they are cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventFilter } from '../../../../adapters/http/stream/event-filter.ts';
import { eventFrame } from '../../../../adapters/http/stream/event-frames.ts';
import { RecentEvents } from '../../../../adapters/http/stream/recent-events.ts';
import type { RecordedEvent } from '../../../../domain/ticket/events.ts';
import { actor, monday9 } from '../../../support/tickets.ts';

const everything = eventFilter({});
const ofA = eventFilter({ ticket: 'A' });

function event(position: number, size: number): RecordedEvent {
  return {
    type: 'CommentAdded',
    data: { body: 'x'.repeat(size), public: true },
    ticketId: size % 2 === 0 ? 'A' : 'B',
    revision: position,
    partition: 0,
    position,
    recordedAt: monday9,
    occurredAt: monday9,
    schemaVersion: 1,
    workflow: 'support@1',
    state: 'new/unassigned/L0',
    actor: actor('agent'),
  };
}

describe('RecentEvents', () => {
  it('keeps the newest within its bounds, and cuts chunks of whole events that pass', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 60 });
    const bounds = fc.record({
      streamRecentEventsMax: fc.integer({ min: 1, max: 30 }),
      streamRecentBytesMax: fc.integer({ min: 1, max: 30_000 }),
    });
    fc.assert(
      fc.property(sizes, bounds, fc.integer({ min: 1, max: 9_000 }), (all, limits, bytesMax) => {
        const recent = new RecentEvents(limits, 100);
        expect([recent.newest, recent.oldest]).toEqual([100, 101]);
        const events = all.map((size, index) => event(101 + index, size));
        for (const each of events) {
          recent.add(each);
          if (recent.count === 1) continue;
          expect(recent.count).toBeLessThanOrEqual(limits.streamRecentEventsMax);
          expect(recent.bytes).toBeLessThanOrEqual(limits.streamRecentBytesMax);
        }
        const kept = events.slice(-recent.count);
        expect(recent.newest).toBe(100 + all.length);
        expect(recent.events(recent.oldest, 100)).toEqual(kept);
        expect(recent.bytes).toBe(kept.reduce((bytes, each) => bytes + eventFrame(each).length, 0));
        for (const filter of [everything, ofA]) {
          let text = '';
          for (let next = recent.oldest; next <= recent.newest; ) {
            const chunk = recent.chunk(next, filter, bytesMax);
            expect(chunk.next).toBeGreaterThan(next);
            const wholeEvents = chunk.bytes.toString().split('\n\n').length - 1;
            if (wholeEvents > 1) expect(chunk.bytes.length).toBeLessThanOrEqual(bytesMax);
            text += chunk.bytes.toString();
            next = chunk.next;
          }
          expect(text).toBe(kept.filter(filter.passes).map(eventFrame).join(''));
        }
      }),
    );
  });

  it('refuses a gap', () => {
    const recent = new RecentEvents({ streamRecentEventsMax: 2, streamRecentBytesMax: 100 }, 0);
    expect(() => recent.add(event(2, 1))).toThrow('position 2 came after 0');
    recent.add(event(1, 1));
    recent.add(event(2, 1));
    expect(() => recent.chunk(1, everything, 1)).toThrow('older than all that is kept');
  });
});
