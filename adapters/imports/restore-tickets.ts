/**
 * Makes the tickets of Docket's own XES file again: each event that the log lacks goes back to the command
 * that it came from, and the commands are sent in the order in which the log once took them, one batch at a
 * time, because some touch two tickets. A ticket of which the log has another history is left alone.
 *
 * It must never write to a log itself, nor claim that an event is restored: what is in the log in the end,
 * restore-check.ts compares.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandSink, EventReader, Outcome } from '../../domain/ports.ts';
import { comesWith, commandOfEvents } from '../../domain/ticket/command-of-event.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { CommandSender, senderLimits } from './command-sender.ts';
import { docketEventOf, readDocketXes } from './docket-events.ts';
import { differenceOf } from './event-difference.ts';
import { ImportProblem } from './import-problem.ts';
import { SortedRuns, type SortLimits } from './sorted-runs.ts';

export const restoreLimits = {
  ...senderLimits,
  /** The order of commands on different tickets matters here. */
  submitsInFlightMax: 1,
  /** Tickets whose first refusal is remembered, to say why their events are not there. */
  refusalsRememberedMax: 100_000,
};

export interface RestoreOptions {
  readonly file: string;
  readonly sink: CommandSink;
  /** The log that the sink writes to. */
  readonly reader: EventReader;
  /** Where to sort what does not fit into memory; a folder of its own is made in it, and removed. */
  readonly scratch: string;
  /** Called after each chunk of the file, then after each batch of commands. */
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<typeof restoreLimits>;
  readonly sortLimits?: Partial<SortLimits>;
}

export interface RestoreProgress {
  /** Events of the file that the log lacked, and of them those that were sent, or came with one that was. */
  readonly read: number;
  readonly sent: number;
}

/** By ticket: why its events from some revision on are not as the file has them. The first reason only. */
export type RestoreRefusals = ReadonlyMap<TicketId, string>;

/**
 * Resolves when every command is answered. Throws `Fault('input_unreadable')`, what the sink throws, and the
 * signal's reason; sending again goes on from what the log holds then.
 */
export async function restoreTickets(options: RestoreOptions): Promise<RestoreRefusals> {
  const folder = await mkdtemp(join(options.scratch, 'restore-'));
  try {
    const runs = new SortedRuns(folder, options.sortLimits);
    const refusals = new Refusals();
    const lacking = new Lacking(options.reader, refusals);
    let read = 0;
    for await (const items of readDocketXes(options.file)) {
      options.signal?.throwIfAborted();
      for (const item of items) {
        const event = item.kind === 'event' ? docketEventOf(item) : undefined;
        if (event === undefined || event instanceof ImportProblem || !(await lacking.has(event))) continue;
        read += 1;
        // Positions are a partition's own; commit times put the partitions in order.
        await runs.add([event.recordedAt, event.position, event.partition], JSON.stringify(event));
      }
      options.onProgress?.({ read, sent: 0 });
    }
    await sendAll(runs, read, refusals, options);
    return refusals.byTicket;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class Refusals {
  readonly byTicket = new Map<TicketId, string>();

  add(ticketId: TicketId, reason: string): void {
    if (this.byTicket.has(ticketId) || this.byTicket.size >= restoreLimits.refusalsRememberedMax) return;
    this.byTicket.set(ticketId, reason);
  }
}

/** What the log lacks of a file's tickets, whose events come one after the other. */
class Lacking {
  readonly #reader: EventReader;
  readonly #refusals: Refusals;
  #ticketId: TicketId | undefined;
  #stored: readonly RecordedEvent[] = [];
  #isOther = false;

  constructor(reader: EventReader, refusals: Refusals) {
    this.#reader = reader;
    this.#refusals = refusals;
  }

  async has(event: RecordedEvent): Promise<boolean> {
    const { ticketId, revision } = event;
    if (ticketId !== this.#ticketId) {
      this.#ticketId = ticketId;
      this.#stored = await this.#reader.readTicket(ticketId);
      this.#isOther = false;
    }
    const stored = this.#stored[revision - 1];
    if (this.#isOther || stored === undefined) return !this.#isOther;
    const difference = differenceOf(event, stored);
    if (difference === undefined) return false;
    this.#isOther = true;
    this.#refusals.add(ticketId, `the log has another history of it: at revision ${revision}, ${difference}`);
    return false;
  }
}

async function sendAll(
  runs: SortedRuns,
  read: number,
  refusals: Refusals,
  options: RestoreOptions,
): Promise<void> {
  const sender = new CommandSender(options.sink, { ...restoreLimits, ...options.limits }, options.signal);
  let waiting = 0;
  let sent = 0;
  const send = (events: readonly RecordedEvent[]) => {
    const [first] = events;
    if (first === undefined) return;
    sent += events.length;
    const command = commandOfEvents(events);
    if (typeof command === 'string') {
      refusals.add(first.ticketId, command);
      return;
    }
    waiting += 1;
    sender.offer(command, (outcome: Outcome) => {
      waiting -= 1;
      if (outcome.status !== 'rejected') return;
      const reason = `${outcome.code}: ${outcome.message}`;
      for (const { ticketId } of events) refusals.add(ticketId, reason);
    });
  };
  try {
    let group: RecordedEvent[] = [];
    for await (const line of runs.sorted()) {
      const event: RecordedEvent = JSON.parse(line);
      if (comesWith(event, group)) {
        group.push(event);
        continue;
      }
      send(group);
      group = [event];
      if (!sender.full) continue;
      await sender.advance();
      options.onProgress?.({ read, sent });
    }
    send(group);
    while (waiting > 0) await sender.advance();
    options.onProgress?.({ read, sent });
  } finally {
    await sender.settle();
  }
}
