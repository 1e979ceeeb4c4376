/**
 * The last events of a partition, written out once for everybody who may see all of them. Whoever is further
 * behind than this reads the log.
 *
 * It must never grow beyond its bounds, except by one event that alone is larger than them.
 */
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { HttpLimits } from '../limits.ts';
import type { EventFilter } from './event-filter.ts';
import { eventFrame } from './event-frames.ts';

export interface Chunk {
  /** Frames of whole events; empty where none passed. */
  readonly bytes: Buffer;
  /** Where to go on. */
  readonly next: number;
}

interface Kept {
  readonly event: RecordedEvent;
  readonly frame: Buffer;
}

export class RecentEvents {
  readonly #limits: Pick<HttpLimits, 'streamRecentEventsMax' | 'streamRecentBytesMax'>;
  /** In order of position, from `#dropped` on; those before it are no longer kept. */
  #kept: (Kept | undefined)[] = [];
  #dropped = 0;
  #bytes = 0;
  #newest: number;
  /** Listeners who are equally far ask for the same one after another. */
  #last:
    | { readonly from: number; readonly upTo: number; readonly key: string; readonly chunk: Chunk }
    | undefined;

  /** `newest` is the position before the first event that will be added. */
  constructor(limits: Pick<HttpLimits, 'streamRecentEventsMax' | 'streamRecentBytesMax'>, newest: number) {
    this.#limits = limits;
    this.#newest = newest;
  }

  /** Position of the last event that was added. */
  get newest(): number {
    return this.#newest;
  }

  /** Position of the first event that is kept; the one after `newest` where none is. */
  get oldest(): number {
    return this.#newest + 1 - this.count;
  }

  get count(): number {
    return this.#kept.length - this.#dropped;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(event: RecordedEvent): void {
    if (event.position !== this.#newest + 1) {
      throw new Error(`bug: position ${event.position} came after ${this.#newest}`);
    }
    const frame = eventFrame(event);
    this.#kept.push({ event, frame });
    this.#newest = event.position;
    this.#bytes += frame.length;
    const { streamRecentEventsMax, streamRecentBytesMax } = this.#limits;
    while (this.count > 1 && (this.count > streamRecentEventsMax || this.#bytes > streamRecentBytesMax)) {
      this.#dropOldest();
    }
  }

  /** At most `eventsMax` from `from` on, which must be kept. */
  events(from: number, eventsMax: number): readonly RecordedEvent[] {
    const start = this.#indexOf(from);
    return this.#kept.slice(start, start + eventsMax).flatMap((kept) => (kept ? [kept.event] : []));
  }

  /** Frames from `from` on, which must be kept, of events that pass: as many as fit, but at least one. */
  chunk(from: number, filter: EventFilter, bytesMax: number): Chunk {
    const last = this.#last;
    if (last?.from === from && last.upTo === this.#newest && last.key === filter.key) return last.chunk;
    const frames: Buffer[] = [];
    let bytes = 0;
    let next = from;
    for (let index = this.#indexOf(from); index < this.#kept.length; index += 1) {
      const kept = this.#kept[index];
      if (kept === undefined) throw new Error(`bug: the event at ${next} is not kept`);
      if (filter.key === '' || filter.passes(kept.event)) {
        if (bytes > 0 && bytes + kept.frame.length > bytesMax) break;
        frames.push(kept.frame);
        bytes += kept.frame.length;
      }
      next += 1;
    }
    const chunk = { bytes: Buffer.concat(frames, bytes), next };
    this.#last = { from, upTo: this.#newest, key: filter.key, chunk };
    return chunk;
  }

  #indexOf(position: number): number {
    if (position < this.oldest) throw new Error(`bug: position ${position} is older than all that is kept`);
    return this.#dropped + position - this.oldest;
  }

  #dropOldest(): void {
    this.#bytes -= this.#kept[this.#dropped]?.frame.length ?? 0;
    this.#kept[this.#dropped] = undefined;
    this.#dropped += 1;
    // Moved together only now and then, so that dropping costs the same however many are kept.
    if (this.#dropped * 2 <= this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#dropped);
    this.#dropped = 0;
  }
}
