/**
 * The one command path: load, decide, append, answer. Commands are taken in rounds: each round decides what
 * is queued, in order, and appends it in one call; on a log without other writers, while the round before it
 * is still being made durable. What a round decided is seen by the next at once; it is answered only when the
 * log says that it is durable.
 *
 * Conflicts come from other writers of the same log. The commands concerned, and every answer that rested on
 * them, are then decided again, in their order, before anything newer.
 */
import { decideAmongWriters } from './engine/among-writers.ts';
import { answer, dropNumber, type Entry, type RoundContext, type Submission } from './engine/entry.ts';
import { decideAll, forget, prepare } from './engine/round.ts';
import { Fault } from './errors.ts';
import type { AppendOutcome, Clock, CommandSink, EventLog, Outcome, Write } from './ports.ts';
import { TicketCache } from './ticket/cache.ts';
import type { Command } from './ticket/commands.ts';
import { defaultNumbering, type Numbering, TicketNumbers } from './ticket/numbering.ts';
import { reject } from './ticket/rejection.ts';
import type { Workflows } from './workflow/registry.ts';

export const engineLimits = {
  /** Commands that may be waiting for their answer; more are refused with `overloaded`. */
  unansweredCommandsMax: 100_000,
  /** Commands that are decided and appended together. */
  roundCommandsMax: 2_048,
  /**
   * Rounds decided but not yet durable, where the log has no other writer. Where it has, a round waits for
   * the one before: a conflict would leave it decided on revisions that exist by then, but are somebody
   * else's.
   */
  roundsInFlightMax: 2,
  /** Tickets kept in memory; about 1 KiB each. */
  ticketsCachedMax: 200_000,
  /** How often a command is decided again after conflicts. */
  conflictRetriesMax: 8,
};
export type EngineLimits = typeof engineLimits;

export interface EngineOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly workflows: Workflows;
  /** The workflow of tickets that name none, by name or name@version. */
  readonly defaultWorkflow: string;
  /** A short digest of a text, equal for equal texts: tells bodies of repeated command ids apart. */
  readonly fingerprint: (text: string) => string;
  readonly numbering?: Numbering;
  readonly limits?: Partial<EngineLimits>;
}

/** Counts since the engine was made. */
export interface EngineCounts {
  accepted: number;
  rejected: number;
  repeated: number;
  /** Committed transitions. */
  events: number;
  /** Decisions made again because another writer was faster. */
  conflicts: number;
}

interface OpenSubmission extends Submission {
  readonly fail: (reason: unknown) => void;
}

export class Engine implements CommandSink {
  readonly #limits: EngineLimits;
  readonly #context: RoundContext;
  readonly #counts: EngineCounts = { accepted: 0, rejected: 0, repeated: 0, events: 0, conflicts: 0 };
  /** Submissions with unanswered commands; all of them fail when the log does. */
  readonly #submissions = new Set<OpenSubmission>();
  #unanswered = 0;
  #queue: Entry[] = [];
  #queueStart = 0;
  /** Entries to be decided again, before anything in the queue. */
  #again: Entry[] = [];
  #inFlight: Promise<void>[] = [];
  #running: Promise<void> | undefined;
  #fault: unknown;

  constructor(options: EngineOptions) {
    this.#limits = { ...engineLimits, ...options.limits };
    this.#context = {
      ...options,
      cache: new TicketCache(this.#limits.ticketsCachedMax),
      numbers: new TicketNumbers(options.numbering ?? defaultNumbering, options.log),
      unanswered: new Map(),
    };
  }

