/** What lies where in the data folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export const logFolder = (dataDir: string): string => join(dataDir, 'log');
export const snapshotFolder = (dataDir: string): string => join(dataDir, 'snapshots');
export const workflowFolder = (dataDir: string): string => join(dataDir, 'workflows');
export const webhookFolder = (dataDir: string): string => join(dataDir, 'webhooks');
export const serverFile = (dataDir: string): string => join(dataDir, 'server.json');
export const calendarsFile = (dataDir: string): string => join(dataDir, 'calendars.json');
export const slaFile = (dataDir: string): string => join(dataDir, 'sla.json');
export const accessFolder = (dataDir: string): string => join(dataDir, 'access');
export const adminKeyFile = (dataDir: string): string => join(dataDir, 'admin.key');
export const identityFile = (dataDir: string): string => join(dataDir, 'identity.json');
export const tlsFolder = (dataDir: string): string => join(dataDir, 'tls');
export const cursorSecretFile = (dataDir: string): string => join(dataDir, 'cursor.key');
export const historyFolder = (dataDir: string): string => join(dataDir, 'history');
export const rejectsFile = (dataDir: string): string => join(dataDir, 'rejects.ndjson');

/** Where a certificate and its key lie in a folder for them. */
export function filesIn(folder: string): { readonly certificateFile: string; readonly keyFile: string } {
  return { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
}

export async function makeDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
}
