/**
 * One caller who follows the events: a place in the log and a response to write to. It keeps no events of its
 * own. What its connection does not take yet is asked for again when it does: from the recent events, or from
 * the log where those have moved on.
 *
 * It must never skip an event that its caller may see, send one twice, or send one out of order.
 */
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Access, Guard } from '../../../domain/access/guard.ts';
import type { Principal } from '../../../domain/access/principal.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { HttpLimits } from '../limits.ts';
import type { EventFilter } from './event-filter.ts';
import { type ByeReason, byeFrame, eventFrame, heartbeatFrame } from './event-frames.ts';
import type { RecentEvents } from './recent-events.ts';
import type { Scanned } from './scan-events.ts';
import { type PresentTickets, visibleEvents } from './visible-events.ts';

/** What listeners of a partition share. */
export interface ListenerSource {
  readonly recent: RecentEvents;
  readonly access: Access;
  readonly tickets: PresentTickets;
  readonly limits: HttpLimits;
  /** Events from `from` on that pass, out of the log, when it is this listener's turn. */
  readPage(from: number, filter: EventFilter): Promise<Scanned>;
  /** The events could not be read, or not be shown. */
  failed(error: unknown): void;
}

export interface ListenerOptions {
  readonly response: ServerResponse;
  readonly principal: Principal;
  readonly filter: EventFilter;
  /** The first position that it wants. */
  readonly next: number;
  /** Writes the response's headers. Called once it is sure that there are events to follow. */
  readonly begin: () => void;
  /** Called once, when nothing can be told to it any more. */
  readonly gone: () => void;
}

export class Listener {
  readonly #source: ListenerSource;
  readonly #response: ServerResponse;
  readonly #principal: Principal;
  readonly #filter: EventFilter;
  readonly #gone: () => void;
  #next: number;
  /** Whether it is being told events in several steps. */
  #busy = false;
  /** Since when its connection takes nothing more. */
  #fullSince: number | undefined;
  #wroteAt = performance.now();
  /** Whether it was told everything that it will be. */
  #ended = false;
  #left = false;

  constructor(source: ListenerSource, { response, principal, filter, next, begin, gone }: ListenerOptions) {
    this.#source = source;
    this.#response = response;
    this.#principal = principal;
    this.#filter = filter;
    this.#next = next;
    this.#gone = gone;
    response.on('drain', () => {
      this.#fullSince = undefined;
      this.advance();
    });
    response.once('close', () => this.#leave());
    // A broken connection is closed as well, which is all that matters here.
    response.on('error', () => undefined);
    begin();
  }

  /** Sends what there is for it, as far as its connection takes it. Never throws. */
  advance(): void {
    try {
      this.#advance();
    } catch (error) {
      this.#fail(error);
    }
  }

  #advance(): void {
    const { recent, access, limits } = this.#source;
    while (this.#wants && this.#next <= recent.newest) {
      const guard = access.guardOf(this.#principal);
      if (this.#next < recent.oldest || !guard.readsAll) {
        this.#inSteps(guard);
        return;
      }
      const { bytes, next } = recent.chunk(this.#next, this.#filter, limits.streamChunkBytesMax);
      this.#send(bytes, next);
    }
  }

  /** Looks after it, now and then: whether it may still listen, still reads, and has heard of the server. */
  attend(now: number): void {
    const { streamSilenceMsMax, streamHeartbeatMs } = this.#source.limits;
    if (this.#fullSince !== undefined || this.#ended) {
      if (now - (this.#fullSince ?? this.#wroteAt) > streamSilenceMsMax) this.#cut();
    } else if (!this.#principal.isActive()) this.end('credential_ended');
    else if (!this.#busy && now - this.#wroteAt >= streamHeartbeatMs) {
      this.#write(heartbeatFrame(this.#next - 1));
    }
  }

  /** Says why, where the connection takes it. */
  end(reason: ByeReason): void {
    if (this.#ended) return;
    if (this.#fullSince !== undefined) {
      this.#cut();
      return;
    }
    this.#ended = true;
    this.#wroteAt = performance.now();
    this.#response.end(byeFrame(reason));
  }

  get #wants(): boolean {
    return !this.#ended && !this.#busy && this.#fullSince === undefined;
  }

  /** What has to be read or looked through first. */
  #inSteps(guard: Guard): void {
    this.#busy = true;
    this.#tellPage(guard).then(
      () => {
        this.#busy = false;
        this.advance();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #fail(error: unknown): void {
    this.#source.failed(error);
    this.end('stream_failed');
  }

  async #tellPage(guard: Guard): Promise<void> {
    const { recent, tickets, limits } = this.#source;
    const page =
      this.#next < recent.oldest
        ? await this.#source.readPage(this.#next, this.#filter)
        : recentPage(recent, this.#next, this.#filter, limits.streamPageEventsMax);
    const visible = await visibleEvents(page.events, guard, tickets);
    for (const { bytes, next } of chunks(visible, limits.streamChunkBytesMax)) {
      this.#send(bytes, next);
      // A fast connection has room again by then; for a slow one the rest is read again, not kept.
      if (this.#fullSince !== undefined) await nextTurn();
      if (this.#ended || this.#fullSince !== undefined) return;
    }
    this.#next = page.next;
  }

  #send(bytes: Buffer, next: number): void {
    if (this.#ended) return;
    if (!this.#principal.isActive()) {
      this.end('credential_ended');
      return;
    }
    this.#next = next;
    if (bytes.length > 0) this.#write(bytes);
  }

  #write(bytes: Buffer | string): void {
    this.#wroteAt = performance.now();
    if (!this.#response.write(bytes)) this.#fullSince = this.#wroteAt;
  }

  #cut(): void {
    this.#response.destroy();
    this.#leave();
  }

  #leave(): void {
    this.#ended = true;
    if (this.#left) return;
    this.#left = true;
    this.#gone();
  }
}

function recentPage(recent: RecentEvents, from: number, filter: EventFilter, eventsMax: number): Scanned {
  const events = recent.events(from, eventsMax);
  return { events: events.filter(filter.passes), next: from + events.length };
}

/** Frames of whole events, as many to a chunk as fit, but at least one. */
function* chunks(
  events: readonly RecordedEvent[],
  bytesMax: number,
): Generator<{ readonly bytes: Buffer; readonly next: number }> {
  let frames: Buffer[] = [];
  let bytes = 0;
  let next = 0;
  for (const event of events) {
    const frame = eventFrame(event);
    if (bytes > 0 && bytes + frame.length > bytesMax) {
      yield { bytes: Buffer.concat(frames, bytes), next };
      frames = [];
      bytes = 0;
    }
    frames.push(frame);
    bytes += frame.length;
    next = event.position + 1;
  }
  if (bytes > 0) yield { bytes: Buffer.concat(frames, bytes), next };
}
