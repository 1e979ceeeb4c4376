/**
 * Commits one batch at a time and tells the truth about it, also when the connection breaks on the way: then
 * it connects anew, waits until the server has ended the old connection's work, and looks up what became of
 * it. What was not appended is sent again. All of that within a bound; beyond it nobody knows, and callers
 * are told so.
 *
 * It must never send a batch again that may still be committed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../domain/errors.ts';
import type { AppendOutcome, Clock, SyncObserver } from '../../../domain/ports.ts';
import type { Database } from '../../../projections/sql.ts';
import type { Batch } from './batch.ts';
import { AppendConnection } from './connection.ts';

/** How long a batch waits for a database that is away, until its calls fail. */
export const outageMsMaxDefault = 30_000;
const retryMsMin = 20;
const retryMsMax = 1_000;

export class Committer {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #outageMsMax: number;
  readonly #onSync: SyncObserver | undefined;
  #connection: AppendConnection | undefined;
  /** A connection that broke while it was committing, and whose batch's fate is not known yet. */
  #broken: AppendConnection | undefined;

  constructor(database: Database, clock: Clock, outageMsMax: number, onSync?: SyncObserver) {
    this.#database = database;
    this.#clock = clock;
    this.#outageMsMax = outageMsMax;
    this.#onSync = onSync;
  }

  /** Connects at once, so that a database that is not there is told of when the log is opened. */
  async start(): Promise<void> {
    this.#connection = await AppendConnection.open(this.#database);
  }

  /**
   * Throws a RangeError where the server refuses what the batch holds, `database_unavailable` where nobody
   * knows what became of it, `log_failed` where the server refuses to append at all.
   */
  async commit(batch: Batch): Promise<readonly AppendOutcome[]> {
    const patience = new Patience(this.#outageMsMax);
    this.#broken = undefined;
    for (;;) {
      try {
        this.#connection ??= await AppendConnection.open(this.#database);
        const connection = this.#connection;
        if (this.#broken !== undefined) {
          const found = await connection.findOut(this.#broken, batch, () => patience.pause());
          this.#broken = undefined;
          if (found !== undefined) return found;
        }
        return await this.#send(connection, batch);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'database_unavailable') throw error;
        await this.#connection?.close();
        this.#connection = undefined;
        await patience.pause(error);
      }
    }
  }

  async stop(): Promise<void> {
    await this.#connection?.close();
  }

  async #send(connection: AppendConnection, batch: Batch): Promise<readonly AppendOutcome[]> {
    try {
      const sinceMs = performance.now();
      const outcomes = await connection.append(batch, this.#clock.now());
      this.#onSync?.(performance.now() - sinceMs, batch.bytes);
      return outcomes;
    } catch (error) {
      // An error of the server means that nothing was appended, unless it was the end of the connection.
      if (!(error instanceof Fault) && (await connection.answers())) throw refusal(error, batch);
      this.#broken = connection;
      if (error instanceof Fault) throw error;
      throw new Fault('database_unavailable', 'the connection ended while it appended', { cause: error });
    }
  }
}

/** Growing pauses up to a bound in all. */
class Patience {
  readonly #until: number;
  #pauseMs = retryMsMin;

  constructor(msMax: number) {
    this.#until = performance.now() + msMax;
  }

  /** Throws `database_unavailable` when the time is up. */
  async pause(cause?: Fault): Promise<void> {
    if (performance.now() + this.#pauseMs > this.#until) {
      const message = 'PostgreSQL was away for too long; what was being appended may have been or not';
      throw new Fault('database_unavailable', message, { cause });
    }
    await sleep(this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, retryMsMax);
  }
}

/** By SQLSTATE class: what the server can not store, what it can not do now, and what it should never say. */
function refusal(error: unknown, batch: Batch): unknown {
  const code = sqlState(error);
  const sqlClass = code.slice(0, 2);
  const cause = { cause: error };
  if (sqlClass === '22' || sqlClass === '54') {
    if (batch.callCount === 1) return new RangeError(`PostgreSQL can not store the events (${code})`, cause);
    const message = `one of ${batch.callCount} calls can not be stored (${code}), so none of them was; try again`;
    return new Fault('database_unavailable', message, cause);
  }
  if (['40', '53', '55', '57'].includes(sqlClass)) {
    return new Fault('database_unavailable', `PostgreSQL can not append now (${code}); try again`, cause);
  }
  return new Fault('log_failed', `PostgreSQL refuses to append (${code})`, cause);
}

function sqlState(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return 'no code';
  return String(error.code);
}
