/**
 * How values travel between Docket and PostgreSQL, as `SqlValue` in projections/sql.ts promises: parameters
 * in, COPY text in, column values out. It must never round a number or drop a row silently.
 */
import { types } from 'pg';
import type { SqlValue } from '../../projections/sql.ts';

type Parse = (text: string) => unknown;

/** The type parsers for a connection: PostgreSQL's own ids of types, see pg_type.dat. */
export const typeParsers = {
  getTypeParser(typeId: number, format?: 'text' | 'binary'): Parse {
    return (format !== 'binary' && parserByType.get(typeId)) || types.getTypeParser(typeId, format);
  },
} as typeof types;

/** A parameter in the form that the driver passes on unchanged. */
export function toParameter(value: SqlValue | undefined): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return arrayLiteral(value);
  return jsonText(value);
}

/** One row in COPY's text format, with its line end. */
export function copyLine(row: readonly SqlValue[]): string {
  let line = '';
  for (let i = 0; i < row.length; i++) {
    if (i > 0) line += '\t';
    const value = row[i];
    if (typeof value === 'string') line += copyAttention.test(value) ? escapeCopy(storable(value)) : value;
    else if (typeof value === 'number') line += value;
    else if (value === null || value === undefined) line += '\\N';
    else line += escapeCopy(textOf(value));
  }
  return `${line}\n`;
}

// One look at nearly every text: what COPY takes for structure, and what PostgreSQL can not hold.
const copyAttention = /[\\\t\n\r\0\ud800-\udfff]/;
// Only these four can be taken for structure by COPY; every other control character passes as itself.
const copySpecial = /[\\\t\n\r]/;
const copySpecials = /[\\\t\n\r]/g;
const copyEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

function escapeCopy(text: string): string {
  return copySpecial.test(text)
    ? text.replace(copySpecials, (character) => copyEscapes[character] ?? character)
    : text;
}

/** The text form of a value that is not NULL: what PostgreSQL's input functions read. */
function textOf(value: Exclude<SqlValue, null>): string {
  switch (typeof value) {
    case 'string':
      return storable(value);
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      if (value instanceof Date) return value.toISOString();
      if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
      return Array.isArray(value) ? arrayLiteral(value) : jsonText(value);
    default:
      return String(value);
  }
}

/** `{"a","b",NULL}`; every item is quoted, so that only quotes and backslashes have to be escaped. */
function arrayLiteral(items: readonly SqlValue[]): string {
  const parts = items.map((item) => {
    if (item === null || item === undefined) return 'NULL';
    if (Array.isArray(item)) return arrayLiteral(item);
    return `"${textOf(item).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${parts.join(',')}}`;
}

/** PostgreSQL has no U+0000, and UTF-8 has no lone surrogates. */
function storable(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\ufffd') : whole;
}

/**
 * JSON as jsonb takes it. `JSON.stringify` writes U+0000 and lone surrogates, and no other surrogates, as
 * \u escapes. Pairs of backslashes are matched first so that an escaped backslash before a `u` stays.
 */
function jsonText(value: object): string {
  const text = JSON.stringify(value);
  if (!text.includes('\\u')) return text;
  return text.replace(/\\\\|\\u0000|\\ud[89a-f][0-9a-f]{2}/gi, (match) =>
    match === '\\\\' ? match : '\ufffd',
  );
}

const typeIds = {
  int8: 20,
  int8Array: 1016,
  date: 1082,
  dateArray: 1182,
  timestamp: 1114,
  timestampArray: 1115,
  timestamptz: 1184,
  timestamptzArray: 1185,
  interval: 1186,
  intervalArray: 1187,
  textArray: 1009,
} as const;

// The driver's types list its built-in ids only, without arrays, though it has parsers for them.
const typeParserOf = types.getTypeParser as (typeId: number) => Parse;
const asIs: Parse = (text) => text;
const textItems: Parse = typeParserOf(typeIds.textArray);
const driverTimestamptz: Parse = typeParserOf(typeIds.timestamptz);

const parserByType: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [typeIds.int8, safeInteger],
  [typeIds.int8Array, itemsAs(safeInteger)],
  [typeIds.timestamptz, epochMs],
  [typeIds.timestamptzArray, itemsAs(epochMs)],
  [typeIds.date, asIs],
  [typeIds.dateArray, textItems],
  [typeIds.timestamp, asIs],
  [typeIds.timestampArray, textItems],
  [typeIds.interval, asIs],
  [typeIds.intervalArray, textItems],
]);

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${text} is beyond the integers that are exact here; select it as text`);
  }
  return value;
}

/** The driver's parser knows BC, infinity and offsets; it answers a Date or a number. */
function epochMs(text: string): number {
  return Number(driverTimestamptz(text));
}

function itemsAs(parse: Parse): Parse {
  const parseItem = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(parseItem);
    return typeof item === 'string' ? parse(item) : item;
  };
  return (text) => parseItem(textItems(text));
}
