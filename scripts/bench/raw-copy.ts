/**
 * What PostgreSQL alone takes: the rows of the read models that a projector has just made, read by the server
 * from files on its own disk with COPY, into empty tables with the same keys and indexes. No program, no
 * network, no updates. The ceiling that the projector is compared with.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readModels } from '../../projections/read-models.ts';
import { buildTableName, literal } from '../../projections/table.ts';
import type { BenchDatabase } from './workspace.ts';

const schema = 'raw_copy';
/** The database was empty, so this is the only one. */
const firstBuild = 1;

export interface RawCopy {
  readonly rows: number;
  readonly seconds: number;
}

export async function measureRawCopy({ server, database }: BenchDatabase): Promise<RawCopy> {
  const tables = readModels.flatMap((each) => each.tables);
  // The server's user can write to its own cluster, wherever that lies.
  const fileOf = (name: string) => join(server.clusterFolder, `${schema}-${name}`);
  try {
    await database.execute(`CREATE SCHEMA ${schema}`);
    for (const table of tables) {
      const { name, fillPercent } = table;
      await database.execute(`COPY ${buildTableName(table, firstBuild)} TO ${literal(fileOf(name))}`);
      // In a transaction of its own: rows copied into a table of the same transaction would need no WAL.
      await database.execute(
        `CREATE TABLE ${schema}.${name} (LIKE ${buildTableName(table, firstBuild)} INCLUDING ALL) WITH (fillfactor = ${fillPercent})`,
      );
    }
    await database.execute('CHECKPOINT');
    const startedAtMs = performance.now();
    const rows = await database.transaction(async (sql) => {
      let copied = 0;
      for (const { name } of tables) {
        const rowsOfTable = await sql.execute(`COPY ${schema}.${name} FROM ${literal(fileOf(name))}`);
        copied += rowsOfTable;
      }
      return copied;
    });
    return { rows, seconds: (performance.now() - startedAtMs) / 1_000 };
  } finally {
    for (const { name } of tables) rmSync(fileOf(name), { force: true });
    await database.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  }
}
