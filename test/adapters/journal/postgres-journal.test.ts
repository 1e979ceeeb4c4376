/**
 * The journal in PostgreSQL keeps the contract, and can not be changed behind the back of those who read it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresJournal } from '../../../adapters/journal/postgres-journal.ts';
import type { Clock } from '../../../domain/ports.ts';
import { journalContract, noted, noteSchema, SetClock } from '../../contracts/journal.ts';
import { type TestDatabase, testDatabase } from '../../support/postgres.ts';

let database: TestDatabase;
let journals = 0;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const openNamed = (name: string, clock: Clock = new SetClock()) =>
  openPostgresJournal({
    database: database.database,
    name,
    schema: noteSchema,
    clock,
    bounds: { pollMs: 20 },
  });

journalContract('postgres', async (clock) => {
  journals += 1;
  const name = `j${journals}`;
  const first = await openNamed(name, clock);
  let journal = first;
  return {
    journal: first,
    reopen: async () => {
      await journal.close();
      journal = await openNamed(name, clock);
      return journal;
    },
    another: () => openNamed(name, clock),
    close: () => journal.close(),
  };
});

describe('a journal in PostgreSQL', () => {
  it('is made once by servers that start together', async () => {
    const own = await testDatabase();
    const open = () =>
      openPostgresJournal({
        database: own.database,
        name: 'together',
        schema: noteSchema,
        clock: new SetClock(),
      });
    const opened = await Promise.all([open(), open(), open()]);
    await Promise.all(opened.map((journal) => journal.append([noted('a')])));
    expect(await opened[0]?.read()).toHaveLength(3);
    await Promise.all(opened.map((journal) => journal.close()));
    await own.drop();
  });

  it.each([
    ["UPDATE docket_access.journal SET event = '{}'"],
    ['DELETE FROM docket_access.journal'],
    ['TRUNCATE docket_access.journal'],
  ])('refuses %s, from a superuser too', async (statement) => {
    const journal = await openNamed('guarded');
    await journal.append([noted('a')]);
    await expect(database.database.execute(statement)).rejects.toMatchObject({ code: '55000' });
    await journal.close();
  });

  it('says which entry is not as it was written', async () => {
    const journal = await openNamed('changed');
    await journal.append([noted('a'), noted('b'), noted('c')]);
    await journal.close();
    await database.database.transaction(async (sql) => {
      await sql.execute('ALTER TABLE docket_access.journal DISABLE TRIGGER append_only');
      await sql.execute(
        `UPDATE docket_access.journal SET event = '{"type":"Noted","text":"x"}' WHERE name = 'changed' AND position = 2`,
      );
      await sql.execute('ALTER TABLE docket_access.journal ENABLE ALWAYS TRIGGER append_only');
    });
    await expect(openNamed('changed')).rejects.toMatchObject({
      code: 'journal_damaged',
      message: expect.stringContaining('entry 2 of'),
    });
  });

  it('has bounds for its entries and for a line', async () => {
    const journal = await openPostgresJournal({
      database: database.database,
      name: 'bounded',
      schema: noteSchema,
      clock: new SetClock(),
      bounds: { entriesMax: 2, lineBytesMax: 400 },
    });
    await expect(journal.append([noted('x'.repeat(400))])).rejects.toMatchObject({ code: 'journal_full' });
    await journal.append([noted('a'), noted('b')]);
    await expect(journal.append([noted('c')])).rejects.toMatchObject({ code: 'journal_full' });
    expect(await journal.read()).toHaveLength(2);
    await journal.close();
  });
});
