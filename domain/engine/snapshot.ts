/**
 * Saving the tickets that an engine has in memory, and restoring them when it starts again, so that a restart
 * is warm. Each state carries its own revision, so the states of a snapshot need not be of one moment: events
 * that a state already holds are skipped when it is brought up to date.
 *
 * A snapshot is never the truth. It must never be kept before everything that its states hold is durable, and
 * never be used with a log that does not have the two events it names: the state of a ticket would then tell
 * of something that did not happen.
 */
import { Fault } from '../errors.ts';
import type { EventLog, LogMark, SavedSnapshot, StateSnapshots, StoredSnapshot } from '../ports.ts';
import type { TicketCache } from '../ticket/cache.ts';
import { evolveInPlace } from '../ticket/evolve.ts';
import type { TicketState } from '../ticket/state.ts';
import type { Workflows } from '../workflow/registry.ts';

export const snapshotLimits = {
  /** A snapshot with more events after it is left alone: reading them would take longer than it saves. */
  replayedEventsMax: 4_000_000,
  /** Tickets left out in a row before one is saved nevertheless, so that nobody waits long for the next. */
  leftOutInRowMax: 1_024,
};
export type SnapshotLimits = typeof snapshotLimits;

/** What is needed of an engine. */
export interface SnapshotEngine {
  readonly tickets: Pick<TicketCache, 'states' | 'find' | 'add' | 'delete' | 'clear' | 'size'>;
  readonly failure: unknown;
  readonly counts: { readonly setbacks: number };
  decidedIsDurable(): Promise<void>;
}

export interface SnapshotParts {
  readonly engine: SnapshotEngine;
  readonly log: EventLog;
  readonly workflows: Workflows;
  readonly snapshots: StateSnapshots;
  readonly limits?: Partial<SnapshotLimits>;
}

export interface Restored {
  /** The snapshot that was used, if any could be. */
  readonly used: UsedSnapshot | undefined;
  /** One sentence for each newer snapshot that could not be used. */
  readonly ignored: readonly string[];
}

export interface UsedSnapshot {
  readonly name: string;
  /** Events up to here did not have to be read. */
  readonly position: number;
  readonly tickets: number;
  /** Events after the snapshot, which were read from the log. */
  readonly eventsRead: number;
}

type SoundSnapshot = Extract<StoredSnapshot, { status: 'sound' }>;

/**
 * Saves the live tickets while the engine goes on working. Answers `undefined` for an empty log. Throws
 * `snapshot_dropped` where a state may hold what did not happen, and whatever the log or the store throws;
 * the engine is not concerned by any of that.
 */
export async function saveSnapshot(parts: SnapshotParts): Promise<SavedSnapshot | undefined> {
  const { engine, log, snapshots } = parts;
  assertFit(log);
  if (engine.failure !== undefined) throw engine.failure;
  const { setbacks } = engine.counts;
  const from = await markAt(log, await log.head());
  if (from === undefined) return undefined;
  return snapshots.save(from, liveTickets(parts), async () => {
    await engine.decidedIsDurable();
    const upTo = await markAt(log, await log.head());
    if (upTo === undefined || engine.counts.setbacks !== setbacks) {
      throw new Fault('snapshot_dropped', 'the log refused something while the tickets were being saved');
    }
    return upTo;
  });
}

/**
 * Fills the memory of an engine that has not been given any command yet. Throws only what the log throws.
 */
export async function restoreSnapshot(parts: SnapshotParts): Promise<Restored> {
  assertFit(parts.log);
  if (parts.engine.tickets.size > 0) throw new Error('bug: tickets are restored before the first command');
  const ignored: string[] = [];
  for await (const stored of parts.snapshots.load()) {
    const used = stored.status === 'sound' ? await use(parts, stored) : stored.reason;
    if (typeof used !== 'string') return { used, ignored };
    ignored.push(`${stored.name} was left alone: ${used}`);
  }
  return { used: undefined, ignored };
}

