/**
 * OCEL 2.0, as JSON and as SQLite: both hold the same log, keep the rules of the standard that pm4py checks
 * (written anew here), and tell the attributes of every ticket as they were at any time.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { writeOcelJson } from '../../../adapters/exports/ocel-json.ts';
import { writeOcelSqlite } from '../../../adapters/exports/ocel-sqlite.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { randomHistory } from '../../projections/histories.ts';
import { newEvent } from '../../support/events.ts';
import { exportFolder, MemoryOutput, recorded, type SelectOptions, select } from './exporting.ts';

const { folder, remove } = exportFolder();
afterAll(remove);

interface Attribute {
  readonly name: string;
  readonly value: unknown;
  readonly time: string;
}
interface Relationship {
  readonly objectId: string;
  readonly qualifier: string;
}
interface Item {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly attributes: readonly Attribute[];
  readonly relationships: readonly Relationship[];
}
interface Types {
  readonly name: string;
  readonly attributes: readonly { readonly name: string; readonly type: string }[];
}
interface OcelJson {
  readonly events: readonly Item[];
  readonly objects: readonly Item[];
  readonly eventTypes: readonly Types[];
  readonly objectTypes: readonly Types[];
}

const history = randomHistory({ seed: 8, events: 2_000, liveTickets: 40 });
const beginning = '1970-01-01T00:00:00.000Z';

async function jsonOf(events: readonly RecordedEvent[], options: SelectOptions = {}): Promise<OcelJson> {
  const output = new MemoryOutput();
  await writeOcelJson(await select(events, options), output, folder);
  return JSON.parse(output.text);
}

let files = 0;
async function sqliteOf(
  events: readonly RecordedEvent[],
  options: SelectOptions = {},
): Promise<DatabaseSync> {
  files += 1;
  const file = join(folder, `${files}.sqlite`);
  writeFileSync(file, '');
  await writeOcelSqlite(await select(events, options), file);
  return new DatabaseSync(file, { readOnly: true });
}

const selections: readonly [string, SelectOptions][] = [
  ['all events', {}],
  ['the middle of the log', { selection: { fromPosition: 900, toPosition: 1_300 } }],
  ['a few tickets', { selection: { tickets: new Set(['T-3', 'T-9']) } }],
];

describe.each(selections)('OCEL JSON of %s', (_, options) => {
  it('keeps the rules of the standard', async () => {
    const log = await jsonOf(history, options);
    const objects = new Map(log.objects.map((object) => [object.id, object]));
    expect(objects.size).toBe(log.objects.length);
    expect(new Set(log.events.map(({ id }) => id)).size).toBe(log.events.length);
    for (const [items, types] of [
      [log.events, log.eventTypes],
      [log.objects, log.objectTypes],
    ] as const) {
      const known = new Map(
        types.map(({ name, attributes }) => [name, new Set(attributes.map((a) => a.name))]),
      );
      for (const { type, attributes } of items) {
        for (const { name, value } of attributes) {
          expect(typeof value).toBe('string');
          expect(known.get(type)?.has(name), `${type} ${name}`).toBe(true);
        }
      }
      const valueTypes = types.flatMap(({ attributes }) => attributes.map(({ type }) => type));
      const allowed = ['string', 'time', 'integer', 'float', 'boolean'];
      expect(valueTypes.filter((type) => !allowed.includes(type))).toEqual([]);
    }
    for (const { relationships } of [...log.events, ...log.objects]) {
      for (const { objectId, qualifier } of relationships) {
        expect(objects.has(objectId), objectId).toBe(true);
        expect(qualifier).toMatch(/^[a-z_]+$/);
      }
    }
  });

  it('has no event without an object and no object without an event', async () => {
    const log = await jsonOf(history, options);
    const mentioned = new Set(
      log.events.flatMap((event) => event.relationships.map((each) => each.objectId)),
    );
    expect(log.events.filter((event) => event.relationships.length === 0)).toEqual([]);
    expect(log.objects.filter((object) => !mentioned.has(object.id))).toEqual([]);
    expect(log.events.length).toBeGreaterThan(0);
  });

  it('gives every attribute a value from the beginning, and later ones in order', async () => {
    for (const { attributes } of (await jsonOf(history, options)).objects) {
      const seen = new Set<string>();
      for (const { name, time } of attributes) {
        expect(time === beginning).toBe(!seen.has(name));
        seen.add(name);
      }
    }
  });
});

describe('OCEL JSON', () => {
  it('tells every field of every ticket as it was after each event', async () => {
    const log = await jsonOf(history);
    for (const ticket of log.objects.filter(({ type }) => type === 'ticket')) {
      const own = history.filter((event) => event.ticketId === ticket.id);
      const state = replay(ticket.id, own);
      const last = new Map(ticket.attributes.map(({ name, value }) => [name, value]));
      const expected = new Map<string, unknown>([
        ['docket:state', state?.state],
        ['docket:workflow', state?.workflow],
      ]);
      for (const [name, value] of Object.entries(state?.fields ?? {})) {
        expected.set(name, Array.isArray(value) ? JSON.stringify(value) : String(value));
      }
      if (state?.assignee !== undefined) expected.set('docket:assignee', state.assignee);
      if (state?.group !== undefined) expected.set('docket:group', state.group);
      // What was taken back is empty at the end.
      const present = [...last].filter(([, value]) => value !== '');
      expect(new Map(present)).toEqual(expected);
    }
  });

  it('says who was what', async () => {
    const log = await jsonOf(history);
    const relationsOf = (event: RecordedEvent | undefined) =>
      log.events.find(({ id }) => id === `${event?.ticketId}#${event?.revision}`)?.relationships;
    const opened = history.find(({ type }) => type === 'TicketOpened');
    expect(relationsOf(opened)).toEqual([
      { objectId: opened?.ticketId, qualifier: 'subject' },
      { objectId: 'requester/requester-1', qualifier: 'actor' },
      { objectId: expect.stringMatching(/^requester\/r-\d+$/), qualifier: 'requester' },
    ]);
    const offered = history.find(({ type }) => type === 'TicketOffered');
    expect(relationsOf(offered)?.slice(1)).toEqual([
      { objectId: 'system/system-1', qualifier: 'actor' },
      { objectId: 'agent/ada', qualifier: 'candidate' },
    ]);
    const split = history.find(({ type }) => type === 'TicketSplit');
    const child = split?.type === 'TicketSplit' ? split.data.splitOff : '';
    expect(log.objects.find(({ id }) => id === child)?.relationships).toContainEqual({
      objectId: split?.ticketId,
      qualifier: 'split_from',
    });
  });

  it('begins with what a ticket was before a selection that cuts into its life', async () => {
    const events = recorded('T-1', [
      newEvent({ type: 'TicketOpened', data: { fields: { priority: 'low', ocel_time: 'x' } } }),
      newEvent({ type: 'FieldsChanged', data: { fields: { priority: 'high' } } }),
      newEvent({ type: 'FieldsChanged', data: { fields: { priority: null, impact: 2 } } }),
      newEvent({ type: 'FieldsChanged', data: { fields: { priority: 'never' } } }),
    ]);
    const log = await jsonOf(events, { selection: { fromPosition: 3, toPosition: 3 } });
    const [ticket] = log.objects.filter(({ type }) => type === 'ticket');
    const fields = ticket?.attributes.filter(({ name }) => !name.startsWith('docket:'));
    const at = new Date(events[2]?.occurredAt ?? 0).toISOString();
    expect(fields?.toSorted((left, right) => left.name.localeCompare(right.name))).toEqual([
      { name: 'field:ocel_time', value: 'x', time: beginning },
      { name: 'impact', value: '', time: beginning },
      { name: 'impact', value: '2', time: at },
      { name: 'priority', value: 'high', time: beginning },
      { name: 'priority', value: '', time: at },
    ]);
  });
});

function rows(database: DatabaseSync, text: string): readonly Record<string, unknown>[] {
  return database.prepare(text).all();
}

const column = (database: DatabaseSync, text: string) =>
  rows(database, text).map((row) => Object.values(row)[0]);

describe.each(selections)('OCEL SQLite of %s', (_, options) => {
  it('has the tables, columns, keys and references of the standard', async () => {
    using database = await sqliteOf(history, options);
    const tables = column(database, "SELECT name FROM sqlite_master WHERE type = 'table'").map(String);
    const eventTypes = column(database, 'SELECT ocel_type_map FROM event_map_type').map(String);
    const objectTypes = column(database, 'SELECT ocel_type_map FROM object_map_type').map(String);
    const fixed = ['event', 'object', 'event_object', 'object_object', 'event_map_type', 'object_map_type'];
    const ofTypes = [
      ...eventTypes.map((type) => `event_${type}`),
      ...objectTypes.map((type) => `object_${type}`),
    ];
    expect(tables.toSorted()).toEqual([...fixed, ...ofTypes].toSorted());

    const keyOf = (table: string) =>
      column(database, `SELECT name FROM pragma_table_info('${table}') WHERE pk > 0 ORDER BY pk`);
    expect(keyOf('event_map_type')).toEqual(['ocel_type']);
    expect(keyOf('object_map_type')).toEqual(['ocel_type']);
    expect(keyOf('event')).toEqual(['ocel_id']);
    expect(keyOf('object')).toEqual(['ocel_id']);
    expect(keyOf('event_object')).toEqual(['ocel_event_id', 'ocel_object_id', 'ocel_qualifier']);
    expect(keyOf('object_object')).toEqual(['ocel_source_id', 'ocel_target_id', 'ocel_qualifier']);
    for (const type of eventTypes) expect(keyOf(`event_${type}`)).toEqual(['ocel_id']);

    const references = (table: string) =>
      rows(database, `SELECT "from", "table", "to" FROM pragma_foreign_key_list('${table}')`)
        .map((row) => Object.values(row).join(' '))
        .toSorted();
    expect(references('event')).toEqual(['ocel_type event_map_type ocel_type']);
    expect(references('object')).toEqual(['ocel_type object_map_type ocel_type']);
    expect(references('event_object')).toEqual([
      'ocel_event_id event ocel_id',
      'ocel_object_id object ocel_id',
    ]);
    expect(references('object_object')).toEqual([
      'ocel_source_id object ocel_id',
      'ocel_target_id object ocel_id',
    ]);
    for (const type of eventTypes) expect(references(`event_${type}`)).toEqual(['ocel_id event ocel_id']);
    for (const type of objectTypes) expect(references(`object_${type}`)).toEqual(['ocel_id object ocel_id']);
    for (const table of ofTypes) {
      const types = column(
        database,
        `SELECT type FROM pragma_table_info('${table}') WHERE name = 'ocel_time'`,
      );
      expect(types).toEqual(['TIMESTAMP']);
    }
  });

  it('is consistent: every reference leads somewhere, and rows agree between its tables', async () => {
    using database = await sqliteOf(history, options);
    expect(rows(database, 'PRAGMA foreign_key_check')).toEqual([]);
    expect(rows(database, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(
      rows(
        database,
        'SELECT ocel_id FROM event WHERE ocel_id NOT IN (SELECT ocel_event_id FROM event_object)',
      ),
    ).toEqual([]);
    expect(
      rows(
        database,
        'SELECT ocel_id FROM object WHERE ocel_id NOT IN (SELECT ocel_object_id FROM event_object)',
      ),
    ).toEqual([]);
    for (const type of column(database, 'SELECT ocel_type_map FROM event_map_type')) {
      const typed = column(database, `SELECT ocel_id FROM event_${type} ORDER BY 1`);
      expect(typed).toEqual(
        column(database, `SELECT ocel_id FROM event WHERE ocel_type = '${type}' ORDER BY 1`),
      );
    }
    for (const type of column(database, 'SELECT ocel_type_map FROM object_map_type')) {
      const initial = `SELECT ocel_id FROM object_${type} WHERE ocel_changed_field IS NULL ORDER BY 1`;
      const known = `SELECT ocel_id FROM object WHERE ocel_type = '${type}' ORDER BY 1`;
      expect(column(database, initial)).toEqual(column(database, known));
    }
  });

  it('holds what the JSON holds', async () => {
    using database = await sqliteOf(history, options);
    const log = await jsonOf(history, options);
    const inOrder = (values: readonly string[]) => values.toSorted();
    expect(
      inOrder(rows(database, 'SELECT * FROM event_object').map((row) => Object.values(row).join(' '))),
    ).toEqual(
      inOrder(
        log.events.flatMap((event) =>
          event.relationships.map((each) => `${event.id} ${each.objectId} ${each.qualifier}`),
        ),
      ),
    );
    expect(
      inOrder(rows(database, 'SELECT * FROM object_object').map((row) => Object.values(row).join(' '))),
    ).toEqual(
      inOrder(
        log.objects.flatMap((object) =>
          object.relationships.map((each) => `${object.id} ${each.objectId} ${each.qualifier}`),
        ),
      ),
    );
    expect(inOrder(eventAttributesIn(database, log))).toEqual(
      inOrder(
        log.events.flatMap((event) =>
          event.attributes.map(({ name, value }) => `${event.id} ${event.time} ${name} ${value}`),
        ),
      ),
    );
    expect(inOrder(objectAttributesIn(database))).toEqual(
      inOrder(
        log.objects.flatMap((object) =>
          object.attributes.map(({ name, value, time }) => `${object.id} ${time} ${name} ${value}`),
        ),
      ),
    );
  });
});

function eventAttributesIn(database: DatabaseSync, log: OcelJson): readonly string[] {
  return log.eventTypes.flatMap(({ name: type, attributes }) =>
    rows(database, `SELECT * FROM event_${type}`).flatMap((row) =>
      attributes.flatMap(({ name, type: valueType }) => {
        const value = row[name];
        if (value === null) return [];
        const text = valueType === 'boolean' ? String(value === 1) : String(value);
        return [`${row.ocel_id} ${row.ocel_time} ${name} ${text}`];
      }),
    ),
  );
}

/** A first row has all initial values, and each further row the one that changed. */
function objectAttributesIn(database: DatabaseSync): readonly string[] {
  return column(database, 'SELECT ocel_type_map FROM object_map_type').flatMap((type) =>
    rows(database, `SELECT * FROM object_${type}`).flatMap((row) => {
      const { ocel_id: id, ocel_time: time, ocel_changed_field: changed, ...values } = row;
      const present = Object.entries(values).filter(([, value]) => value !== null);
      if (changed !== null) expect(present.map(([name]) => name)).toEqual([changed]);
      return present.map(([name, value]) => `${id} ${time} ${name} ${value}`);
    }),
  );
}
