/**
 * The one command path: load, decide, append, answer. Commands are taken in rounds: each round decides what
 * is queued, in order, and appends it in one call; on a log without other writers, while the round before it
 * is still being made durable. What a round decided is seen by the next at once; it is answered only when the
 * log says that it is durable.
 *
 * Conflicts come from other writers of the same log. The commands concerned, and every answer that rested on
 * them, are then decided again, in their order, before anything newer.
 */
import type { CommandGuard } from './access/guard.ts';
import { decideAmongWriters } from './engine/among-writers.ts';
import { type EngineCounts, noCounts } from './engine/counts.ts';
import { answer, contended, dropNumber, type EngineParts, Entry, type RoundContext } from './engine/entry.ts';
import { appendTelling, type EngineObserver } from './engine/observer.ts';
import { noteDurable, PresentTickets } from './engine/present-tickets.ts';
import { decideAll, forget, prepare } from './engine/round.ts';
import { OpenSubmissions, Submission } from './engine/submission.ts';
import { UnansweredCommands } from './engine/unanswered.ts';
import { unfounded } from './engine/unfounded.ts';
import { Fault } from './errors.ts';
import type { AppendOutcome, CommandSink, Outcome, Write } from './ports.ts';
import { TicketCache } from './ticket/cache.ts';
import type { Command } from './ticket/commands.ts';
import { defaultNumbering, type Numbering, TicketNumbers } from './ticket/numbering.ts';

export const engineLimits = {
  /** Commands that may be waiting for their answer; more are refused with `overloaded`. */
  unansweredCommandsMax: 100_000,
  /** Commands that are decided and appended together: as many as a processor's nearer caches hold. */
  roundCommandsMax: 256,
  /**
   * Rounds decided but not yet durable, where the log has no other writer. Where it has, a round waits for
   * the one before: a conflict would leave it decided on revisions that exist by then, but are somebody
   * else's.
   */
  roundsInFlightMax: 16,
  /** Tickets kept in memory; about 400 bytes each, and their fields. */
  ticketsCachedMax: 200_000,
  /** How often a command is decided again after conflicts. */
  conflictRetriesMax: 8,
};
export type EngineLimits = typeof engineLimits;

export interface EngineOptions extends EngineParts {
  readonly numbering?: Numbering;
  readonly limits?: Partial<EngineLimits>;
  /** A random whole number: keeps callers from choosing ticket ids that collide in the engine's memory. */
  readonly hashSeed?: number;
  /** Told what there is to measure; nobody where absent. */
  readonly observer?: EngineObserver | undefined;
}

export class Engine implements CommandSink {
  /** Tickets as they are now, for readers. */
  readonly present: PresentTickets;
  readonly #limits: EngineLimits;
  readonly #observer: EngineObserver | undefined;
  readonly #context: RoundContext;
  readonly #counts = noCounts();
  /** Submissions with unanswered commands; all of them fail when the log does. */
  readonly #submissions = new OpenSubmissions();
  #unanswered = 0;
  /** Submissions whose commands are not all taken yet, in order; and how many commands that leaves. */
  #queue: Submission[] = [];
  #untaken = 0;
  /** Entries to be decided again, before anything in the queue. */
  #again: Entry[] = [];
  #inFlight: Promise<void>[] = [];
  #running: Promise<void> | undefined;
  #fault: unknown;

  constructor(options: EngineOptions) {
    this.#limits = { ...engineLimits, ...options.limits };
    this.#observer = options.observer;
    this.#context = {
      ...options,
      // A round in flight may not be in the log yet, where its tickets would be looked up again.
      cache: new TicketCache(
        this.#limits.ticketsCachedMax,
        this.#limits.roundsInFlightMax + 1,
        options.hashSeed,
      ),
      numbers: new TicketNumbers(options.numbering ?? defaultNumbering, options.log),
      unanswered: new UnansweredCommands(),
    };
    this.present = new PresentTickets(this.#context, () => this.decidedIsDurable());
  }

