/**
 * What the outside must provide. Every adapter of `EventLog` passes the suite in test/contracts.
 */
import type { CommandGuard } from './access/guard.ts';
import type { Command } from './ticket/commands.ts';
import type { NewEvent, RecordedEvent } from './ticket/events.ts';
import type { Rejection } from './ticket/rejection.ts';
import type { TicketState } from './ticket/state.ts';
import type { EpochMs, TicketId } from './ticket/values.ts';

/** Wall-clock time, in milliseconds since the epoch. Time spans are never measured with it. */
export interface Clock {
  now(): EpochMs;
}

/**
 * Room for a log to note where it keeps a ticket, so that it need not look the ticket up by its id each time.
 * A caller who appends to the same tickets again and again keeps one for each, made with zeros; what is in it
 * is the log's own matter. Leaving it out is always right.
 */
export interface TicketPlace {
  placeEpoch: number;
  placeRow: number;
}

/** Events to be appended to one ticket, in order. */
export interface TicketAppend {
  readonly ticketId: TicketId;
  /** The ticket's revision before these events: 0 for a ticket that must not exist yet. */
  readonly expectedRevision: number;
  /** At least one. */
  readonly events: readonly NewEvent[];
  readonly place?: TicketPlace | undefined;
}

/** One write: all of it is appended, or nothing. Nearly always one ticket; `also` spans further tickets. */
export interface Write extends TicketAppend {
  readonly also?: readonly TicketAppend[] | undefined;
}

export type AppendOutcome =
  | {
      readonly status: 'appended';
      /** Position of the write's first event; its events follow contiguously, `also` after them. */
      readonly position: number;
      readonly recordedAt: EpochMs;
    }
  | { readonly status: 'conflict'; readonly ticketId: TicketId; readonly actualRevision: number };

/** What the log remembers of a command that was accepted under a command id. */
export interface CommandTrace {
  readonly commandDigest: string;
  /** The events of the command on its own ticket, in order; at least one. */
  readonly events: readonly RecordedEvent[];
}

export interface ReadOptions {
  readonly partition?: number;
  /** Go on with new events as they become durable, until aborted or closed. */
  readonly live?: boolean;
  readonly signal?: AbortSignal;
  /** Most events in one batch. */
  readonly batchEventsMax?: number;
}

/** The reading side: any number of processes. Shows durable events only. */
export interface EventReader {
  readonly partitions: number;
  /** Batches of at least one event, in order of position, beginning with position `from` (1 is the first). */
  read(from: number, options?: ReadOptions): AsyncIterable<readonly RecordedEvent[]>;
  /** A ticket's events in order of revision; none for an unknown ticket. Never scans the log. */
  readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]>;
  /** Position of the last durable event of a partition; 0 for an empty one. */
  head(partition?: number): Promise<number>;
  close(): Promise<void>;
}

/** Told each time a log has made a batch durable: how long the disk or the database took, and its bytes. */
export type SyncObserver = (ms: number, bytes: number) => void;

/**
 * The append-only log. `append` takes many independent writes and resolves, with one outcome each in their
 * order, only when what `durability` says holds. Conflicts are outcomes; a `Fault` means nothing of the
 * call can be relied on and, for `log_failed`, that the log has stopped for good.
 *
 * Within one call, later writes see the revisions that earlier writes of the call made. After a conflict,
 * every later write of the call that touches a ticket of the conflicting write conflicts too, even where its
 * expected revision happens to be right: it was decided on something that did not happen.
 *
 * On a log with other writers, a write that brings a command id (with its digest) which was accepted before
 * conflicts as well, whatever its revisions: another writer was faster with the same command. Whoever decides
 * it again must look for its first answer before.
 */
export interface EventLog extends EventReader {
  /** What an acknowledgement means here, in words. */
  readonly durability: string;
  /** Whether nobody else can append while this log is open, so that conflicts can not come from outside. */
  readonly soleWriter: boolean;
  append(writes: readonly Write[]): Promise<readonly AppendOutcome[]>;
  /** The ticket's last appended revision; 0 for an unknown ticket. */
  revisionOf(ticketId: TicketId): Promise<number>;
  /** Answers at once: false for a command id that is surely unknown here, as nearly all new ones are. */
  mayKnowCommand(commandId: string): boolean;
  /** The accepted command with this id, if any, across restarts. */
  findCommand(commandId: string): Promise<CommandTrace | undefined>;
}

