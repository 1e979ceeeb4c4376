/** What a fold's writes leave in its tables, worked out in memory: for tests that need no database. */
import type { TableWrite } from '../../projections/projection.ts';
import type { SqlValue } from '../../projections/sql.ts';
import { changingColumns, columnNames } from '../../projections/table.ts';

export type WrittenRow = Record<string, SqlValue>;

/** Rows by table and key, in order of writing. */
export class WrittenTables {
  readonly #tables = new Map<string, Map<string, WrittenRow>>();

  apply(writes: readonly TableWrite[]): void {
    for (const write of writes) {
      if (write.kind === 'expire') throw new Error('removing rows is not worked out here');
      for (const row of namedRows(write)) this.#write(write, row);
    }
  }

  rows(table: string): readonly WrittenRow[] {
    return [...(this.#tables.get(table)?.values() ?? [])];
  }

  #write({ kind, table }: TableWrite, row: WrittenRow): void {
    const rows = this.#tables.get(table.name) ?? new Map<string, WrittenRow>();
    this.#tables.set(table.name, rows);
    const key = table.key.map((name) => row[name]).join(' ');
    const before = rows.get(key);
    if (kind === 'append' && before !== undefined) throw new Error(`${table.name} ${key} is there already`);
    if (kind === 'change' && before === undefined) throw new Error(`${table.name} ${key} is not there`);
    if (before === undefined) rows.set(key, row);
    else if (kind === 'change') Object.assign(before, row);
    else for (const name of Object.keys(row)) if (!table.key.includes(name)) add(before, name, row[name]);
  }
}

function namedRows(write: TableWrite): readonly WrittenRow[] {
  const columns = write.kind === 'change' ? changingColumns(write.table) : write.table.columns;
  const names = columnNames(columns);
  return [...write.rows].map((row) =>
    Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])),
  );
}

function add(row: WrittenRow, name: string, value: SqlValue | undefined): void {
  row[name] = Number(row[name]) + Number(value);
}
