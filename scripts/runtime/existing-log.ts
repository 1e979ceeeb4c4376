/**
 * The log for commands that only look: one that is not there is an error that says so, not an empty answer.
 */
import { existsSync } from 'node:fs';
import { openPostgresReader } from '../../adapters/log/postgres/postgres-reader.ts';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';
import { databaseUrl, type LogOptions } from '../cli/options.ts';
import { logFolder } from './data-folder.ts';
import { openReadModels } from './read-models.ts';

export async function openExistingLog({ log, dataDir }: LogOptions): Promise<EventReader> {
  switch (log) {
    case 'segment': {
      if (existsSync(logFolder(dataDir))) return openSegmentReader({ folder: logFolder(dataDir) });
      throw noLogIn(dataDir);
    }
    case 'postgres':
      return openLogOfDatabase(dataDir);
    default:
      return log;
  }
}

export function noLogIn(dataDir: string): Fault {
  const message = `there is no log in ${dataDir}: start one with \`docket serve\` or \`docket import\`, or name its folder with --data-dir`;
  return new Fault('input_unreadable', message);
}

/** Closing it closes the database too. */
async function openLogOfDatabase(dataDir: string): Promise<EventReader> {
  const applicationName = 'docket log reader';
  const models = await openReadModels({ dataDir, databaseUrl: databaseUrl(), applicationName });
  try {
    const reader = await openPostgresReader(models.database);
    return {
      partitions: reader.partitions,
      read: (from, options) => reader.read(from, options),
      readTicket: (ticketId) => reader.readTicket(ticketId),
      head: (partition) => reader.head(partition),
      async close() {
        await reader.close();
        await models.close();
      },
    };
  } catch (error) {
    await models.close();
    throw error;
  }
}
