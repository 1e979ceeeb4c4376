/**
 * One row per ticket, from the read models: `docket.ticket`, and beside it what `docket.ticket_metrics` adds.
 * Which columns there are, PostgreSQL's own catalogue says, so a column that a read model gains is exported
 * without a change here. Rows come through a cursor, all from one snapshot; it must never write.
 */
import { createHash } from 'node:crypto';
import { Fault } from '../../domain/errors.ts';
import type { TicketId } from '../../domain/ticket/values.ts';
import { type Database, instant, type Queries, type Sql, type SqlValue } from '../../projections/sql.ts';
import { ticketProjection } from '../../projections/ticket.ts';
import type { CellValue, ColumnKind, ExportColumn } from './columns.ts';
import { type EventSelection, selectedTicketsMax } from './selection.ts';

/** Rows that are fetched, written and forgotten together. */
const fetchRowsMax = 2_000;

/** Column values in the order of the columns. */
export type CaseRow = Readonly<Record<string, CellValue>>;

export interface CaseRows {
  readonly columns: readonly ExportColumn<CaseRow>[];
  /** How many tickets will come. */
  readonly total: number;
  /** How many events the rows hold: with one partition, the position that they are true at. */
  readonly position: number;
  batches(): AsyncIterable<readonly CaseRow[]>;
}

/** `from` and `to` are about when tickets were opened; positions select events and mean nothing here. */
export type CaseSelection = Pick<EventSelection, 'from' | 'to' | 'workflow' | 'tickets'>;

/** Lends the selected cases to `use`, in order of their id, and answers what it answers. */
export async function withCaseRows<T>(
  database: Database,
  selection: CaseSelection,
  use: (rows: CaseRows) => Promise<T>,
): Promise<T> {
  return database.transaction(
    async (sql) => {
      const columns = await findColumns(sql);
      const { condition, values } = conditionOf(selection);
      const [counted] = await sql.query<{ total: number }>(
        `SELECT count(*) AS total FROM docket.ticket AS ticket WHERE ${condition}`,
        values,
      );
      const list = columns.map((each) => `${each.source} AS "${each.name}"`).join(', ');
      const from = columns.some((each) => each.source.startsWith('metrics.')) ? joined : ticketsAlone;
      const cursor = `DECLARE export NO SCROLL CURSOR FOR
SELECT ${list} FROM ${from} WHERE ${condition} ORDER BY ticket.ticket_id`;
      await sql.execute(cursor, values);
      return use({
        columns,
        total: counted?.total ?? 0,
        position: await positionOf(sql),
        batches: () => fetchAll(sql),
      });
    },
    { mode: 'snapshot' },
  );
}

/**
 * The tickets that a query of the caller's chooses: its first column, in a transaction that can only read.
 * Throws `Fault('input_unreadable')` where that is no text, or there are too many.
 */
export async function queryTickets(database: Database, query: string): Promise<ReadonlySet<TicketId>> {
  const tickets = new Set<TicketId>();
  await database.transaction(
    async (sql) => {
      await declareOne(sql, `DECLARE export NO SCROLL CURSOR FOR ${query.trim().replace(/;$/, '')}`);
      for await (const rows of fetchAll(sql)) {
        for (const row of rows) {
          const [ticketId] = Object.values(row);
          if (typeof ticketId !== 'string') {
            const message = `the query's first column must be a ticket id, which is text; it holds ${JSON.stringify(ticketId)}`;
            throw new Fault('input_unreadable', message);
          }
          tickets.add(ticketId);
        }
        if (tickets.size > selectedTicketsMax) {
          const message = `the query chooses more than ${selectedTicketsMax} tickets; narrow it`;
          throw new Fault('input_unreadable', message);
        }
      }
    },
    { mode: 'snapshot' },
  );
  return tickets;
}

/** Prepared, because such a text can be one statement only: nothing can end the transaction early. */
async function declareOne(sql: Queries, text: string): Promise<void> {
  const name = `docket_export_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
  try {
    await sql.prepared({ name, text }, []);
  } catch (cause) {
    if (cause instanceof Fault || !(cause instanceof Error)) throw cause;
    throw new Fault('input_unreadable', `the query can not be run: ${cause.message}`, { cause });
  }
}

interface CaseColumn extends ExportColumn<CaseRow> {
  /** The column as the query names it. */
  readonly source: string;
}

const ticketsAlone = 'docket.ticket AS ticket';
const joined = `${ticketsAlone} LEFT JOIN docket.ticket_metrics AS metrics USING (ticket_id)`;

async function findColumns(sql: Queries): Promise<readonly CaseColumn[]> {
  // The cast says with its own error that there are no read models yet.
  const found = await sql.query<{ relation: 'ticket' | 'metrics'; name: string; type: string }>(
    `SELECT relation, attname AS name, format_type(atttypid, NULL) AS type
FROM pg_attribute JOIN (VALUES ('docket.ticket'::regclass::oid, 'ticket', 1),
  (to_regclass('docket.ticket_metrics')::oid, 'metrics', 2)) AS of (oid, relation, place) ON oid = attrelid
WHERE attnum > 0 AND NOT attisdropped ORDER BY place, attnum`,
  );
  const columns = new Map<string, CaseColumn>();
  for (const { relation, name, type } of found) {
    if (columns.has(name)) continue;
    const kind = kinds[type];
    const source = `${relation}."${name}"${kind === undefined ? '::text' : ''}`;
    columns.set(name, { name, kind: kind ?? 'text', source, of: (row) => row[name] });
  }
  return [...columns.values()];
}

/** PostgreSQL's types; a value of any other is exported as its text. */
const kinds: Readonly<Record<string, ColumnKind | undefined>> = {
  text: 'text',
  integer: 'integer',
  bigint: 'long',
  'double precision': 'float',
  boolean: 'boolean',
  'timestamp with time zone': 'time',
  jsonb: 'json',
};

function conditionOf({ from, to, workflow, tickets }: CaseSelection) {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const conditions = ['true'];
  if (from !== undefined) conditions.push(`ticket.opened_at >= ${parameter(instant(from))}::timestamptz`);
  if (to !== undefined) conditions.push(`ticket.opened_at < ${parameter(instant(to))}::timestamptz`);
  if (tickets !== undefined) {
    conditions.push(`ticket.ticket_id = ANY(${parameter([...tickets])}::text[])`);
  }
  if (workflow !== undefined) {
    const name = parameter(workflow);
    conditions.push(`(ticket.workflow = ${name} OR starts_with(ticket.workflow, ${name} || '@'))`);
  }
  return { condition: conditions.join(' AND '), values };
}

async function positionOf(sql: Sql): Promise<number> {
  const [found] = await sql.query<{ position: number }>(
    `SELECT coalesce(sum(position), 0)::bigint AS position
FROM docket.projection_checkpoint JOIN docket.projection_build USING (projection, build)
WHERE projection = $1 AND state = 'live'`,
    [ticketProjection.name],
  );
  return found?.position ?? 0;
}

async function* fetchAll(sql: Queries): AsyncGenerator<readonly CaseRow[]> {
  for (;;) {
    const rows = await sql.query<CaseRow>(`FETCH ${fetchRowsMax} FROM export`);
    if (rows.length > 0) yield rows;
    if (rows.length < fetchRowsMax) return;
  }
}
