/**
 * A journal in PostgreSQL, for several servers that share one log there: appended under a lock, so that
 * positions have no gaps and each entry is bound to the one before it, and looked at each second for what
 * others appended.
 *
 * It must never show an entry that is not committed, and never trust a row whose hash does not fit.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { Clock, Journal, JournalEntry } from '../../domain/ports.ts';
import type { Database, Queries } from '../../projections/sql.ts';
import { type Appended, AppendQueue } from './append-queue.ts';
import { hashBeforeFirst, readLine, textOfRow, writeLine } from './journal-line.ts';
import { readEvent } from './journal-text.ts';

export const postgresJournalBounds = {
  entriesMax: 100_000,
  /** Of one entry as a line. */
  lineBytesMax: 8 * 1024 * 1024,
  /** Appends that wait for the database; more are refused with `overloaded`. */
  appendsWaitingMax: 1_000,
  /** How old what others appended may be when it is told. */
  pollMs: 1_000,
} as const;
export type PostgresJournalBounds = { readonly [Name in keyof typeof postgresJournalBounds]: number };

export interface PostgresJournalOptions<Event> {
  readonly database: Database;
  readonly name: string;
  readonly schema: z.ZodType<Event>;
  readonly clock: Clock;
  /** Told once for each time that the database can not be asked, or holds what can not be. */
  readonly onTrouble?: (error: unknown) => void;
  readonly bounds?: Partial<PostgresJournalBounds>;
}

/** Any number does, as long as nothing else in the database locks it: the letters of "journl". */
const lockKey = 0x6a6f7572;
const selectAfter = {
  name: 'docket_journal_after',
  text: `SELECT position, recorded_at AS "recordedAt", previous, hash, event::text AS event
FROM docket_access.journal WHERE name = $1 AND position > $2 ORDER BY position`,
};
const insert = {
  name: 'docket_journal_insert',
  text: `INSERT INTO docket_access.journal (name, position, recorded_at, previous, hash, event)
VALUES ($1, $2, $3, $4, $5, $6::json)`,
};

interface Row {
  readonly position: number;
  readonly recordedAt: number;
  readonly previous: string;
  readonly hash: string;
  readonly event: string;
}

/** Entries in order, and the hash of the last. */
interface Chain<Event> {
  readonly entries: readonly JournalEntry<Event>[];
  readonly hash: string;
}

/**
 * The database is to be closed afterwards. Throws `Fault`: `database_unavailable`, `journal_damaged`,
 * `input_unreadable` (an event of another release). An append that throws `database_unavailable` may have
 * been committed where the connection was lost during COMMIT: it is then told as if another had appended it.
 */
export async function openPostgresJournal<Event>(
  options: PostgresJournalOptions<Event>,
): Promise<Journal<Event>> {
  await install(options.database);
  const journal = new PostgresJournal(options);
  await journal.look();
  return journal;
}

class PostgresJournal<Event> implements Journal<Event> {
  readonly #options: PostgresJournalOptions<Event>;
  readonly #bounds: PostgresJournalBounds;
  readonly #queue: AppendQueue<Event>;
  readonly #entries: JournalEntry<Event>[] = [];
  readonly #listeners: ((entries: readonly JournalEntry<Event>[]) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  /** What was begun last: appends and looks go one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #hash = hashBeforeFirst;
  #looking = false;
  #troubled = false;
  #closing: Promise<void> | undefined;

