/**
 * Reading the log in PostgreSQL: in order, one ticket of it, and live; by the writer and by any other
 * process.
 *
 * Positions have no gaps and become visible in their order (see append-all.sql), so following is nothing but
 * asking for what comes after the last position: no other transaction, however long it stays open, can hide
 * an event for a while or hold a follower up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../domain/errors.ts';
import type { EventReader, ReadOptions } from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import type { Database, Prepared } from '../../../projections/sql.ts';
import { assertContiguous, type EventRow, eventColumns, eventOf } from './event-rows.ts';
import { Gathered } from './gathered.ts';
import { isInstalled } from './install.ts';
import { toStorable } from './storable-text.ts';
import { WakeUps } from './wake-ups.ts';

export const readBatchEventsMaxDefault = 1_024;
/** Rows of one statement: a larger batch is put together from several. */
const statementRowsMax = 8_192;
/** How long a live reader tries to reach a database that is away before it gives up. */
export const outageMsMax = 60_000;
const retryMs = 250;

const selectRange: Prepared = {
  name: 'docket_log_range',
  text: `SELECT ${eventColumns} FROM docket_log.event AS e
WHERE e.position >= $1 AND e.position < $2 ORDER BY e.position`,
};
const selectHead: Prepared = {
  name: 'docket_log_head',
  text: 'SELECT coalesce((SELECT position FROM docket_log.event ORDER BY position DESC LIMIT 1), 0) AS head',
};
const selectTickets: Prepared = {
  name: 'docket_log_tickets',
  text: `SELECT ${eventColumns} FROM unnest($1::text[]) AS wanted (ticket_id), LATERAL (
  SELECT * FROM docket_log.event AS one WHERE one.ticket_id = wanted.ticket_id ORDER BY one.revision
) AS e`,
};

/** Opens the log of a database for reading. Throws `input_unreadable` where the database has none. */
export async function openPostgresReader(database: Database): Promise<PostgresReader> {
  if (await isInstalled(database)) return new PostgresReader(database);
  throw new Fault(
    'input_unreadable',
    'there is no log in this database: `docket serve --log postgres` makes one',
  );
}

export class PostgresReader implements EventReader {
  readonly partitions = 1;
  readonly #database: Database;
  readonly #wakeUps: WakeUps;
  readonly #tickets: Gathered<RecordedEvent[]>;
  #closed = false;

  /** The database stays the caller's, to be closed after the reader. */
  constructor(database: Database) {
    this.#database = database;
    this.#wakeUps = new WakeUps(database);
    this.#tickets = new Gathered((ids) => this.#findTickets(ids));
  }

  async *read(from: number, options: ReadOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    assertPartition(options.partition);
    if (!(from >= 1)) throw new RangeError(`positions begin at 1, not ${from}`);
    const { live = false, signal, batchEventsMax = readBatchEventsMaxDefault } = options;
    const end = live ? Number.POSITIVE_INFINITY : (await this.head()) + 1;
    this.assertOpen();
    for (let next = from; next < end && signal?.aborted !== true && !this.#closed; ) {
      const upTo = Math.min(next + batchEventsMax, end);
      const batch = live ? await this.#patiently(next, upTo, signal) : await this.#range(next, upTo);
      if (batch.length > 0) {
        next += batch.length;
        yield batch;
      } else if (live) await this.#wakeUps.beyond(next - 1, signal);
      else throw new Fault('log_damaged', `docket_log.event has no position ${next}, but later ones`);
    }
  }

  async readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    this.assertOpen();
    return (await this.#tickets.get(ticketId)) ?? [];
  }

  async head(partition?: number): Promise<number> {
    assertPartition(partition);
    this.assertOpen();
    const [row] = await this.#database.prepared<{ head: number }>(selectHead, []);
    return row?.head ?? 0;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#wakeUps.close();
  }

  assertOpen(): void {
    if (this.#closed) throw new Fault('log_closed', 'the log was closed');
  }

  /** From `from` on, before `end`; fewer or none where the log ends. */
  async #range(from: number, end: number): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for (let next = from; next < end; ) {
      const upTo = Math.min(next + statementRowsMax, end);
      const rows = await this.#database.prepared<EventRow>(selectRange, [next, upTo]);
      assertContiguous(rows, next);
      for (const row of rows) events.push(eventOf(row));
      if (rows.length < upTo - next) break;
      next = upTo;
    }
    return events;
  }

  /** As `#range`, but a database that is away for a while is waited for. */
  async #patiently(
    from: number,
    end: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly RecordedEvent[]> {
    const giveUpAt = performance.now() + outageMsMax;
    for (;;) {
      try {
        return await this.#range(from, end);
      } catch (error) {
        if (signal?.aborted === true || this.#closed) return [];
        if (!(error instanceof Fault) || !error.retry || performance.now() > giveUpAt) throw error;
        await sleep(retryMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      }
    }
  }

  async #findTickets(ids: readonly TicketId[]): Promise<ReadonlyMap<TicketId, RecordedEvent[]>> {
    const wanted = [...new Set(ids)].map(toStorable);
    const rows = await this.#database.prepared<EventRow>(selectTickets, [wanted]);
    return Map.groupBy(rows.map(eventOf), (event) => event.ticketId);
  }
}

function assertPartition(partition: number | undefined): void {
  if (partition !== undefined && partition !== 0) throw new RangeError(`no partition ${partition}`);
}
