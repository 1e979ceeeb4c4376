/**
 * The keeper of timers: looks in PostgreSQL for what is due and submits the command of each timer. It holds
 * no timer itself, so nothing is lost when it is killed; it must never decide anything either: a ticket
 * that has moved on refuses the command, and that is the normal way for a timer to end unused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, CommandSink } from '../../domain/ports.ts';
import {
  type DueTimer,
  type TimerKind,
  timerCommand,
  timerKinds,
} from '../../domain/timers/timer-commands.ts';
import { type DuePage, dueTimers, type PageEnd } from '../../projections/due-timers.ts';
import type { Queries } from '../../projections/sql.ts';

export const timerLimits = {
  /** Between one look and the next: how late a timer is woken at most, on an idle machine. */
  lookEveryMs: 1_000,
  /** A command that was refused is tried again after this time: rows may be behind the log. */
  retryAfterMs: 60_000,
  /** Then the timer is left to itself until the server is started again. */
  triesMax: 3,
  /** Timers remembered as tried; the oldest are forgotten first. */
  triedMax: 100_000,
  /** The same trouble is told again after this time only. */
  quietMs: 60_000,
};
export type TimerLimits = typeof timerLimits;

export interface TimerKeeperOptions {
  readonly sink: CommandSink;
  readonly database: Queries;
  readonly clock: Clock;
  readonly onNote: (line: string) => void;
  readonly limits?: Partial<TimerLimits>;
}

interface Tried {
  readonly tries: number;
  readonly atMs: number;
}

export class TimerKeeper {
  readonly #options: TimerKeeperOptions;
  readonly #limits: TimerLimits;
  readonly #stopping = new AbortController();
  readonly #tried = new Map<string, Tried>();
  /** Where the sweep through older timers has come to, for each kind that has more than a page. */
  readonly #sweeps = new Map<TimerKind, PageEnd>();
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #loop: Promise<void> | undefined;

  constructor(options: TimerKeeperOptions) {
    this.#options = options;
    this.#limits = { ...timerLimits, ...options.limits };
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Waits for the look that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /**
   * One look: at the newest due timers of each kind, and at one page of older ones. Answers how many fired.
   */
  async look(): Promise<number> {
    let fired = 0;
    for (const kind of timerKinds) {
      const newest = await this.#page(kind, undefined);
      fired += await this.#fire(newest.timers);
      if (newest.end === undefined) {
        this.#sweeps.delete(kind);
        continue;
      }
      const older = await this.#page(kind, this.#sweeps.get(kind) ?? newest.end);
      fired += await this.#fire(older.timers);
      if (older.end === undefined) this.#sweeps.delete(kind);
      else this.#sweeps.set(kind, older.end);
    }
    return fired;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => this.#tell(error));
      await sleep(this.#limits.lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #page(kind: TimerKind, before: PageEnd | undefined): Promise<DuePage> {
    return dueTimers(this.#options.database, kind, this.#options.clock.now(), before);
  }

  async #fire(timers: readonly DueTimer[]): Promise<number> {
    const commands = timers.map(timerCommand).filter(({ commandId }) => this.#mayTry(commandId));
    if (commands.length === 0) return 0;
    const outcomes = await this.#options.sink.submit(commands);
    const atMs = performance.now();
    let fired = 0;
    for (const [index, { commandId }] of commands.entries()) {
      const outcome = outcomes[index];
      const accepted = outcome?.status === 'accepted';
      if (accepted && !outcome.repeated) fired += 1;
      const tries = accepted ? this.#limits.triesMax : (this.#tried.get(commandId)?.tries ?? 0) + 1;
      this.#remember(commandId, { tries, atMs });
    }
    return fired;
  }

  #mayTry(commandId: string): boolean {
    const tried = this.#tried.get(commandId);
    if (tried === undefined) return true;
    const { triesMax, retryAfterMs } = this.#limits;
    return tried.tries < triesMax && performance.now() - tried.atMs >= retryAfterMs;
  }

  #remember(commandId: string, tried: Tried): void {
    this.#tried.delete(commandId);
    this.#tried.set(commandId, tried);
    if (this.#tried.size <= this.#limits.triedMax) return;
    for (const oldest of this.#tried.keys()) {
      this.#tried.delete(oldest);
      return;
    }
  }

  /** Before the projector has made its tables there is nothing to look at, and nothing wrong. */
  #tell(error: unknown): void {
    if (error instanceof Error && 'code' in error && error.code === '42P01') return;
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < this.#limits.quietMs) return;
    this.#toldAtMs = nowMs;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onNote(`timers could not be looked at (${reason}); trying again`);
  }
}
