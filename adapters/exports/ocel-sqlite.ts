/**
 * OCEL 2.0 as an SQLite database: the tables that the standard prescribes, with its keys and references. It
 * is written without a journal, because a database that did not get finished is thrown away whole.
 */
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Fault } from '../../domain/errors.ts';
import { eventAttributes, type OcelEvent, type OcelObject, type OcelWriter, writeOcel } from './ocel.ts';
import type { AttributeType, AttributeValue } from './ocel-model.ts';
import type { SelectedEvents } from './selected-events.ts';
import { timeText } from './text.ts';

/** Attributes of one type of object: each is a column, and SQLite ends at 2,000. */
export const objectAttributesMax = 1_900;
/** Statements kept prepared; every set of attributes that objects begin with has one of its own. */
const statementsMax = 500;
const cacheKib = 65_536;
/** The time that OCEL gives to what an object has from the beginning. */
const beginning = '1970-01-01T00:00:00.000Z';

const independentTables = `
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL);
CREATE TABLE event (
  ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES event_map_type (ocel_type)
) WITHOUT ROWID;
CREATE TABLE object (
  ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES object_map_type (ocel_type)
) WITHOUT ROWID;
CREATE TABLE event_object (
  ocel_event_id TEXT NOT NULL REFERENCES event (ocel_id),
  ocel_object_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL,
  PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier)
) WITHOUT ROWID;
CREATE TABLE object_object (
  ocel_source_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_target_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL,
  PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier)
) WITHOUT ROWID;
`;

const columnTypes: Readonly<Record<AttributeType, string>> = {
  string: 'TEXT',
  time: 'TIMESTAMP',
  integer: 'INTEGER',
  float: 'REAL',
  boolean: 'BOOLEAN',
};

/** Writes into `file`, which must be empty. */
export async function writeOcelSqlite(events: SelectedEvents, file: string): Promise<void> {
  // Events stand before the objects that they refer to, so references are checked by tests, not here.
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  try {
    database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -${cacheKib}; BEGIN;${independentTables}`);
    await writeOcel(events, new SqliteWriter(database), dirname(file));
  } catch (cause) {
    throw isSqliteError(cause)
      ? new Fault('output_unwritable', `${file} can not be written: ${cause.message}`, { cause })
      : cause;
  } finally {
    database.close();
  }
}

class SqliteWriter implements OcelWriter {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #eventTypes = new Map<string, StatementSync>();
  readonly #objectTypes = new Map<string, Set<string>>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  event({ id, type, at, values, relations }: OcelEvent): void {
    this.#run('INSERT INTO event VALUES (?, ?)', id, type);
    const insert = this.#eventTypes.get(type) ?? this.#addEventType(type);
    insert.run(
      id,
      `${timeText(at)}Z`,
      ...eventAttributes(type).map((each, index) => stored(each.type, values[index])),
    );
    for (const each of relations) {
      this.#run('INSERT OR IGNORE INTO event_object VALUES (?, ?, ?)', id, each.id, each.qualifier);
    }
  }

  object({ id, type, initial, changes, links }: OcelObject): void {
    const table = `object_${type}`;
    const names = this.#objectTypes.get(type) ?? this.#addObjectType(type);
    for (const name in initial) if (!names.has(name)) this.#addAttribute(type, names, name);
    this.#run('INSERT INTO object VALUES (?, ?)', id, type);
    const columns = ['ocel_id', 'ocel_time', ...Object.keys(initial).map(quoted)];
    const marks = columns.map(() => '?').join(', ');
    this.#run(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
      id,
      beginning,
      ...Object.values(initial),
    );
    for (const { name, value, at } of changes) {
      const text = `INSERT INTO ${table} (ocel_id, ocel_time, ocel_changed_field, ${quoted(name)}) VALUES (?, ?, ?, ?)`;
      this.#run(text, id, `${timeText(at)}Z`, name, value);
    }
    for (const each of links)
      this.#run('INSERT INTO object_object VALUES (?, ?, ?)', id, each.id, each.qualifier);
  }

  async drain(): Promise<void> {
    // SQLite writes what its cache has no room for; there is nothing to wait for.
  }

  async end(): Promise<void> {
    this.#database.exec('COMMIT');
  }

  #run(text: string, ...values: readonly string[]): void {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      if (this.#statements.size >= statementsMax) this.#statements.clear();
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    statement.run(...values);
  }

  #addEventType(type: string): StatementSync {
    const attributes = eventAttributes(type);
    const columns = attributes.map((each) => `, ${quoted(each.name)} ${columnTypes[each.type]}`).join('');
    this.#run('INSERT INTO event_map_type VALUES (?, ?)', type, type);
    this.#database.exec(`CREATE TABLE event_${type} (
  ocel_id TEXT PRIMARY KEY REFERENCES event (ocel_id), ocel_time TIMESTAMP NOT NULL${columns})`);
    const insert = this.#database.prepare(
      `INSERT INTO event_${type} VALUES (?, ?${', ?'.repeat(attributes.length)})`,
    );
    this.#eventTypes.set(type, insert);
    return insert;
  }

  #addObjectType(type: string): Set<string> {
    this.#run('INSERT INTO object_map_type VALUES (?, ?)', type, type);
    this.#database.exec(`CREATE TABLE object_${type} (
  ocel_id TEXT NOT NULL REFERENCES object (ocel_id), ocel_time TIMESTAMP NOT NULL, ocel_changed_field TEXT)`);
    const names = new Set<string>();
    this.#objectTypes.set(type, names);
    return names;
  }

  /** Which fields tickets have is known only when the last one was seen; SQLite adds a column at once. */
  #addAttribute(type: string, names: Set<string>, name: string): void {
    if (names.size >= objectAttributesMax) {
      const message = `tickets have more than ${objectAttributesMax} different fields, which SQLite has no columns for; export ocel-json`;
      throw new Fault('output_unwritable', message);
    }
    this.#database.exec(`ALTER TABLE object_${type} ADD COLUMN ${quoted(name)} TEXT`);
    names.add(name);
  }
}

function stored(type: AttributeType, value: AttributeValue | undefined): string | number | null {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return type === 'time' && typeof value === 'number' ? `${timeText(value)}Z` : value;
}

/** Names of fields and attributes hold no quotes. */
function quoted(name: string): string {
  return `"${name}"`;
}

function isSqliteError(cause: unknown): cause is Error {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_SQLITE_ERROR';
}
