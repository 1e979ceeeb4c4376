/**
 * Compares the rows that a table should have with those it has, and keeps a bounded sample of what differs.
 * It shares with the projector only the meaning of the columns, never a statement that writes.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Column, type ColumnValue, storedValue, type Table } from './table.ts';

/** Differences that are told in full; all are counted. */
export const differenceSampleMax = 100;

/** Told apart by `kind`; `key` is the row's key, its parts joined by a space. */
export type Difference =
  | { readonly kind: 'missing'; readonly table: string; readonly key: string }
  | { readonly kind: 'surplus'; readonly table: string; readonly key: string }
  | {
      readonly kind: 'changed';
      readonly table: string;
      readonly key: string;
      readonly column: string;
      readonly expected: ColumnValue;
      readonly found: ColumnValue | undefined;
    };

/** A row as PostgreSQL gave it, by column. */
export type FoundRow = Readonly<Record<string, ColumnValue>>;

export class Differences {
  readonly sample: Difference[] = [];
  count = 0;

  add(difference: Difference): void {
    this.count += 1;
    if (this.sample.length < differenceSampleMax) this.sample.push(difference);
  }

  missing<Source>(table: Table<Source>, source: Source): void {
    this.add({ kind: 'missing', table: table.name, key: expectedKey(table, source) });
  }

  surplus(table: Table<never>, found: FoundRow): void {
    this.add({ kind: 'surplus', table: table.name, key: foundKey(table, found) });
  }

  /** Column by column; of numbers, texts, times and JSON, as they are once they are stored. */
  compare<Source>(table: Table<Source>, source: Source, found: FoundRow): void {
    for (const column of table.columns) {
      const expected = storedValue(column.type, column.of(source));
      const value = found[column.name];
      if (expected === value || isDeepStrictEqual(expected, value)) continue;
      const key = expectedKey(table, source);
      this.add({ kind: 'changed', table: table.name, key, column: column.name, expected, found: value });
    }
  }
}

/** The key that this source's row has, in the form of `foundKey`. */
export function expectedKey<Source>(table: Table<Source>, source: Source): string {
  return table.key.map((name) => keyPart(storedKeyPart(table, name, source))).join(' ');
}

export function foundKey(table: Table<never>, found: FoundRow): string {
  return table.key.map((name) => keyPart(found[name])).join(' ');
}

function storedKeyPart<Source>(table: Table<Source>, name: string, source: Source): ColumnValue {
  const column: Column<Source> | undefined = table.columns.find((each) => each.name === name);
  if (column === undefined) throw new Error(`bug: ${table.name} has no column ${name}`);
  return storedValue(column.type, column.of(source));
}

function keyPart(value: ColumnValue | undefined): string {
  return value === undefined || typeof value === 'object' ? JSON.stringify(value) : String(value);
}
