/** Cases from the read models of a real PostgreSQL: every column and row of them, and tickets by query. */
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CaseSelection, queryTickets, withCaseRows } from '../../../adapters/exports/case-rows.ts';
import { writeCsv } from '../../../adapters/exports/csv.ts';
import { writeNdjson } from '../../../adapters/exports/ndjson.ts';
import { writeParquet } from '../../../adapters/exports/parquet.ts';
import { project } from '../../projections/databases.ts';
import { randomHistory } from '../../projections/histories.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';
import { lines, MemoryOutput } from './exporting.ts';

const history = randomHistory({ seed: 21, events: 9_000, liveTickets: 60, eventsPerTicket: 4 });
let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
  await project(test.database, history);
});
afterAll(() => test.drop());

type Row = Readonly<Record<string, unknown>>;

async function stored(): Promise<readonly Row[]> {
  return test.database.query<Row>('SELECT * FROM docket.ticket ORDER BY ticket_id');
}

async function exported(selection: CaseSelection = {}) {
  const output = new MemoryOutput();
  const position = await withCaseRows(test.database, selection, async (rows) => {
    await writeNdjson(rows.columns, rows.batches(), output);
    expect(lines(output.text)).toHaveLength(rows.total);
    return rows.position;
  });
  return { position, rows: lines(output.text).map((line): Row => JSON.parse(line)) };
}

const ids = (rows: readonly Row[]) => rows.map(({ ticket_id }) => ticket_id);

describe('cases', () => {
  it('are all tickets with all columns of the read model, and the position they are true at', async () => {
    const { rows, position } = await exported();
    const expected = await stored();
    expect(expected.length).toBeGreaterThan(2_000);
    expect(position).toBe(history.length);
    expect(ids(rows)).toEqual(ids(expected));
    for (const [index, row] of rows.entries()) {
      const own = Object.fromEntries(Object.keys(expected[index] ?? {}).map((name) => [name, row[name]]));
      const times = ['opened_at', 'updated_at', 'resolved_at', 'hold_until', 'offer_expires_at'];
      const text = (name: string, value: unknown) =>
        times.includes(name) && typeof value === 'number' ? new Date(value).toISOString() : value;
      const found = Object.entries(expected[index] ?? {}).map(([name, value]) => [name, text(name, value)]);
      expect(own).toEqual(Object.fromEntries(found));
    }
  });

  it('can be chosen by workflow, by ticket and by when they were opened', async () => {
    const all = await stored();
    const opened = all.map((row) => Number(row.opened_at)).toSorted((left, right) => left - right);
    const [from = 0, to = 0] = [opened[100], opened[900]];
    const within = all.filter((row) => Number(row.opened_at) >= from && Number(row.opened_at) < to);
    expect(ids((await exported({ from, to })).rows)).toEqual(ids(within));
    const incidents = all.filter(({ workflow }) => workflow === 'incident@1');
    expect(ids((await exported({ workflow: 'incident' })).rows)).toEqual(ids(incidents));
    expect((await exported({ workflow: 'inc' })).rows).toEqual([]);
    expect(ids((await exported({ tickets: new Set(['T-2', 'T-7', 'nobody']) })).rows)).toEqual([
      'T-2',
      'T-7',
    ]);
  });

  it('are the same in CSV and Parquet', async () => {
    const { rows } = await exported();
    const [csv, parquet] = [new MemoryOutput(), new MemoryOutput()];
    await withCaseRows(test.database, {}, ({ columns, batches }) => writeCsv(columns, batches(), csv));
    await withCaseRows(test.database, {}, ({ columns, batches }) =>
      writeParquet(columns, batches(), parquet, {}),
    );
    const cells = rows.map((row) =>
      Object.entries(row).map(([, value]) => {
        if (value === null) return '';
        return typeof value === 'object' ? JSON.stringify(value) : String(value);
      }),
    );
    expect(parse(csv.text).slice(1)).toEqual(cells);
    const read = await parquetReadObjects({ file: new Uint8Array(parquet.bytes).buffer });
    const plain = JSON.stringify(read, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
    expect(JSON.parse(plain)).toEqual(rows);
  });

  it('have the columns of ticket_metrics beside those of ticket, each name once', async () => {
    const { rows } = await exported({ tickets: new Set(['T-1', 'T-2', 'T-3']) });
    const metrics = await test.database.query<Row>(
      `SELECT ticket_id, agent_replies, open_ms, status_path FROM docket.ticket_metrics
WHERE ticket_id IN ('T-1', 'T-2', 'T-3') ORDER BY ticket_id`,
    );
    expect(metrics).toHaveLength(3);
    expect(rows).toMatchObject(metrics);
    const names = await withCaseRows(test.database, {}, async ({ columns }) =>
      columns.map(({ name }) => name),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a query for tickets', () => {
  it('chooses those in its first column', async () => {
    const query = 'SELECT ticket_id, opened_at FROM docket.ticket ORDER BY opened_at LIMIT 3000;';
    expect((await queryTickets(test.database, query)).size).toBe((await stored()).length);
    expect(await queryTickets(test.database, "VALUES ('T-2'), ('T-2'), ('T-9')")).toEqual(
      new Set(['T-2', 'T-9']),
    );
  });

  it('can not write, not even by ending the transaction first', async () => {
    const before = await stored();
    const tries = [
      'WITH gone AS (DELETE FROM docket.ticket RETURNING ticket_id) SELECT * FROM gone',
      "SELECT 'T-1'; COMMIT; DELETE FROM docket.ticket",
    ];
    for (const query of tries) {
      await expect(queryTickets(test.database, query)).rejects.toMatchObject({
        code: 'input_unreadable',
        message: expect.stringMatching(/the query can not be run/),
      });
    }
    expect(await stored()).toEqual(before);
  });

  it('must answer with texts', async () => {
    await expect(queryTickets(test.database, 'SELECT 1')).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringMatching(/first column must be a ticket id/),
    });
  });
});