  constructor(options: PostgresJournalOptions<Event>) {
    this.#options = options;
    this.#bounds = { ...postgresJournalBounds, ...options.bounds };
    this.#queue = new AppendQueue({
      title: `the journal ${options.name}`,
      schema: options.schema,
      waitingMax: this.#bounds.appendsWaitingMax,
      write: (appends) => this.#inTurn(() => this.#writeGroup(appends)),
    });
    this.#timer = setInterval(() => void this.#poll(), this.#bounds.pollMs);
    this.#timer.unref();
  }

  append(events: readonly Event[]): Promise<readonly JournalEntry<Event>[]> {
    return this.#queue.append(events);
  }

  async read(after = 0): Promise<readonly JournalEntry<Event>[]> {
    if (this.#closing === undefined) await this.look();
    return this.#entries.slice(Math.max(0, after));
  }

  watch(listener: (entries: readonly JournalEntry<Event>[]) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing ??= this.#queue.close().then(() => this.#last.then(() => undefined));
    return this.#closing;
  }

  /** Reads what others appended since the last time. */
  async look(): Promise<void> {
    await this.#inTurn(async () => {
      this.#learn(await this.#chainAfter(this.#options.database));
    });
  }

  /** At most one at a time, however slow the database is. */
  async #poll(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.look();
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled) this.#options.onTrouble?.(error);
      this.#troubled = true;
    } finally {
      this.#looking = false;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #writeGroup(appends: readonly (readonly Event[])[]): Promise<readonly Appended<Event>[]> {
    const { database, name } = this.#options;
    const written = await database.transaction(async (sql) => {
      await sql.execute('SELECT pg_advisory_xact_lock($1, hashtext($2))', [lockKey, name]);
      const others = await this.#chainAfter(sql);
      const answers: Appended<Event>[] = [];
      let own: Chain<Event> = { entries: [], hash: others.hash };
      for (const events of appends) {
        const longer = await this.#insertAll(sql, others, own, events);
        answers.push(longer instanceof Fault ? longer : longer.entries.slice(own.entries.length));
        if (!(longer instanceof Fault)) own = longer;
      }
      return { others, own, answers };
    });
    this.#learn(written.others);
    for (const entry of written.own.entries) this.#entries.push(entry);
    this.#hash = written.own.hash;
    return written.answers;
  }

  /** Inserts all of the events, or none and says why. */
  async #insertAll(
    sql: Queries,
    others: Chain<Event>,
    own: Chain<Event>,
    events: readonly Event[],
  ): Promise<Chain<Event> | Fault> {
    const { clock, name } = this.#options;
    const before = [this.#entries, others.entries, own.entries];
    const count = before.reduce((sum, entries) => sum + entries.length, 0);
    if (count + events.length > this.#bounds.entriesMax) {
      return new Fault(
        'journal_full',
        `the journal ${name} takes at most ${this.#bounds.entriesMax} entries`,
      );
    }
    const last = before.findLast((entries) => entries.length > 0)?.at(-1);
    const recordedAt = Math.max(clock.now(), last?.recordedAt ?? 0);
    const made: { readonly entry: JournalEntry<Event>; readonly previous: string; readonly hash: string }[] =
      [];
    let { hash } = own;
    for (const [index, event] of events.entries()) {
      const entry = { position: count + index + 1, recordedAt, event };
      const line = writeLine(entry, hash);
      if (Buffer.byteLength(line.text) > this.#bounds.lineBytesMax) {
        const message = `an entry of the journal ${name} may have ${this.#bounds.lineBytesMax} bytes`;
        return new Fault('journal_full', message);
      }
      made.push({ entry, previous: hash, hash: line.hash });
      hash = line.hash;
    }
    for (const { entry, ...hashes } of made) {
      const event = JSON.stringify(entry.event);
      await sql.prepared(insert, [name, entry.position, recordedAt, hashes.previous, hashes.hash, event]);
    }
    return { entries: [...own.entries, ...made.map(({ entry }) => entry)], hash };
  }

  async #chainAfter(sql: Queries): Promise<Chain<Event>> {
    const { name, schema } = this.#options;
    const path = `the journal ${name}`;
    const entries: JournalEntry<Event>[] = [];
    let hash = this.#hash;
    for (const row of await sql.prepared<Row>(selectAfter, [name, this.#entries.length])) {
      const position = this.#entries.length + entries.length + 1;
      const line = readLine(textOfRow(row), position, hash);
      if (!line.ok) {
        const message = `entry ${position} of ${path} ${line.wrong}; restore docket_access.journal from a copy`;
        throw new Fault('journal_damaged', message);
      }
      entries.push({ ...line.entry, event: readEvent(line.entry.event, { path, schema, position }) });
      hash = line.hash;
    }
    return { entries, hash };
  }

  #learn({ entries, hash }: Chain<Event>): void {
    if (entries.length === 0) return;
    for (const entry of entries) this.#entries.push(entry);
    this.#hash = hash;
    for (const listener of this.#listeners) listener(entries);
  }
}

/** Makes the table where there is none: of several servers that start at once, each finds it whole. */
async function install(database: Database): Promise<void> {
  if (await isInstalled(database)) return;
  const statements = await readFile(join(import.meta.dirname, 'sql', 'journal.sql'), 'utf8');
  await database.transaction(async (sql) => {
    await sql.execute('SELECT pg_advisory_xact_lock($1, 0)', [lockKey]);
    if (!(await isInstalled(sql))) await sql.execute(statements);
  });
}

async function isInstalled(sql: Queries): Promise<boolean> {
  const [found] = await sql.query<{ there: boolean }>(
    `SELECT EXISTS (
  SELECT FROM pg_tables WHERE schemaname = 'docket_access' AND tablename = 'journal') AS there`,
  );
  return found?.there === true;
}