/** With other writers a state in memory may be behind the log, and nothing would ever tell. */
function assertFit(log: EventLog): void {
  if (log.soleWriter && log.partitions === 1) return;
  throw new Fault('snapshot_dropped', 'tickets are saved only beside a log of one partition and one writer');
}

/** Tickets that nothing can happen to any more leave memory here; they come back when they are touched. */
function* liveTickets({ engine, workflows, limits }: SnapshotParts): Generator<TicketState> {
  const leftOutInRowMax = limits?.leftOutInRowMax ?? snapshotLimits.leftOutInRowMax;
  let leftOut = 0;
  for (const ticket of engine.tickets.states()) {
    if (leftOut < leftOutInRowMax && workflows.stateOf(ticket).final) {
      leftOut += 1;
      continue;
    }
    leftOut = 0;
    yield ticket;
  }
}

/** The event at a position of the log; `undefined` where there is none. */
async function markAt(log: EventLog, position: number): Promise<LogMark | undefined> {
  if (position === 0) return undefined;
  for await (const [event] of log.read(position, { batchEventsMax: 1 })) {
    if (event === undefined) return undefined;
    const { ticketId, revision, recordedAt } = event;
    return { position, ticketId, revision, recordedAt };
  }
  return undefined;
}

/** Answers why it can not be used, where that is so; nothing of it is then in memory. */
async function use(parts: SnapshotParts, stored: SoundSnapshot): Promise<UsedSnapshot | string> {
  const { engine, log } = parts;
  const reason = (await misfit(parts, stored)) ?? (await take(engine, stored));
  if (reason !== undefined) return reason;
  const { position } = stored.from;
  const eventsRead = await catchUp(engine, log, position);
  return { name: stored.name, position, tickets: engine.tickets.size, eventsRead };
}

/** Why a snapshot can not be used with this log, if so. */
async function misfit({ log, limits }: SnapshotParts, stored: SoundSnapshot): Promise<string | undefined> {
  const head = await log.head();
  for (const mark of [stored.from, stored.upTo]) {
    if (mark.position > head) return `it knows position ${mark.position}, and the log ends at ${head}`;
    const found = await markAt(log, mark.position);
    if (found === undefined || !sameMark(found, mark)) {
      return `the log has another event at position ${mark.position} than it knows`;
    }
  }
  const behind = head - stored.from.position;
  const most = limits?.replayedEventsMax ?? snapshotLimits.replayedEventsMax;
  return behind > most ? `it is ${behind} events behind, and at most ${most} are read again` : undefined;
}

function sameMark(left: LogMark, right: LogMark): boolean {
  return (
    left.ticketId === right.ticketId &&
    left.revision === right.revision &&
    left.recordedAt === right.recordedAt
  );
}

/** Why the states could not be taken after all, if so; then none of them stays. */
async function take({ tickets }: SnapshotEngine, stored: SoundSnapshot): Promise<string | undefined> {
  try {
    for await (const states of stored.states()) {
      for (const state of states) {
        const known = tickets.find(state.ticketId);
        if (known !== undefined && known.revision >= state.revision) continue;
        if (known !== undefined) tickets.delete(state.ticketId);
        tickets.add(state);
      }
    }
    return undefined;
  } catch (error) {
    tickets.clear();
    return error instanceof Error ? error.message : String(error);
  }
}

/** Applies the events after a position to the tickets in memory; answers how many were read. */
async function catchUp({ tickets }: SnapshotEngine, log: EventLog, position: number): Promise<number> {
  let eventsRead = 0;
  for await (const batch of log.read(position + 1)) {
    eventsRead += batch.length;
    for (const event of batch) {
      const ticket = tickets.find(event.ticketId);
      if (ticket === undefined || event.revision <= ticket.revision) continue;
      // A gap can not be; where it is nevertheless, the log is asked when the ticket is next touched.
      if (event.revision > ticket.revision + 1) tickets.delete(event.ticketId);
      else evolveInPlace(ticket, event);
    }
  }
  return eventsRead;
}
