/**
 * The rows that the log says a read model should have: its fold's writes, put together in memory, and in the
 * end laid beside the rows that are there. It shares with the projector only what a row holds, never a
 * statement that changes one.
 */
import type { Projection, TableWrite } from './projection.ts';
import type { Sql } from './sql.ts';
import { changingColumns, columnNames, type Row, type Table } from './table.ts';

/** Differences that are told in full, for each table; all are counted. */
export const differencesToldMax = 100;

/** Told apart by `kind`; `key` is the row's key by column. */
export type Difference =
  | { readonly kind: 'missing'; readonly table: string; readonly key: object }
  | { readonly kind: 'surplus'; readonly table: string; readonly key: object }
  | {
      readonly kind: 'changed';
      readonly table: string;
      readonly key: object;
      readonly column: string;
      readonly expected: unknown;
      readonly found: unknown;
    };

export class ExpectedRows {
  readonly #sql: Sql;
  /** Rows that may still change, by their key. Those that are only ever added go to the database at once. */
  readonly #rows = new Map<Table<never>, Map<string, Row>>();

  private constructor(sql: Sql, projections: readonly Projection[]) {
    this.#sql = sql;
    for (const table of projections.flatMap((each) => each.tables)) this.#rows.set(table, new Map());
  }

  /** In a transaction that may make temporary tables; they are gone with it. */
  static async begin(
    sql: Sql,
    projections: readonly Projection[],
    nameOf: (table: Table<never>) => string,
  ): Promise<ExpectedRows> {
    for (const table of projections.flatMap((each) => each.tables)) {
      const text = `CREATE TEMPORARY TABLE ${stagingOf(table)} (LIKE ${nameOf(table)}) ON COMMIT DROP`;
      await sql.execute(text);
    }
    return new ExpectedRows(sql, projections);
  }

  async take(writes: readonly TableWrite[]): Promise<void> {
    for (const { kind, table, rows } of writes) {
      switch (kind) {
        case 'append':
          if (table.appendOnly) await this.#store(table, rows);
          else this.#add(table, rows);
          break;
        case 'change':
          this.#change(table, rows);
          break;
        case 'count':
          this.#count(table, rows);
          break;
        case 'expire':
          this.#expire(table, rows);
          break;
        default:
          kind satisfies never;
      }
    }
  }

  /** How many rows differ, and the first of them. To be called once, after everything was taken. */
  async compare(
    nameOf: (table: Table<never>) => string,
  ): Promise<{ readonly count: number; readonly told: readonly Difference[] }> {
    let count = 0;
    const told: Difference[] = [];
    for (const [table, rows] of this.#rows) {
      await this.#store(table, rows.values());
      const differing = differingRows(table, nameOf(table));
      const [total] = await this.#sql.query<{ count: number }>(`SELECT count(*) AS count ${differing}`);
      count += total?.count ?? 0;
      if (total?.count === 0) continue;
      const keys = table.key.join(', ');
      const found = await this.#sql.query<DifferingRow>(
        `SELECT to_jsonb(expected) AS expected, to_jsonb(present) AS found ${differing}
ORDER BY ${keys} LIMIT ${differencesToldMax}`,
      );
      told.push(...found.flatMap((row) => differencesOf(table, row)));
    }
    return { count, told };
  }

  async #store(table: Table<never>, rows: Iterable<Row>): Promise<void> {
    await this.#sql.copyIn(`pg_temp.${stagingOf(table)}`, columnNames(table.columns), rows);
  }

  #add(table: Table<never>, rows: Iterable<Row>): void {
    const expected = this.#of(table);
    const keyOf = keyReader(table, columnNames(table.columns));
    for (const row of rows) expected.set(keyOf(row), row);
  }

  #change(table: Table<never>, rows: Iterable<Row>): void {
    const expected = this.#of(table);
    const names = columnNames(table.columns);
    const changing = columnNames(changingColumns(table));
    const places = changing.map((name) => names.indexOf(name));
    const keyOf = keyReader(table, changing);
    for (const row of rows) {
      const key = keyOf(row);
      const before = expected.get(key);
      if (before === undefined) throw new Error(`${table.name} changes a row ${key} that it never made`);
      const after = [...before];
      for (const [at, place] of places.entries()) after[place] = row[at] ?? null;
      expected.set(key, after);
    }
  }

  #count(table: Table<never>, rows: Iterable<Row>): void {
    const expected = this.#of(table);
    const names = columnNames(table.columns);
    const keyOf = keyReader(table, names);
    for (const row of rows) {
      const key = keyOf(row);
      const before = expected.get(key);
      const add = (value: Row[number], place: number) =>
        table.key.includes(names[place] ?? '') ? value : Number(value) + Number(before?.[place] ?? 0);
      expected.set(key, before === undefined ? row : row.map(add));
    }
  }

  /** Times of our century sort as their texts do. */
  #expire(table: Table<never>, rows: Iterable<Row>): void {
    const expected = this.#of(table);
    const place = columnNames(table.columns).indexOf(table.key[0] ?? '');
    for (const [before] of rows) {
      for (const [key, row] of expected) if (String(row[place]) < String(before)) expected.delete(key);
    }
  }

  #of(table: Table<never>): Map<string, Row> {
    const rows = this.#rows.get(table);
    if (rows === undefined) throw new Error(`bug: ${table.name} is not declared by its projection`);
    return rows;
  }
}

interface DifferingRow {
  readonly expected: Readonly<Record<string, unknown>> | null;
  readonly found: Readonly<Record<string, unknown>> | null;
}

function stagingOf(table: Table<never>): string {
  return `expected_${table.name}`;
}

/** Rows of which one side has none, or another one. */
function differingRows(table: Table<never>, name: string): string {
  return `FROM pg_temp.${stagingOf(table)} AS expected FULL JOIN ${name} AS present USING (${table.key.join(', ')})
WHERE expected.ctid IS NULL OR present.ctid IS NULL OR expected IS DISTINCT FROM present`;
}

function differencesOf(table: Table<never>, { expected, found }: DifferingRow): readonly Difference[] {
  const { name } = table;
  const keyOf = (row: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(table.key.map((column) => [column, row[column]]));
  if (found === null)
    return expected === null ? [] : [{ kind: 'missing', table: name, key: keyOf(expected) }];
  if (expected === null) return [{ kind: 'surplus', table: name, key: keyOf(found) }];
  return Object.keys(expected)
    .filter((column) => JSON.stringify(expected[column]) !== JSON.stringify(found[column]))
    .map((column) => ({
      kind: 'changed',
      table: name,
      key: keyOf(expected),
      column,
      expected: expected[column],
      found: found[column],
    }));
}

function keyReader(table: Table<never>, names: readonly string[]): (row: Row) => string {
  const places = table.key.map((name) => names.indexOf(name));
  return (row) => JSON.stringify(places.map((place) => row[place]));
}