  submit(commands: readonly Command[]): Promise<readonly Outcome[]> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const waiting = this.#unanswered;
    const most = this.#limits.unansweredCommandsMax;
    if (waiting + commands.length > most) {
      const message = `${waiting} commands are waiting and at most ${most} may: send fewer at once, or later`;
      return Promise.reject(new Fault('overloaded', message));
    }
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => this.#enqueue(commands, resolve, reject));
  }

  /** Resolves when everything submitted so far has been answered. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  get queued(): number {
    return this.#queue.length - this.#queueStart + this.#again.length;
  }

  /** Why this engine takes nothing more; `undefined` while it works. */
  get failure(): unknown {
    return this.#fault;
  }

  get counts(): Readonly<EngineCounts> {
    return this.#counts;
  }

  #enqueue(
    commands: readonly Command[],
    resolve: (outcomes: readonly Outcome[]) => void,
    fail: (reason: unknown) => void,
  ): void {
    const outcomes: Outcome[] = new Array(commands.length);
    let open = commands.length;
    const submission: OpenSubmission = {
      fail,
      answer: (index, outcome) => {
        // After a failure its callers have gone.
        if (!this.#submissions.has(submission)) return;
        outcomes[index] = outcome;
        this.#count(outcome);
        this.#unanswered -= 1;
        open -= 1;
        if (open > 0) return;
        this.#submissions.delete(submission);
        resolve(outcomes);
      },
    };
    this.#submissions.add(submission);
    this.#unanswered += commands.length;
    for (const [index, command] of commands.entries()) this.#queue.push(newEntry(command, submission, index));
    this.#running ??= this.#run();
  }

  #count(outcome: Outcome): void {
    if (outcome.status === 'rejected') this.#counts.rejected += 1;
    else if (outcome.repeated) this.#counts.repeated += 1;
    else {
      this.#counts.accepted += 1;
      this.#counts.events += outcome.events;
    }
  }

  async #run(): Promise<void> {
    try {
      while (this.queued > 0 || this.#inFlight.length > 0) await this.#advance();
    } catch (error) {
      this.#failAll(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** One round further, or one round's durability. */
  async #advance(): Promise<void> {
    const full = this.#inFlight.length >= this.#limits.roundsInFlightMax;
    if (this.#inFlight.length > 0 && (full || this.queued === 0)) {
      await this.#inFlight[0];
      this.#inFlight = this.#inFlight.slice(1);
      return;
    }
    const prepared = await prepare(this.#context, this.#takeEntries());
    if (!this.#context.log.soleWriter) {
      const { entries, writes } = await decideAmongWriters(this.#context, prepared);
      return this.#settle(entries, this.#append(writes));
    }
    const appended = this.#append(decideAll(this.#context, prepared));
    const settled = this.#settle(prepared, appended, this.#inFlight.at(-1));
    // A failure is thrown where the loop awaits it; until then it must not count as unhandled.
    settled.catch(() => undefined);
    this.#inFlight.push(settled);
  }

  /** The writes are let go with this call: thousands of them would only age while the disk is at work. */
  #append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    return writes.length === 0 ? Promise.resolve([]) : this.#context.log.append(writes);
  }

  #takeEntries(): readonly Entry[] {
    const again = this.#again;
    if (again.length > 0) {
      this.#again = [];
      return again;
    }
    const end = Math.min(this.#queueStart + this.#limits.roundCommandsMax, this.#queue.length);
    const entries = this.#queue.slice(this.#queueStart, end);
    this.#queueStart = end;
    // What was taken is cut off at the end or once it is long enough for the copy to be cheap.
    if (end === this.#queue.length || end >= this.#limits.unansweredCommandsMax) {
      this.#queue = this.#queue.slice(end);
      this.#queueStart = 0;
    }
    return entries;
  }

  async #settle(
    entries: readonly Entry[],
    appended: Promise<readonly AppendOutcome[]>,
    before?: Promise<void>,
  ): Promise<void> {
    const [outcomes] = await Promise.all([appended, before]);
    const conflicts = outcomes.filter((outcome) => outcome.status === 'conflict');
    // Any answer of the round may rest on a write that did not happen.
    const mustRepeat = conflicts.length > 0;
    for (const { ticketId } of conflicts) this.#context.cache.delete(ticketId);
    for (const entry of entries) this.#conclude(entry, outcomes, mustRepeat);
  }

  #conclude(entry: Entry, outcomes: readonly AppendOutcome[], mustRepeat: boolean): void {
    const { outcome, write } = entry;
    const appended = write === undefined ? undefined : outcomes[write];
    if (outcome?.status === 'accepted' && appended?.status === 'appended') {
      outcome.position = appended.position;
      answer(this.#context, entry, outcome);
      return;
    }
    if (write !== undefined) forget(this.#context, entry);
    else if (!mustRepeat && outcome !== undefined) {
      answer(this.#context, entry, outcome);
      return;
    }
    this.#counts.conflicts += 1;
    if (entry.tries <= this.#limits.conflictRetriesMax) {
      // Another writer may have taken an automatic number meanwhile: it must not be tried again.
      dropNumber(entry);
      this.#again.push(entry);
    } else answer(this.#context, entry, this.#contended(entry));
  }

  #contended(entry: Entry): Outcome {
    const { command, ticketId } = entry;
    const message = `other writers changed ticket ${ticketId} at each of ${entry.tries} tries; try again`;
    return reject(
      { code: 'contention', message, tried: command.type, ticketId },
      undefined,
      this.#context.workflows,
    );
  }

  /**
   * The log failed or can not say what it did: nobody can be told that a command happened or that it did not.
   * The engine forgets what it assumed; a log that stopped for good refuses everything from here on.
   */
  #failAll(error: unknown): void {
    if (!(error instanceof Fault) || !error.retry) this.#fault = error;
    this.#queue = [];
    this.#queueStart = 0;
    this.#again = [];
    this.#inFlight = [];
    this.#context.cache.clear();
    this.#context.unanswered.clear();
    for (const submission of this.#submissions) submission.fail(error);
    this.#submissions.clear();
    this.#unanswered = 0;
  }
}

function newEntry(command: Command, submission: Submission, index: number): Entry {
  return {
    command,
    submission,
    index,
    tries: 0,
    digest: undefined,
    sought: false,
    ticketId: undefined,
    newTicketId: undefined,
    numbered: undefined,
    slot: undefined,
    outcome: undefined,
    write: undefined,
    again: undefined,
  };
}
