/** What lies where in the data folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export const logFolder = (dataDir: string): string => join(dataDir, 'log');
export const snapshotFolder = (dataDir: string): string => join(dataDir, 'snapshots');
export const workflowFolder = (dataDir: string): string => join(dataDir, 'workflows');
export const serverFile = (dataDir: string): string => join(dataDir, 'server.json');
export const calendarsFile = (dataDir: string): string => join(dataDir, 'calendars.json');
export const slaFile = (dataDir: string): string => join(dataDir, 'sla.json');
export const accessJournalFile = (dataDir: string): string => join(dataDir, 'access', 'journal.ndjson');
export const rejectsFile = (dataDir: string): string => join(dataDir, 'rejects.ndjson');

export async function makeDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
}
