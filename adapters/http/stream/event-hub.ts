/**
 * Tells all listeners of one partition what becomes durable. The log is followed once, however many listen,
 * and not at all while nobody does. Listeners are told in passes: while one is under way, what comes
 * meanwhile is gathered for the next, so that a faster log makes larger writes rather than more of them.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { TicketReader } from '../../../domain/ports.ts';
import type { HttpContext } from '../context.ts';
import type { EventFilter } from './event-filter.ts';
import type { ByeReason } from './event-frames.ts';
import { Listener, type ListenerOptions, type ListenerSource } from './listener.ts';
import { RecentEvents } from './recent-events.ts';
import { type Scanned, scanEvents } from './scan-events.ts';
import type { Turns } from './turns.ts';
import { PresentTickets } from './visible-events.ts';

export type HubContext = Pick<HttpContext, 'reader' | 'access' | 'limits' | 'report'> & {
  readonly tickets: TicketReader;
};

/** One time of following the log, from the first listener to the last. */
interface Following extends ListenerSource {
  readonly stop: AbortController;
}

export class EventHub {
  readonly #context: HubContext;
  readonly #partition: number;
  /** Shared with the hubs of other partitions. */
  readonly #catchUps: Turns;
  readonly #listeners = new Set<Listener>();
  /** Listeners that wait for the log to be followed. */
  #joining = 0;
  #following: Promise<Following> | undefined;
  #passing = false;
  #news = false;

  constructor(context: HubContext, partition: number, catchUps: Turns) {
    this.#context = context;
    this.#partition = partition;
    this.#catchUps = catchUps;
  }

  /** Tells a listener everything from its first position on, until it is gone. */
  async join(options: ListenerOptions): Promise<void> {
    this.#joining += 1;
    try {
      this.#following ??= this.#follow();
      const following = await this.#following;
      if (options.response.destroyed) {
        options.gone();
        return;
      }
      const gone = () => {
        this.#listeners.delete(listener);
        this.#stopIfAlone();
        options.gone();
      };
      const listener = new Listener(following, { ...options, gone });
      this.#listeners.add(listener);
      listener.advance();
    } finally {
      this.#joining -= 1;
      this.#stopIfAlone();
    }
  }

  end(reason: ByeReason): void {
    for (const listener of this.#listeners) listener.end(reason);
  }

  #stopIfAlone(): void {
    if (this.#listeners.size > 0 || this.#joining > 0) return;
    const following = this.#following;
    this.#following = undefined;
    following?.then(
      ({ stop }) => stop.abort(),
      () => undefined,
    );
  }

  async #follow(): Promise<Following> {
    const { reader, tickets, access, limits } = this.#context;
    const recent = new RecentEvents(limits, await reader.head(this.#partition));
    const following: Following = {
      recent,
      access,
      tickets: new PresentTickets(tickets, limits.streamTicketsMax),
      limits,
      stop: new AbortController(),
      readPage: (from, filter) => this.#catchUps.take(() => this.#readPage(recent, from, filter)),
      failed: (error) => this.#report(error),
    };
    void this.#read(following);
    const attending = setInterval(() => this.#attend(following), limits.streamSweepMs);
    attending.unref();
    following.stop.signal.addEventListener('abort', () => clearInterval(attending), { once: true });
    return following;
  }

  /** Until it is stopped. Where the log can not be followed, all listeners are sent away. */
  async #read({ recent, stop }: Following): Promise<void> {
    const { signal } = stop;
    const { reader, limits } = this.#context;
    const partition = this.#partition;
    const batchEventsMax = limits.streamPageEventsMax;
    try {
      for await (const batch of reader.read(recent.newest + 1, {
        partition,
        live: true,
        signal,
        batchEventsMax,
      })) {
        for (const event of batch) recent.add(event);
        this.#tellNews();
      }
    } catch (error) {
      if (!signal.aborted) this.#report(error);
    }
    if (signal.aborted) return;
    // Nobody else may join what no longer moves.
    stop.abort();
    this.#following = undefined;
    this.end('stream_failed');
  }

  #tellNews(): void {
    this.#news = true;
    if (this.#passing) return;
    this.#passing = true;
    void this.#pass().finally(() => {
      this.#passing = false;
    });
  }

  async #pass(): Promise<void> {
    const { streamListenersAtATime, streamRestMsMax } = this.#context.limits;
    while (this.#news) {
      this.#news = false;
      const start = performance.now();
      let told = 0;
      for (const listener of this.#listeners) {
        listener.advance();
        told += 1;
        if (told % streamListenersAtATime === 0) await nextTurn();
      }
      // With many listeners a pass is work, and those who give commands have at least half of the time.
      const tookMs = Math.floor(performance.now() - start);
      if (tookMs > 0) await sleep(Math.min(tookMs, streamRestMsMax));
    }
  }

  #attend({ tickets }: Following): void {
    tickets.forget();
    const now = performance.now();
    for (const listener of this.#listeners) listener.attend(now);
  }

  /** Until the page is full, or enough was looked at for now: others wait for their turn. */
  async #readPage(recent: RecentEvents, from: number, filter: EventFilter): Promise<Scanned> {
    const { reader, limits } = this.#context;
    const found: Scanned['events'][number][] = [];
    let next = from;
    const scan = {
      partition: this.#partition,
      from,
      upTo: recent.newest,
      filter,
      batchEventsMax: limits.streamPageEventsMax,
    };
    for await (const part of scanEvents(reader, scan)) {
      found.push(...part.events);
      next = part.next;
      if (found.length >= limits.streamPageEventsMax || next - from >= limits.streamScanEventsMax) break;
    }
    return { events: found, next };
  }

  #report(error: unknown): void {
    this.#context.report(error, { method: 'GET', url: '/v1/events/stream' });
  }
}
