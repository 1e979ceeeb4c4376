/**
 * The read-model database on a pool of connections: the port of projections/sql.ts, by pg and
 * pg-copy-streams. Every wait has a bound. It must never show a password in a message, and never give a
 * connection back whose state is unknown.
 */
import { once } from 'node:events';
import pg, { type PoolClient, type QueryResult } from 'pg';
import copyStreams from 'pg-copy-streams';
import type {
  Database,
  Prepared,
  Queries,
  Sql,
  SqlValue,
  TransactionOptions,
} from '../../projections/sql.ts';
import { openSession } from './session.ts';
import { type DatabaseObserver, failure, mapped, type Target } from './statements.ts';
import { copyLine, toParameter, typeParsers } from './values.ts';

export interface DatabaseOptions {
  /** Shown in pg_stat_activity, so that an operator can tell the processes apart. */
  readonly applicationName: string;
  readonly connectionsMax?: number;
  /** How long a caller waits for a connection, whether the pool is busy or the server does not answer. */
  readonly connectMsMax?: number;
  /** How long one statement may run, enforced by the server; 0 for no bound (long rebuilds, exports). */
  readonly statementMsMax?: number;
  /** How long a connection may lie idle before it is closed. */
  readonly idleMsMax?: number;
  /** Told of every statement on the shared connections. */
  readonly observer?: DatabaseObserver | undefined;
}

