/** The PostgreSQL log keeps the contract. */
import { afterAll, beforeAll } from 'vitest';
import { openPostgresLog } from '../../../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';
import type { EventLog } from '../../../../domain/ports.ts';
import { eventLogContract } from '../../../contracts/event-log.ts';
import { type TestDatabase, testDatabase } from '../../../support/postgres.ts';

let shared: TestDatabase;
beforeAll(async () => {
  shared = await testDatabase();
});
afterAll(() => shared.drop());

eventLogContract('postgres', async (clock) => {
  // A new schema is made much faster than a new database.
  await shared.database.execute('DROP SCHEMA IF EXISTS docket_log CASCADE');
  const database = openDatabase(shared.url, { applicationName: 'docket-test-log' });
  let log: EventLog = await openPostgresLog({ database, clock });
  return {
    log,
    async reopen() {
      await log.close();
      log = await openPostgresLog({ database, clock });
      return log;
    },
    async close() {
      await log.close();
      await database.close();
    },
  };
});
