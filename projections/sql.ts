/**
 * The port to the read-model database: what projections and the projector may ask of it, in words of no
 * vendor. Values have one meaning in both directions (see `SqlValue`), so that a fold never has to know how
 * a driver spells a time or a count. It must never grow a query builder: projections own their SQL.
 */

/**
 * A value as it goes in, through a parameter or a copied row.
 *
 * | in | column |
 * |---|---|
 * | string | text and everything that has a text form: enumerations, intervals, numeric, dates |
 * | number, bigint | integers and floats; never a time: use `instant` |
 * | boolean, null, Uint8Array | boolean, NULL, bytea |
 * | Date | timestamptz |
 * | array | a PostgreSQL array; an array meant for a jsonb column is passed as `JSON.stringify(array)` |
 * | any other object | jsonb |
 *
 * PostgreSQL can hold neither U+0000 nor lone surrogates in text or jsonb; both are stored as U+FFFD. The
 * log keeps what was said; one odd character must not stop a projection.
 *
 * And out: int8 is a number (beyond 2^53 an error, never a rounded figure), numeric is a string because it
 * is exact, timestamptz is milliseconds since the epoch (`EpochMs`; finer digits are dropped, infinity is
 * ±Infinity), date, time and timestamp without zone are strings, jsonb is the parsed value.
 */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Date
  | readonly SqlValue[]
  | object;

/** A name belongs to one text for as long as a process lives. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/**
 * Statements on one connection, one after the other: the next begins when the last has answered.
 *
 * A refused statement throws an error whose `code` is the SQLSTATE. A lost or absent database throws
 * `Fault('database_unavailable')`.
 */
export interface Queries {
  /** The rows of a statement, with the column names as keys. */
  query<Row extends object>(text: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /**
   * As `query`, for statements that come often: each connection keeps the plan under the statement's name.
   */
  prepared<Row extends object>(statement: Prepared, values: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Runs a statement and answers how many rows it inserted, changed or deleted. */
  execute(text: string, values?: readonly SqlValue[]): Promise<number>;
}

/** One connection, inside the transaction that lent it, and of no use after it. */
export interface Sql extends Queries {
  /**
   * Bulk load with COPY, the fastest way in. Answers the number of rows. `rows` is pulled only as fast as
   * the server takes them, so it may be a generator over any amount; each row has one value per column.
   * `table` may be schema-qualified (`schema.table`); names are quoted here.
   */
  copyIn(table: string, columns: readonly string[], rows: Iterable<readonly SqlValue[]>): Promise<number>;
}

export interface TransactionOptions {
  /**
   * `write` (the default) is READ COMMITTED. `snapshot` is REPEATABLE READ, READ ONLY: every statement sees
   * the same state, so that an answer and the position it is true at belong together. `scratch` is the same
   * but for temporary tables, which it may make and fill.
   */
  readonly mode?: 'write' | 'snapshot' | 'scratch';
}

/**
 * A connection of one's own, for what belongs to a connection: notifications, locks of the session, and
 * statements that are prepared once. It is not mended when it breaks: whoever holds it must know.
 */
export interface Session extends Queries {
  /** Calls `heard` for each notification on the channel, from the time this resolves until the end. */
  listen(channel: string, heard: (payload: string) => void): Promise<void>;
  /** Resolves, and never rejects, when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Waits for the statement under way. May be called twice. */
  close(): Promise<void>;
}

/** The database, through a bounded number of connections. Each `query` may use another one. */
export interface Database extends Queries {
  /** A connection beside those that are shared; it lives until it is closed or lost. */
  session(): Promise<Session>;
  /**
   * Runs `work` in a transaction: committed when it resolves, rolled back when it throws, and the error is
   * thrown on. When the connection is lost during COMMIT the outcome is unknown and the call throws
   * `Fault('database_unavailable')`: a writer must be able to recognise its own work, as a checkpoint does.
   */
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Waits for running statements, then closes every connection. May be called twice. */
  close(): Promise<void>;
}

/** Milliseconds since the epoch as the text of a timestamptz. */
export function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
