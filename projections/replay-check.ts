/**
 * Proves that the read models are what the log says: every row is made again from the log, in memory and
 * event by event, and compared with PostgreSQL, all in one snapshot. It uses no batch, no cache and no
 * statement of the projector, so that it can catch the projector's mistakes; it must never write.
 *
 * Memory grows with the number of tickets and of throughput windows, never with the number of events: the
 * timeline is compared while it is read.
 */
import { Fault } from '../domain/errors.ts';
import type { EventReader } from '../domain/ports.ts';
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { TicketId } from '../domain/ticket/values.ts';
import type { Workflows } from '../domain/workflow/registry.ts';
import { type Checkpoint, readCheckpoints } from './checkpoint.ts';
import { type Difference, Differences, expectedKey, type FoundRow, foundKey } from './compare-rows.ts';
import { withStorableTime } from './instants.ts';
import type { Projection } from './projection.ts';
import { readModels } from './read-models.ts';
import type { Database, Queries } from './sql.ts';
import { qualifiedName, type Table } from './table.ts';
import { ThroughputCounts, throughputProjection, throughputTables, windowNames } from './throughput.ts';
import { foldTicket, type TicketEntry, ticketProjection, ticketTable } from './ticket.ts';
import { type TimelineEntry, ticketEventProjection, ticketEventTable } from './ticket-event.ts';

/** Rows fetched at once. */
export const chunkRowsMax = 5_000;

export interface ReplayCheckOptions {
  readonly reader: EventReader;
  readonly database: Database;
  readonly workflows: Workflows;
  readonly onProgress?: (progress: { readonly partition: number; readonly position: number }) => void;
}

export interface ReplayCheckResult {
  readonly ok: boolean;
  /** Events that were replayed, and the tickets that they make. */
  readonly events: number;
  readonly tickets: number;
  readonly differenceCount: number;
  /** At most `differenceSampleMax`. */
  readonly differences: readonly Difference[];
}

/**
 * Compares at the position that each projection had reached when the check began. Throws
 * `Fault('projection_failed')` where an event can not be folded or a checkpoint lies beyond the log.
 */
export async function replayCheck(options: ReplayCheckOptions): Promise<ReplayCheckResult> {
  const { reader, database } = options;
  return database.transaction(
    async (sql) => {
      const checkpoints = await readCheckpoints(sql);
      const replay = new Replay(options, sql);
      for (let partition = 0; partition < reader.partitions; partition += 1) {
        await replay.partition(partition, checkpoints);
      }
      await replay.compareTables();
      const { differences, events, tickets } = replay;
      return {
        ok: differences.count === 0,
        events,
        tickets: tickets.size,
        differenceCount: differences.count,
        differences: differences.sample,
      };
    },
    { mode: 'snapshot' },
  );
}

class Replay {
  readonly differences = new Differences();
  readonly tickets = new Map<TicketId, TicketEntry>();
  events = 0;
  readonly #counts = windowNames.map((window) => new ThroughputCounts(window));
  readonly #options: ReplayCheckOptions;
  readonly #sql: Queries;

  constructor(options: ReplayCheckOptions, sql: Queries) {
    this.#options = options;
    this.#sql = sql;
  }

