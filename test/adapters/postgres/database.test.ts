/**
 * The port of projections/sql.ts on a real server: values, bulk load, transactions, and the database gone.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../adapters/postgres/database.ts';
import { Fault } from '../../../domain/errors.ts';
import { instant, type SqlValue } from '../../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await db.database.execute(
    'CREATE TABLE sample (id int8 PRIMARY KEY, body text, tags text[], data jsonb, at timestamptz, yes boolean)',
  );
});
afterAll(async () => {
  await db.drop();
});

interface Sample {
  readonly id: number;
  readonly body: string | null;
  readonly tags: readonly (string | null)[];
  readonly data: object | null;
  readonly at: number | null;
  readonly yes: boolean | null;
}

const columns = ['id', 'body', 'tags', 'data', 'at', 'yes'];
const toRow = (s: Sample): SqlValue[] => [
  s.id,
  s.body,
  s.tags,
  s.data,
  s.at === null ? null : new Date(s.at),
  s.yes,
];

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\t',
      '\n',
      '\r',
      '\\',
      '"',
      "'",
      '\\N',
      '\\.',
      '{',
      '}',
      ',',
      ' ',
      'NULL',
      '\b',
      '\u007f',
    ),
    fc.constantFrom('é', '日', '🎫', '\u2028', '\ufeff'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((text) => text !== '\0'),
  ),
  maxLength: 12,
});
// JSON.parse of Node 24.21 misreads a key that is one escape, such as "\\n", once it has seen the key "\\\\".
const key = nasty.filter((text) => text !== '__proto__' && JSON.stringify(text).length === text.length + 2);
const time = fc.integer({ min: Date.UTC(1700, 0), max: Date.UTC(9000, 0) });
const sample = fc.record({
  body: fc.option(nasty),
  tags: fc.array(fc.option(nasty), { maxLength: 4 }),
  data: fc.option(fc.dictionary(key, fc.oneof(nasty, fc.boolean()))),
  at: fc.option(time),
  yes: fc.option(fc.boolean()),
});

describe('values', () => {
  test('what is copied in or passed as a parameter comes out the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 20 }), async (samples) => {
        const rows: Sample[] = samples.map((s, index) => ({ ...s, data: plain(s.data), id: index }));
        await db.database.execute('TRUNCATE sample');
        const copied = await db.database.transaction((sql) => sql.copyIn('sample', columns, rows.map(toRow)));
        expect(copied).toBe(rows.length);
        expect(await db.database.query('SELECT * FROM sample ORDER BY id')).toEqual(rows);
        await db.database.execute('TRUNCATE sample');
        for (const row of rows) {
          await db.database.execute('INSERT INTO sample VALUES ($1, $2, $3, $4, $5, $6)', toRow(row));
        }
        expect(await db.database.query('SELECT * FROM sample ORDER BY id')).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  test('U+0000 and lone surrogates, which PostgreSQL can not hold, become U+FFFD by both ways', async () => {
    const odd = 'a\0b\ud800c\\u0000';
    const even = 'a\ufffdb\ufffdc\\u0000';
    await db.database.execute('TRUNCATE sample');
    const row = (id: number): SqlValue[] => [id, odd, [odd], { [odd]: odd }, null, null];
    await db.database.transaction((sql) => sql.copyIn('sample', columns, [row(1)]));
    await db.database.execute('INSERT INTO sample VALUES ($1, $2, $3, $4, $5, $6)', row(2));
    const rows = await db.database.query('SELECT body, tags, data FROM sample');
    expect(rows).toEqual(Array(2).fill({ body: even, tags: [even], data: { [even]: even } }));
  });

  test('counts are numbers, times milliseconds, exact decimals and dates text', async () => {
    const [row] = await db.database.query(
      `SELECT count(*) AS n, 9007199254740991::int8 AS most, ARRAY[1, NULL, 3]::int8[] AS list, 1.10::numeric AS exact,
         '2026-03-01'::date AS day, $1::timestamptz AS at, ARRAY[$1::timestamptz] AS times,
         'infinity'::timestamptz AS never, '[1, {"a": null}]'::jsonb AS data, NULL::int8 AS none`,
      [instant(1_234_567_890_123)],
    );
    expect(row).toEqual({
      n: 1,
      most: Number.MAX_SAFE_INTEGER,
      list: [1, null, 3],
      exact: '1.10',
      day: '2026-03-01',
      at: 1_234_567_890_123,
      times: [1_234_567_890_123],
      never: Number.POSITIVE_INFINITY,
      data: [1, { a: null }],
      none: null,
    });
    await expect(db.database.query('SELECT 9007199254740993::int8')).rejects.toBeInstanceOf(RangeError);
    expect(await db.database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('bulk load', () => {
  const numbered = function* (count: number): Generator<SqlValue[]> {
    for (let id = 0; id < count; id++) yield [id, 'x'.repeat(100)];
  };
  const count = async (): Promise<unknown> =>
    (await db.database.query<{ n: number }>('SELECT count(*) AS n FROM sample'))[0]?.n;

  test('takes more rows than any buffer holds, and none', async () => {
    await db.database.execute('TRUNCATE sample');
    const copied = await db.database.transaction((sql) =>
      sql.copyIn('public.sample', ['id', 'body'], numbered(50_000)),
    );
    expect([copied, await count()]).toEqual([50_000, 50_000]);
    expect(await db.database.transaction((sql) => sql.copyIn('sample', ['id'], []))).toBe(0);
  });

  test('a refused row refuses all, with its SQLSTATE, early or late', async () => {
    await db.database.execute('TRUNCATE sample');
    const twice = function* (): Generator<SqlValue[]> {
      yield* numbered(20_000);
      yield [1, 'again'];
      yield* (function* () {
        for (const [id, body] of numbered(20_000)) yield [Number(id) + 30_000, body ?? null];
      })();
    };
    const load = db.database.transaction((sql) => sql.copyIn('sample', ['id', 'body'], twice()));
    await expect(load).rejects.toMatchObject({ code: '23505' });
    await expect(
      db.database.transaction((sql) => sql.copyIn('nowhere', ['id', 'body'], numbered(50_000))),
    ).rejects.toMatchObject({ code: '42P01' });
    expect(await count()).toBe(0);
  });

  test('rows that fail while they are made leave the connection usable and nothing behind', async () => {
    const failing = function* (): Generator<SqlValue[]> {
      yield* numbered(5_000);
      throw new Error('no more');
    };
    for (let i = 0; i < 12; i++) {
      const load = db.database.transaction((sql) => sql.copyIn('sample', ['id', 'body'], failing()));
      await expect(load).rejects.toThrow('no more');
    }
    await expect(
      db.database.transaction((sql) => sql.copyIn('sample', ['id', 'body'], [[1]])),
    ).rejects.toBeInstanceOf(TypeError);
    expect(await count()).toBe(0);
  });
});

describe('transactions', () => {
  test('are rolled back by an error, which comes out as it is', async () => {
    await db.database.execute('TRUNCATE sample');
    const boom = new Error('boom');
    const work = db.database.transaction(async (sql) => {
      expect(await sql.execute('INSERT INTO sample (id) VALUES (1), (2)')).toBe(2);
      throw boom;
    });
    await expect(work).rejects.toBe(boom);
    expect(await db.database.query('SELECT * FROM sample')).toEqual([]);
  });

  test('do not pass for committed when the error of a statement was swallowed', async () => {
    const work = db.database.transaction(async (sql) => {
      await sql.execute('INSERT INTO sample (id) VALUES (1)');
      await sql.execute('INSERT INTO sample (id) VALUES (1)').catch(() => 0);
    });
    await expect(work).rejects.toBeInstanceOf(TypeError);
    expect(await db.database.query('SELECT * FROM sample')).toEqual([]);
  });

  test('in snapshot mode see one state and write nothing', async () => {
    await db.database.transaction(
      async (sql) => {
        const before = await sql.query('SELECT count(*) AS n FROM sample');
        await db.database.execute('INSERT INTO sample (id) VALUES (77)');
        expect(await sql.query('SELECT count(*) AS n FROM sample')).toEqual(before);
      },
      { mode: 'snapshot' },
    );
    const writing = db.database.transaction((sql) => sql.execute('DELETE FROM sample'), { mode: 'snapshot' });
    await expect(writing).rejects.toMatchObject({ code: '25006' });
  });

  test('lend a connection that can not be used afterwards', async () => {
    const lent = await db.database.transaction(async (sql) => ({ sql }));
    await expect(lent.sql.query('SELECT 1')).rejects.toBeInstanceOf(TypeError);
  });
});

describe('a database that is not there', () => {
  const options = { applicationName: 'docket-test', connectMsMax: 500 };
  const faultOf = async (url: string): Promise<Fault> => {
    const database = openDatabase(url, options);
    const error = await database.query('SELECT 1').catch((thrown: unknown) => thrown);
    await database.close();
    expect(error).toBeInstanceOf(Fault);
    return error as Fault;
  };

  test('is a fault that says what to do and shows no password', async () => {
    const wrongPassword = new URL(db.url);
    wrongPassword.password = 'secret';
    const noDatabase = new URL(db.url);
    noDatabase.pathname = '/nowhere';
    const nobodyThere = 'postgresql://u:secret@127.0.0.1:9/x';
    for (const url of [nobodyThere, wrongPassword.href, noDatabase.href]) {
      const fault = await faultOf(url);
      expect([fault.code, fault.retry]).toEqual(['database_unavailable', true]);
      expect(fault.message).not.toContain('secret');
    }
  });

  test('includes a pool with no free connection in time', async () => {
    const database = openDatabase(db.url, { ...options, connectionsMax: 1, connectMsMax: 100 });
    await database.transaction(async () => {
      await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'database_unavailable' });
    });
    await database.close();
  });

  test('includes a connection cut within a transaction; the next call has a new one', async () => {
    const database = openDatabase(db.url, { ...options, connectionsMax: 1 });
    const cut = database.transaction(async (sql) => {
      const [own] = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await db.database.execute('SELECT pg_terminate_backend($1)', [own?.pid ?? 0]);
      await sql.query('SELECT 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.close();
  });

  test('a statement over its time is refused with its own code', async () => {
    const database = openDatabase(db.url, { ...options, statementMsMax: 50 });
    await expect(database.query('SELECT pg_sleep(5)')).rejects.toMatchObject({ code: '57014' });
    await database.close();
  });
});

/** fast-check's dictionaries have no prototype, which `toEqual` minds and nothing else does. */
function plain(data: object | null): object | null {
  return data === null ? null : { ...data };
}
