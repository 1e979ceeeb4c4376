/**
 * What PostgreSQL takes by itself into a table with the columns, keys and indexes of the log: rows of
 * clients, one per transaction, and rows that it makes without any. Nothing is checked, and nobody reads.
 */
import type { Database, Prepared } from '../../projections/sql.ts';
import { liveTicketsCount } from './workloads.ts';

const schema = 'plain';
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

const insertOne: Prepared = {
  name: 'bench_plain_insert',
  text: `INSERT INTO ${schema}.event VALUES ($1, 1, $2, $3, $4, 1, $5, 'TicketHeld', 'incident@1', 'hold/assigned/L0',
  'svc-desk', 'integration', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"reason":"vendor"}')`,
};
const insertMany: Prepared = {
  name: 'bench_plain_rows',
  text: `INSERT INTO ${schema}.event
  SELECT n, 1, $3, $3, 1 + n / ${liveTicketsCount}, 1, 'INC' || lpad((n * ${stride} % ${liveTicketsCount})::text, 7, '0'),
    'TicketHeld', 'incident@1', 'hold/assigned/L0', 'svc-desk', 'integration', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    '{"reason":"vendor"}'
  FROM generate_series($1::bigint, $2::bigint) AS n`,
};

export class PlainTable {
  readonly #database: Database;
  #rows = 0;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Takes the place of what an earlier one left. */
  static async like(database: Database, table: string): Promise<PlainTable> {
    await database.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    await database.execute(`CREATE TABLE ${schema}.event (LIKE ${table} INCLUDING ALL)`);
    return new PlainTable(database);
  }

  async drop(): Promise<void> {
    await this.#database.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  }

  /** Rows per second, one per transaction, on so many connections in closed loops. */
  async insertRate(connections: number, forMs: number, signal: AbortSignal): Promise<number> {
    const before = this.#rows;
    const startedAtMs = performance.now();
    const caller = async () => {
      while (performance.now() - startedAtMs < forMs && !signal.aborted) await this.#insert();
    };
    await Promise.all(Array.from({ length: connections }, caller));
    signal.throwIfAborted();
    return (this.#rows - before) / ((performance.now() - startedAtMs) / 1_000);
  }

  /** Rows per second that the server makes itself, so many in a transaction. */
  async makeRate(rowsAtOnce: number, forMs: number, signal: AbortSignal): Promise<number> {
    const before = this.#rows;
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < forMs) {
      signal.throwIfAborted();
      const from = this.#rows + 1;
      this.#rows += rowsAtOnce;
      await this.#database.prepared(insertMany, [from, this.#rows, Date.now()]);
    }
    return (this.#rows - before) / ((performance.now() - startedAtMs) / 1_000);
  }

  async #insert(): Promise<void> {
    this.#rows += 1;
    const row = this.#rows;
    const ticketId = `INC${String((row * stride) % liveTicketsCount).padStart(7, '0')}`;
    const [now, revision] = [Date.now(), 1 + Math.floor(row / liveTicketsCount)];
    await this.#database.prepared(insertOne, [row, now, now, revision, ticketId]);
  }
}