  /** Replays one partition, up to where each projection has come. */
  async partition(partition: number, checkpoints: readonly Checkpoint[]): Promise<void> {
    const { reader, onProgress } = this.#options;
    const reached = new Map(readModels.map((each) => [each, reachedBy(each, partition, checkpoints)]));
    const end = Math.max(...reached.values());
    if (end > (await reader.head(partition))) {
      throw new Fault('projection_failed', `the read models hold position ${end}, where the log has ended`);
    }
    const upTo = (projection: Projection) => reached.get(projection) ?? 0;
    let position = 0;
    if (end > 0) {
      for await (const batch of reader.read(1, { partition })) {
        const events = batch.filter((event) => event.position <= end).map(withStorableTime);
        for (const event of events) this.#fold(event, upTo);
        await this.#compareTimeline(
          partition,
          position,
          events.filter((event) => event.position <= upTo(ticketEventProjection)),
        );
        position = batch.at(-1)?.position ?? position;
        this.events += events.length;
        onProgress?.({ partition, position: Math.min(position, end) });
        if (position >= end) break;
      }
    }
    const beyond = 'partition = $1 AND (position < 1 OR position > $2)';
    await this.#surplusTimeline(beyond, [partition, upTo(ticketEventProjection)]);
  }

  async compareTables(): Promise<void> {
    await this.#surplusTimeline('partition < 0 OR partition >= $1', [this.#options.reader.partitions]);
    await this.#compareTable(ticketTable, this.tickets.values());
    for (const counts of this.#counts) {
      await this.#compareTable(throughputTables[counts.window], counts.sorted());
    }
  }

  #fold(event: RecordedEvent, upTo: (projection: Projection) => number): void {
    const { ticketId, position } = event;
    const { workflows } = this.#options;
    try {
      if (position <= upTo(ticketProjection)) {
        this.tickets.set(ticketId, foldTicket(this.tickets.get(ticketId), event, workflows));
      }
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `position ${position}, ticket ${ticketId}, can not be replayed: ${why}`;
      throw new Fault('projection_failed', message, { cause });
    }
    if (position <= upTo(throughputProjection)) for (const counts of this.#counts) counts.add(event);
  }

  /** The timeline's rows after `position`, against the events that follow it. */
  async #compareTimeline(
    partition: number,
    position: number,
    events: readonly RecordedEvent[],
  ): Promise<void> {
    for (let start = 0; start < events.length; start += chunkRowsMax) {
      const chunk = events.slice(start, start + chunkRowsMax);
      const first = position + start + 1;
      const found = await this.#sql.query<FoundRow>(
        `SELECT * FROM ${qualifiedName(ticketEventTable)}
WHERE partition = $1 AND position BETWEEN $2 AND $3 ORDER BY position`,
        [partition, first, first + chunk.length - 1],
      );
      const byPosition = new Map(found.map((row) => [row.position, row]));
      for (const event of chunk) {
        const entry: TimelineEntry = { event, where: this.#options.workflows.stateOf(event) };
        const row = byPosition.get(event.position);
        if (row === undefined) this.differences.missing(ticketEventTable, entry);
        else this.differences.compare(ticketEventTable, entry, row);
      }
    }
  }

  /** Counts no more than a chunk of them: rows beyond the end are a sign, not a list to work off. */
  async #surplusTimeline(condition: string, values: readonly number[]): Promise<void> {
    const text = `SELECT * FROM ${qualifiedName(ticketEventTable)} WHERE ${condition} LIMIT ${chunkRowsMax}`;
    for (const row of await this.#sql.query<FoundRow>(text, values)) {
      this.differences.surplus(ticketEventTable, row);
    }
  }

  /** All rows of a table in order of its key, a chunk at a time, against the rows it should have. */
  async #compareTable<Source>(table: Table<Source>, sources: Iterable<Source>): Promise<void> {
    const expected = new Map<string, Source>();
    for (const source of sources) expected.set(expectedKey(table, source), source);
    for await (const row of this.#rowsOf(table)) {
      const key = foundKey(table, row);
      const source = expected.get(key);
      if (source === undefined) this.differences.surplus(table, row);
      else this.differences.compare(table, source, row);
      expected.delete(key);
    }
    for (const source of expected.values()) this.differences.missing(table, source);
  }

  async *#rowsOf(table: Table<never>): AsyncGenerator<FoundRow> {
    const key = table.key.join(', ');
    const types = table.key.map((name) => table.columns.find((each) => each.name === name)?.type);
    const after = table.key.map((_, index) => `$${index + 1}::text::${types[index]}`).join(', ');
    // A time is asked for as text with all its digits: reading on from a rounded one would repeat rows.
    const texts = table.key.map((name) => `${name}::text AS after_${name}`).join(', ');
    let last: FoundRow | undefined;
    for (;;) {
      const where = last === undefined ? '' : `WHERE (${key}) > (${after})`;
      const rows: readonly FoundRow[] = await this.#sql.query<FoundRow>(
        `SELECT *, ${texts} FROM ${qualifiedName(table)} ${where} ORDER BY ${key} LIMIT ${chunkRowsMax}`,
        last === undefined ? [] : table.key.map((name) => last?.[`after_${name}`] ?? null),
      );
      yield* rows;
      last = rows.at(-1);
      if (rows.length < chunkRowsMax) return;
    }
  }
}

function reachedBy(projection: Projection, partition: number, checkpoints: readonly Checkpoint[]): number {
  const { name, version } = projection;
  const own = checkpoints.find(
    (each) => each.projection === name && each.version === version && each.partition === partition,
  );
  if (own === undefined) {
    throw new Fault('projection_failed', `${name} was never projected into this database; run the projector`);
  }
  return own.position;
}
