/**
 * How a read model declares a table: each column once, with its type, what it means, and how its value is
 * taken from what the fold keeps. The DDL, the comments, the rows and the replay check all come from that one
 * declaration, so they can not drift apart. It must not grow beyond this: queries are written as SQL.
 */
import type { EpochMs } from '../domain/ticket/values.ts';
import { earliestStorableMs, instantText } from './instants.ts';
import type { SqlValue } from './sql.ts';

/** The schema that readers use: a view for each table of a read model, and the views on top of them. */
export const schemaName = 'docket';
/** The schema that holds the rows: for each table one per build of its projection, such as `ticket_b1`. */
export const dataSchemaName = 'docket_data';

export type ColumnType = 'text' | 'integer' | 'bigint' | 'boolean' | 'timestamptz' | 'jsonb';

/** A value before it is spelled for PostgreSQL: times are `EpochMs`. */
export type ColumnValue = string | number | boolean | object | null;

export interface Column<Source> {
  readonly name: string;
  readonly type: ColumnType;
  readonly meaning: string;
  readonly nullable: boolean;
  readonly of: (source: Source) => ColumnValue;
}

export interface Table<Source> {
  readonly name: string;
  readonly meaning: string;
  readonly columns: readonly Column<Source>[];
  readonly key: readonly string[];
  /** Columns that never change once a row is there, beside the key: they are not sent again. */
  readonly fixed: readonly string[];
  /** How full PostgreSQL fills a page; the rest is room for new versions of a row beside the old one. */
  readonly fillPercent: number;
  /** Whether rows are only ever added. */
  readonly appendOnly?: true;
  /** Index definitions after `CREATE INDEX ... ON table`, by the name of the index. */
  readonly indexes: Readonly<Record<string, string>>;
}

export type Row = readonly SqlValue[];

/** A column that always has a value. */
export function column<Source>(
  name: string,
  type: ColumnType,
  meaning: string,
  of: (source: Source) => Exclude<ColumnValue, null>,
): Column<Source> {
  return { name, type, meaning, nullable: false, of };
}

/** A column that may be NULL: where `of` answers `undefined`. */
export function optionalColumn<Source>(
  name: string,
  type: ColumnType,
  meaning: string,
  of: (source: Source) => ColumnValue | undefined,
): Column<Source> {
  return { name, type, meaning, nullable: true, of: (source) => of(source) ?? null };
}

/** The name that readers use, whichever build is live. */
export function qualifiedName(table: Pick<Table<never>, 'name'>): string {
  return `${schemaName}.${table.name}`;
}

/** Where the rows of one build are. */
export function buildTableName(table: Pick<Table<never>, 'name'>, build: number): string {
  return `${buildTablePrefix(table)}${build}`;
}

/** What the names of all builds begin with; the number of the build ends them. */
export function buildTablePrefix(table: Pick<Table<never>, 'name'>): string {
  return `${dataSchemaName}.${table.name}_b`;
}

export function columnNames(columns: readonly Column<never>[]): readonly string[] {
  return columns.map((each) => each.name);
}

/** The key and the columns that may change: what a replaced row consists of. */
export function changingColumns<Source>(table: Table<Source>): readonly Column<Source>[] {
  return table.columns.filter((each) => !table.fixed.includes(each.name));
}

/** A row with one value per column, in their order, as `copyIn` and parameters take it. */
export function rowOf<Source>(columns: readonly Column<Source>[], source: Source): Row {
  const row: SqlValue[] = [];
  for (const { type, of } of columns) {
    const value = of(source);
    if (typeof value === 'number' && type === 'timestamptz') row.push(instantText(value));
    else if (type === 'jsonb') row.push(jsonOf(value));
    else row.push(value);
  }
  return row;
}

/** Objects are spelled as JSON where they are sent; everything else would pass for text or for an array. */
function jsonOf(value: ColumnValue): SqlValue {
  if (typeof value === 'string') return JSON.stringify(storedText(value));
  const isObject = typeof value === 'object' && !Array.isArray(value);
  return isObject ? value : JSON.stringify(value);
}

/** What the column holds for this source when it is read back. */
export function storedValue(type: ColumnType, value: ColumnValue): ColumnValue {
  if (typeof value === 'number') return type === 'timestamptz' ? storedTime(value) : value;
  if (typeof value === 'string') return storedText(value);
  return typeof value === 'object' && value !== null ? storedJson(JSON.parse(JSON.stringify(value))) : value;
}

/**
 * The statements that make the table under a full name, its indexes and its comments. The names of the
 * indexes end as `indexSuffix` says, because one schema may hold several builds of a table.
 */
export function createStatements(table: Table<never>, name: string, indexSuffix = ''): readonly string[] {
  const columns = table.columns.map((each) => `${each.name} ${each.type}${each.nullable ? '' : ' NOT NULL'}`);
  const parts = [...columns, `PRIMARY KEY (${table.key.join(', ')})`].join(',\n  ');
  return [
    `CREATE TABLE ${name} (\n  ${parts}\n) WITH (fillfactor = ${table.fillPercent})`,
    ...Object.entries(table.indexes).map(([index, rest]) => indexStatement(index + indexSuffix, name, rest)),
    `COMMENT ON TABLE ${name} IS ${literal(table.meaning)}`,
    ...table.columns.map((each) => `COMMENT ON COLUMN ${name}.${each.name} IS ${literal(each.meaning)}`),
  ];
}

/** Statements without parameters as one text: a table has a comment for each column, and each way is long. */
export function inOneGo(statements: readonly string[]): string {
  return statements.join(';\n');
}

/** A text as an SQL literal, for DDL, which takes no parameters. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function indexStatement(index: string, table: string, rest: string): string {
  const unique = rest.startsWith('UNIQUE ');
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${index} ON ${table} ${unique ? rest.slice(7) : rest}`;
}

function storedTime(time: EpochMs): EpochMs {
  return Math.max(time, earliestStorableMs);
}

/**
 * A text as it is read back. PostgreSQL has neither U+0000 nor lone surrogates; see `SqlValue`. A fold that
 * compares a text with one of its rows must compare it in this form.
 */
export function storedText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\ufffd') : whole;
}

function storedJson(value: unknown): object {
  return mapTexts(value) as object;
}

function mapTexts(value: unknown): unknown {
  if (typeof value === 'string') return storedText(value);
  if (Array.isArray(value)) return value.map(mapTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [storedText(name), mapTexts(item)]));
}
