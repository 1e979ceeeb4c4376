/** What lies where in the data folder, and whether there is anything yet. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { Fault } from '../../domain/errors.ts';
import type { EventReader } from '../../domain/ports.ts';

export const logFolder = (dataDir: string): string => join(dataDir, 'log');
export const snapshotFolder = (dataDir: string): string => join(dataDir, 'snapshots');
export const serverFile = (dataDir: string): string => join(dataDir, 'server.json');
export const rejectsFile = (dataDir: string): string => join(dataDir, 'rejects.ndjson');

export async function makeDataFolder(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
}

/** For commands that only look: a folder without a log is an error that says so, not an empty answer. */
export async function openExistingLog(dataDir: string): Promise<EventReader> {
  if (!existsSync(logFolder(dataDir))) throw noLogIn(dataDir);
  return openSegmentReader({ folder: logFolder(dataDir) });
}

export function noLogIn(dataDir: string): Fault {
  const message = `there is no log in ${dataDir}: start one with \`docket serve\` or \`docket import\`, or name its folder with --data-dir`;
  return new Fault('input_unreadable', message);
}
