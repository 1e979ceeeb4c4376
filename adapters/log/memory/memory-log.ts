/**
 * The event log in memory: for tests, and for measuring everything but the disk. It is the shortest
 * reading of the `EventLog` contract, so another adapter can be compared with it.
 *
 * It must never be offered as a place to keep tickets: nothing in it outlives the process.
 */
import { Fault } from '../../../domain/errors.ts';
import type {
  AppendOutcome,
  Clock,
  CommandTrace,
  EventLog,
  ReadOptions,
  TicketAppend,
  Write,
} from '../../../domain/ports.ts';
import type { NewEvent, RecordedEvent } from '../../../domain/ticket/events.ts';
import type { EpochMs, TicketId } from '../../../domain/ticket/values.ts';

export const memoryBatchEventsMaxDefault = 1_024;

export class MemoryLog implements EventLog {
  readonly partitions = 1;
  readonly durability = 'nothing: the events are gone with the process';
  /** Several engines may share one: that is how tests make conflicts. */
  readonly soleWriter: boolean = false;
  readonly #clock: Clock;
  readonly #events: RecordedEvent[] = [];
  readonly #tickets = new Map<TicketId, RecordedEvent[]>();
  /** The first event of each command. */
  readonly #commands = new Map<string, RecordedEvent>();
  readonly #waiting = new Set<() => void>();
  #recordedAt: EpochMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  async append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    this.#assertOpen();
    this.#recordedAt = Math.max(this.#recordedAt, this.#clock.now());
    const lost = new Set<TicketId>();
    try {
      return writes.map((write) => this.#appendOne(write, lost));
    } finally {
      // Also where a write could not be stored: those before it were.
      for (const wake of [...this.#waiting]) wake();
    }
  }

  async *read(from: number, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    assertPartition(options.partition);
    if (!(from >= 1)) throw new RangeError(`positions begin at 1, not ${from}`);
    this.#assertOpen();
    const batchEventsMax = options.batchEventsMax ?? memoryBatchEventsMaxDefault;
    const end = options.live === true ? Number.POSITIVE_INFINITY : this.#events.length;
    let next = from;
    while (options.signal?.aborted !== true && !this.#closed) {
      const batch = this.#events.slice(next - 1, Math.min(next - 1 + batchEventsMax, end));
      if (batch.length > 0) {
        next += batch.length;
        yield batch;
      } else if (options.live === true) {
        await this.#change(options.signal);
      } else {
        return;
      }
    }
  }

  async readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    this.#assertOpen();
    return [...(this.#tickets.get(ticketId) ?? [])];
  }

  async head(partition?: number): Promise<number> {
    assertPartition(partition);
    this.#assertOpen();
    return this.#events.length;
  }

  async revisionOf(ticketId: TicketId): Promise<number> {
    this.#assertOpen();
    return this.#tickets.get(ticketId)?.length ?? 0;
  }

  mayKnowCommand(commandId: string): boolean {
    return this.#commands.has(commandId);
  }

  async findCommand(commandId: string): Promise<CommandTrace | undefined> {
    this.#assertOpen();
    const first = this.#commands.get(commandId);
    if (first?.commandDigest === undefined) return undefined;
    const events = this.#tickets.get(first.ticketId)?.filter((event) => event.commandId === commandId);
    return { commandDigest: first.commandDigest, events: events ?? [] };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of [...this.#waiting]) wake();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Fault('log_closed', 'the memory log was closed');
  }

  /** `lost` are the tickets of earlier conflicts of the same call. */
  #appendOne(write: Write, lost: Set<TicketId>): AppendOutcome {
    const parts: readonly TicketAppend[] = write.also === undefined ? [write] : [write, ...write.also];
    const revisions = new Map<TicketId, number>();
    for (const part of parts) {
      if (part.events.length === 0) throw new RangeError(`a write to ${part.ticketId} has no events`);
      const actualRevision = this.#tickets.get(part.ticketId)?.length ?? 0;
      const revision = revisions.get(part.ticketId) ?? actualRevision;
      if (revision !== part.expectedRevision || lost.has(part.ticketId)) {
        for (const each of parts) lost.add(each.ticketId);
        return { status: 'conflict', ticketId: part.ticketId, actualRevision };
      }
      revisions.set(part.ticketId, revision + part.events.length);
    }
    if (parts.some((part) => part.events.some((event) => this.#isRepeated(event)))) {
      for (const each of parts) lost.add(each.ticketId);
      const actualRevision = this.#tickets.get(write.ticketId)?.length ?? 0;
      return { status: 'conflict', ticketId: write.ticketId, actualRevision };
    }
    const position = this.#events.length + 1;
    // All are copied before any is recorded: an event that can not be copied must leave nothing behind.
    const copies = parts.map(({ ticketId, events }) => ({ ticketId, events: events.map(copyOf) }));
    for (const { ticketId, events } of copies) for (const event of events) this.#record(ticketId, event);
    return { status: 'appended', position, recordedAt: this.#recordedAt };
  }

  /** Whether it begins a command whose id was accepted before: by another engine, as this one would know. */
  #isRepeated({ commandId, commandDigest }: NewEvent): boolean {
    return commandId !== undefined && commandDigest !== undefined && this.#commands.has(commandId);
  }

  #record(ticketId: TicketId, event: NewEvent): void {
    const history = this.#tickets.get(ticketId) ?? [];
    this.#tickets.set(ticketId, history);
    const recorded: RecordedEvent = {
      ...event,
      ticketId,
      revision: history.length + 1,
      partition: 0,
      position: this.#events.length + 1,
      recordedAt: this.#recordedAt,
    };
    history.push(recorded);
    this.#events.push(recorded);
    const { commandId, commandDigest } = event;
    if (commandId === undefined || commandDigest === undefined || this.#commands.has(commandId)) return;
    this.#commands.set(commandId, recorded);
  }

  /** Resolves at the next append, close or abort. */
  async #change(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

/**
 * Copied, so that a caller who changes an event afterwards does not change history; as JSON would keep it.
 */
function copyOf(event: NewEvent): NewEvent {
  return JSON.parse(JSON.stringify(event)) as NewEvent;
}

function assertPartition(partition: number | undefined): void {
  if (partition !== undefined && partition !== 0) throw new RangeError(`no partition ${partition}`);
}
