/** The read-model database: the one that DATABASE_URL names, else the embedded one of the data folder. */
import { openDatabase, type PooledDatabase } from '../../adapters/postgres/database.ts';
import { openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import type { DatabaseObserver } from '../../adapters/postgres/statements.ts';

export interface ReadModelDatabase {
  readonly database: PooledDatabase;
  readonly url: string;
  /** What to type to look at it with psql. */
  readonly psqlCommand: string;
  /** Closes the connections, and stops the server if this process started it. */
  close(): Promise<void>;
}

export interface ReadModelOptions {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly applicationName: string;
  /** For `docket serve`: take the embedded server over from a short-lived command that started it. */
  readonly takeOwnership?: boolean;
  /** Told of every statement. */
  readonly observer?: DatabaseObserver;
}

export async function openReadModels(options: ReadModelOptions): Promise<ReadModelDatabase> {
  const { dataDir, databaseUrl, applicationName, observer } = options;
  if (databaseUrl !== undefined) {
    const database = openDatabase(databaseUrl, { applicationName, observer });
    const psqlCommand = 'psql "$DATABASE_URL"';
    return { database, url: databaseUrl, psqlCommand, close: () => database.close() };
  }
  const takeOwnership = options.takeOwnership ?? false;
  const server = await openEmbeddedPostgres({ dataFolder: dataDir, takeOwnership });
  const database = openDatabase(server.url, { applicationName, observer });
  return {
    database,
    url: server.url,
    psqlCommand: server.psqlCommand,
    async close() {
      await database.close();
      await server.stop();
    },
  };
}