  submit(
    commands: readonly Command[],
    guard?: CommandGuard,
    requestId?: string,
  ): Promise<readonly Outcome[]> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    const waiting = this.#unanswered;
    const most = this.#limits.unansweredCommandsMax;
    if (waiting + commands.length > most) {
      const message = `${waiting} commands are waiting and at most ${most} may: send fewer at once, or later`;
      return Promise.reject(new Fault('overloaded', message));
    }
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const submission = new Submission(commands, guard, resolve, reject, this.#onAnswer);
      if (this.#observer !== undefined) submission.note(this.#observer.now(), requestId);
      this.#enqueue(submission);
    });
  }

  /** Resolves when everything submitted so far has been answered. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  get queued(): number {
    return this.#untaken + this.#again.length;
  }

  /** Commands that wait for their answer, queued or on their way. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Why this engine takes nothing more; `undefined` while it works. */
  get failure(): unknown {
    return this.#fault;
  }

  get counts(): Readonly<EngineCounts> {
    return this.#counts;
  }

  /** For snapshots: the tickets in memory, as they will be when everything decided is durable. */
  get tickets(): TicketCache {
    return this.#context.cache;
  }

  /** Resolves when everything decided so far is durable, or was a setback. Throws when the log has failed. */
  async decidedIsDurable(): Promise<void> {
    await this.#inFlight.at(-1);
    if (this.#fault !== undefined) throw this.#fault;
  }

  #enqueue(submission: Submission): void {
    const { length } = submission.commands;
    this.#submissions.add(submission);
    this.#unanswered += length;
    this.#queue.push(submission);
    this.#untaken += length;
    this.#running ??= this.#run();
  }

  readonly #onAnswer = (outcome: Outcome, completed: Submission | undefined): void => {
    this.#unanswered -= 1;
    if (completed !== undefined) {
      this.#submissions.remove(completed);
      this.#observer?.answered(completed.commands.length, completed.sinceMs, completed.requestId);
    }
    if (outcome.status === 'rejected') {
      this.#counts.rejected += 1;
      this.#observer?.rejected(outcome, this.#context.cache.find(outcome.ticketId ?? '')?.workflow);
    } else if (outcome.repeated) this.#counts.repeated += 1;
    else {
      this.#counts.accepted += 1;
      this.#counts.events += outcome.events;
    }
  };

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
    if (writes.length === 0) return Promise.resolve([]);
    return appendTelling(this.#observer, this.#context.log, writes);
  }

  #takeEntries(): readonly Entry[] {
    const again = this.#again;
    if (again.length > 0) {
      this.#again = [];
      return again;
    }
    const entries: Entry[] = [];
    const most = this.#limits.roundCommandsMax;
    let finished = 0;
    for (const submission of this.#queue) {
      const { commands } = submission;
      const end = Math.min(commands.length, submission.taken + most - entries.length);
      for (let index = submission.taken; index < end; index += 1) {
        const command = commands[index];
        if (command !== undefined) entries.push(new Entry(command, submission, index));
      }
      submission.taken = end;
      if (end < commands.length) break;
      finished += 1;
      if (entries.length >= most) break;
    }
    this.#queue.splice(0, finished);
    this.#untaken -= entries.length;
    return entries;
  }

  async #settle(
    entries: readonly Entry[],
    appended: Promise<readonly AppendOutcome[]>,
    before?: Promise<void>,
  ): Promise<void> {
    const [outcomes] = await Promise.all([appended, before]);
    if (outcomes.some(({ status }) => status === 'conflict')) this.#setBack(entries, outcomes);
    else for (const entry of entries) this.#conclude(entry, outcomes);
  }

  /** Some writes of the round did not happen: their commands are decided again, and what rested on them. */
  #setBack(entries: readonly Entry[], outcomes: readonly AppendOutcome[]): void {
    this.#counts.setbacks += 1;
    const mustRepeat = unfounded(this.#context, entries, outcomes);
    for (const outcome of outcomes) {
      if (outcome.status === 'conflict') this.#context.cache.delete(outcome.ticketId);
    }
    for (const entry of entries) {
      if (mustRepeat.has(entry)) this.#repeat(entry);
      else this.#conclude(entry, outcomes);
    }
  }

  #conclude(entry: Entry, outcomes: readonly AppendOutcome[]): void {
    const { outcome, write } = entry;
    const appended = outcomes[write];
    if (outcome?.status === 'accepted' && appended?.status === 'appended') {
      outcome.position = appended.position;
      noteDurable(entry, outcome);
      answer(this.#context, entry, outcome);
    } else if (write < 0 && outcome !== undefined) {
      answer(this.#context, entry, outcome);
    } else {
      forget(this.#context, entry);
      this.#repeat(entry);
    }
  }

  #repeat(entry: Entry): void {
    this.#counts.conflicts += 1;
    if (entry.tries <= this.#limits.conflictRetriesMax) {
      // Another writer may have taken an automatic number meanwhile: it must not be tried again.
      dropNumber(entry);
      this.#again.push(entry);
    } else answer(this.#context, entry, contended(this.#context, entry));
  }

  /**
   * The log failed or can not say what it did: nobody can be told that a command happened or that it did not.
   * The engine forgets what it assumed; a log that stopped for good refuses everything from here on.
   */
  #failAll(error: unknown): void {
    if (!(error instanceof Fault) || !error.retry) this.#fault = error;
    this.#counts.setbacks += 1;
    this.#queue = [];
    this.#untaken = 0;
    this.#again = [];
    this.#inFlight = [];
    this.#context.cache.clear();
    this.#context.unanswered.clear();
    for (const submission of this.#submissions.takeAll()) this.#unanswered -= submission.fail(error);
  }
}
