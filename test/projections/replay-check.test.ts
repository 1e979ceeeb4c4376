/** The replay check must find every kind of tampering, in every table, and nothing where there is none. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from '../../projections/read-models.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { shortSla } from '../support/sla.ts';
import { check, forgetReadModels, project } from './databases.ts';
import { randomHistory } from './histories.ts';

const events = randomHistory({ seed: 5, events: 1_500, liveTickets: 30, sla: shortSla });
let test: TestDatabase;

beforeAll(async () => {
  test = await testDatabase();
});
beforeEach(async () => {
  await forgetReadModels(test.database);
  await project(test.database, events);
});
afterAll(() => test.drop());

const changes: readonly (readonly [table: string, column: string, value: string])[] = [
  ['ticket', 'assignee', "'nobody'"],
  ['ticket', 'fields', `'{"priority": "odd"}'`],
  ['ticket', 'updated_at', "updated_at + interval '1 millisecond'"],
  ['ticket_event', 'occurred_at', "occurred_at - interval '1 day'"],
  ['ticket_event', 'data', `'{"body": "changed"}'`],
  ['ticket_metrics', 'open_ms', 'open_ms + 1'],
  ['ticket_metrics', 'first_resolved_at', 'now()'],
  ['throughput_second', 'transitions', 'transitions + 1'],
  ['throughput_day', 'transitions', '0'],
];

const tables = readModels.flatMap((each) => each.tables.map(({ name }) => name));

/** The rows behind what readers see. */
function rowsOf(table: string): string {
  return `docket_data.${table}_b1`;
}

describe('a replay check', () => {
  it('finds nothing where nothing was changed', async () => {
    expect(await check(test.database, events)).toMatchObject({
      ok: true,
      events: 1_500,
      differenceCount: 0,
      differences: [],
    });
  });

  it.each(changes)('finds a changed row: %s.%s', async (table, column, value) => {
    await test.database.execute(
      `UPDATE ${rowsOf(table)} SET ${column} = ${value} WHERE ctid = (SELECT ctid FROM ${rowsOf(table)} LIMIT 1)`,
    );
    const result = await check(test.database, events);
    expect(result).toMatchObject({ ok: false, differenceCount: 1 });
    expect(result.differences[0]).toMatchObject({ kind: 'changed', table, column });
    expect(Object.keys(result.differences[0] ?? {})).toEqual(
      expect.arrayContaining(['key', 'expected', 'found']),
    );
  });

  it.each(tables)('finds a deleted row: %s', async (table) => {
    await test.database.execute(
      `DELETE FROM ${rowsOf(table)} WHERE ctid = (SELECT ctid FROM ${rowsOf(table)} LIMIT 1)`,
    );
    const result = await check(test.database, events);
    expect(result).toMatchObject({
      ok: false,
      differenceCount: 1,
      differences: [{ kind: 'missing', table }],
    });
  });

  it.each([
    ['ticket', "ticket_id = 'Z-1'"],
    ['ticket_event', "ticket_id = 'Z-1', position = 9999"],
    ['ticket_event', "ticket_id = 'Z-1', partition = 3"],
    ['ticket_metrics', "ticket_id = 'Z-1'"],
    ['throughput_minute', "window_start = window_start - interval '1 microsecond'"],
  ])('finds an added row: %s with %s', async (table, change) => {
    await test.database.transaction(async (sql) => {
      await sql.execute(
        `CREATE TEMPORARY TABLE added ON COMMIT DROP AS SELECT * FROM docket.${table} LIMIT 1`,
      );
      await sql.execute(`UPDATE added SET ${change}`);
      await sql.execute(`INSERT INTO docket.${table} SELECT * FROM added`);
    });
    const result = await check(test.database, events);
    expect(result).toMatchObject({
      ok: false,
      differenceCount: 1,
      differences: [{ kind: 'surplus', table }],
    });
  });

  it('counts every difference and tells a bounded number of them', async () => {
    await test.database.execute("UPDATE docket.ticket_event SET actor_id = 'mallory'");
    const result = await check(test.database, events);
    expect(result.differenceCount).toBe(1_500);
    expect(result.differences).toHaveLength(100);
  });

  it('compares at the position of the rows while the log is further on', async () => {
    const more = randomHistory({ seed: 5, events: 1_600, liveTickets: 30, sla: shortSla });
    const result = await check(test.database, more);
    expect(result).toMatchObject({ ok: true, events: 1_500 });
  });
});