/** The shared connections at present. */
export interface PoolStanding {
  readonly active: number;
  readonly idle: number;
  readonly max: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

export interface PooledDatabase extends Database {
  pool(): PoolStanding;
}

const defaults = {
  connectionsMax: 10,
  connectMsMax: 5_000,
  statementMsMax: 60_000,
  idleMsMax: 30_000,
} as const;

/** Rows are joined to pieces of about this size: fewer are slow, and more only occupy memory. */
const copyPieceCharsMax = 64 * 1024;

/**
 * Opens the database at a `postgres://` URL. Connects when first used; a database that can not be reached
 * then throws `Fault('database_unavailable')`, and the next call tries anew.
 */
export function openDatabase(url: string, options: DatabaseOptions): PooledDatabase {
  const settings = { ...defaults, ...options };
  const place = describe(url);
  const target = { place, observer: options.observer };
  const connection = {
    connectionString: url,
    application_name: settings.applicationName,
    connectionTimeoutMillis: settings.connectMsMax,
    statement_timeout: settings.statementMsMax,
    options: '-c TimeZone=UTC -c DateStyle=ISO',
    keepAlive: true,
    types: typeParsers,
  };
  const pool = new pg.Pool({
    ...connection,
    max: settings.connectionsMax,
    idleTimeoutMillis: settings.idleMsMax,
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined);
  const borrow = async (): Promise<PoolClient> => {
    try {
      return await pool.connect();
    } catch (error) {
      throw failure(error, target);
    }
  };
  let closing: Promise<void> | undefined;
  return {
    query: (text, values) => onLease(borrow, (lease) => queriesOn(lease.client, target).query(text, values)),
    prepared: (statement, values) =>
      onLease(borrow, (lease) => queriesOn(lease.client, target).prepared(statement, values)),
    execute: (text, values) =>
      onLease(borrow, (lease) => queriesOn(lease.client, target).execute(text, values)),
    transaction: (work, transactionOptions) =>
      onLease(borrow, (lease) => inTransaction(lease, target, work, transactionOptions)),
    session: () => openSession(connection, place),
    pool() {
      const { totalCount, idleCount: idle, waitingCount: waiting } = pool;
      return { active: totalCount - idle, idle, max: settings.connectionsMax, waiting };
    },
    close: () => {
      closing ??= pool.end();
      return closing;
    },
  };
}

/** A borrowed connection. After an error it is closed, unless whoever used it knows it to be in order. */
interface Lease {
  readonly client: PoolClient;
  reusable: boolean;
}

async function onLease<T>(borrow: () => Promise<PoolClient>, work: (lease: Lease) => Promise<T>): Promise<T> {
  const client = await borrow();
  // A lent connection reports its loss to its statement and, beside that, as an event nobody else hears.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  const lease: Lease = { client, reusable: false };
  try {
    const result = await work(lease);
    lease.reusable = true;
    return result;
  } catch (error) {
    lease.reusable ||= error instanceof pg.DatabaseError;
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(!lease.reusable);
  }
}

const begin = {
  write: 'BEGIN',
  snapshot: 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
  scratch: 'BEGIN ISOLATION LEVEL REPEATABLE READ',
} as const;

async function inTransaction<T>(
  lease: Lease,
  target: Target,
  work: (sql: Sql) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const { client } = lease;
  const control = queriesOn(client, target);
  await control.execute(begin[options.mode ?? 'write']);
  let open = true;
  const assertOpen = (): void => {
    if (!open) throw new TypeError('This connection was lent for a transaction that has ended.');
  };
  try {
    const result = await work(sqlOn(client, target, assertOpen)).finally(() => {
      open = false;
    });
    const committed = await mapped(target, () => client.query('COMMIT'));
    if (committed.command !== 'COMMIT') {
      // PostgreSQL answers COMMIT with ROLLBACK, and no error, when a failed statement was passed over.
      throw new TypeError(
        'The transaction was rolled back: an error of one of its statements was swallowed.',
      );
    }
    return result;
  } catch (error) {
    lease.reusable = await client.query('ROLLBACK').then(
      () => true,
      () => false,
    );
    throw error;
  }
}

function sqlOn(client: PoolClient, target: Target, assertOpen: () => void): Sql {
  const queries = queriesOn(client, target);
  return {
    query: async (text, values) => {
      assertOpen();
      return queries.query(text, values);
    },
    prepared: async (statement, values) => {
      assertOpen();
      return queries.prepared(statement, values);
    },
    execute: async (text, values) => {
      assertOpen();
      return queries.execute(text, values);
    },
    copyIn: async (table, columns, rows) => {
      assertOpen();
      return copyRows(client, target, table, columns, rows);
    },
  };
}

function queriesOn(client: PoolClient, target: Target): Queries {
  const run = (query: { name?: string; text: string }, values: readonly SqlValue[] = []) =>
    mapped<QueryResult>(target, () => client.query({ ...query, values: values.map(toParameter) }));
  return {
    async query<Row extends object>(text: string, values?: readonly SqlValue[]): Promise<readonly Row[]> {
      return (await run({ text }, values)).rows as Row[];
    },
    async prepared<Row extends object>({ name, text }: Prepared, values: readonly SqlValue[]) {
      return (await run({ name, text }, values)).rows as readonly Row[];
    },
    async execute(text, values) {
      return (await run({ text }, values)).rowCount ?? 0;
    },
  };
}

async function copyRows(
  client: PoolClient,
  target: Target,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly SqlValue[]>,
): Promise<number> {
  const names = columns.map(pg.escapeIdentifier).join(', ');
  const stream = client.query(copyStreams.from(`COPY ${qualified(table)} (${names}) FROM STDIN`));
  const finished = mapped(
    target,
    () => new Promise<void>((resolve, reject) => void stream.once('finish', resolve).once('error', reject)),
  );
  // An error before anyone waits for the end must not count as unhandled; it is thrown when waited for.
  let refused = false;
  finished.catch(() => {
    refused = true;
  });
  const drained = (): Promise<void> => new Promise((resolve) => void stream.once('drain', resolve));
  try {
    let piece = '';
    for (const row of rows) {
      if (row.length !== columns.length) {
        throw new TypeError(`A row for ${table} has ${row.length} values, not ${columns.length}.`);
      }
      piece += copyLine(row);
      if (piece.length < copyPieceCharsMax) continue;
      if (!stream.write(Buffer.from(piece))) await Promise.race([drained(), finished]);
      piece = '';
    }
    stream.end(Buffer.from(piece));
  } catch (error) {
    // A server that has refused has ended the COPY itself, and would not answer another word about it.
    if (!refused) await abandon(stream);
    throw error;
  }
  await finished;
  return stream.rowCount;
}

/** Tells the server that the rows end here and are not wanted, and waits until it has answered. */
async function abandon(stream: copyStreams.CopyStreamQuery): Promise<void> {
  if (stream.destroyed) return;
  const closed = once(stream, 'close').catch(() => undefined);
  stream.destroy();
  await closed;
}

function qualified(table: string): string {
  return table.split('.').map(pg.escapeIdentifier).join('.');
}

/** The place without user and password, for messages. */
function describe(url: string): string {
  if (!URL.canParse(url)) return 'an unreadable URL';
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