/** A command was legal and what it did is durable. */
export interface Accepted {
  readonly status: 'accepted';
  readonly ticketId: TicketId;
  /** The ticket's revision and state after the command; '' for a state that the caller may not see. */
  readonly revision: number;
  readonly state: string;
  /** How many events the command added to the log, on this ticket and on others; 0 where nothing changed. */
  readonly events: number;
  /** Position of its first event; where it added none, 0. */
  readonly position: number;
  /** The ticket that the command opened beside its own: a follow-up or one that was split off. */
  readonly newTicketId: TicketId | undefined;
  /** Whether this is the first answer to an earlier command with the same id, given again. */
  readonly repeated: boolean;
}

export type Outcome = Accepted | Rejection;

/**
 * Where commands go: the engine itself, or a client of a server that runs it. One outcome each, in order.
 * Commands of one ticket are decided in the order in which they were submitted, over all calls.
 * Throws `Fault('overloaded')` when its bounded queue is full; nothing of that call was then decided.
 */
export interface CommandSink {
  /**
   * `guard` decides what the caller may do; without one, the caller is trusted with everything. `requestId`
   * is what the caller knows the call by, for whoever measures.
   */
  submit(commands: readonly Command[], guard?: CommandGuard, requestId?: string): Promise<readonly Outcome[]>;
}

/** Tickets as they are now, by their durable events only. */
export interface TicketReader {
  /** `undefined` for an unknown ticket. What is answered is the caller's own and does not change any more. */
  current(ticketId: TicketId): Promise<TicketState | undefined>;
}

export interface PlacedTicketReader extends TicketReader {
  /** As `current`, with the place of the ticket's last event in the log. */
  present(ticketId: TicketId): Promise<PresentTicket | undefined>;
}

/** A ticket as its durable events made it, and where the last of them is. */
export interface PresentTicket {
  readonly ticket: TicketState;
  readonly partition: number;
  readonly position: number;
}

export interface JournalEntry<Event> {
  /** Contiguous from 1. */
  readonly position: number;
  readonly recordedAt: EpochMs;
  readonly event: Event;
}

/**
 * A small append-only record of something that is no ticket: keys and access rules, deliveries that could not
 * be carried out. Thousands of entries, not millions; everything is read when it is opened.
 */
export interface Journal<Event> {
  /** Resolves when the events are durable. Throws `Fault('journal_failed')`; nothing of them then counts. */
  append(events: readonly Event[]): Promise<readonly JournalEntry<Event>[]>;
  /** All entries after position `after`, oldest first. */
  read(after?: number): Promise<readonly JournalEntry<Event>[]>;
  /** Calls `listener` with entries that others append, where the journal has other writers. */
  watch(listener: (entries: readonly JournalEntry<Event>[]) => void): void;
  close(): Promise<void>;
}

/** An event by which a log is known again: one that holds another event at the position is another log. */
export interface LogMark {
  readonly position: number;
  readonly ticketId: TicketId;
  readonly revision: number;
  readonly recordedAt: EpochMs;
}

export interface SavedSnapshot {
  readonly name: string;
  readonly tickets: number;
  readonly bytes: number;
  /** Events after this position have to be read again when the snapshot is used. */
  readonly position: number;
}

/** A snapshot as it was found. One that was saved in order is `sound`; whether it fits the log is open. */
export type StoredSnapshot =
  | {
      readonly status: 'sound';
      readonly name: string;
      /** Every state holds at least its ticket's events up to here. */
      readonly from: LogMark;
      /** No state holds an event beyond this one. */
      readonly upTo: LogMark;
      readonly tickets: number;
      /** A ticket may come twice. Throws where the snapshot can not be read to its end after all. */
      states(): AsyncIterable<readonly TicketState[]>;
    }
  | { readonly status: 'unusable'; readonly name: string; readonly reason: string };

/**
 * States of tickets, kept so that a restarted engine need not replay every ticket it is asked for. Never the
 * truth: whatever is missing, old or doubtful is replayed from the log. domain/engine/snapshot.ts is the
 * one way to use it.
 */
export interface StateSnapshots {
  /**
   * Writes the states down as they are when they are taken from `states`, a bounded number before other
   * work gets its turn: they go on changing meanwhile. When the last one is written, `confirm` says what no
   * state is ahead of; the snapshot can be loaded only after that. Where `confirm` or the writing fails,
   * nothing of it is left to be loaded, and the error is thrown. One at a time.
   */
  save(from: LogMark, states: Iterable<TicketState>, confirm: () => Promise<LogMark>): Promise<SavedSnapshot>;
  /** What there is, newest first, each looked through for damage as it is asked for. */
  load(): AsyncIterable<StoredSnapshot>;
}
