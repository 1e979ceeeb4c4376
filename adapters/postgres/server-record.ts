/**
 * What is remembered of an embedded server between processes: `postgres.json` in the data folder. It holds
 * the password, so it is 0600; it is replaced as a whole, so that no reader sees half of it.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { codeOf } from './failures.ts';

const processSchema = z.object({ pid: z.int().positive(), startedAt: z.string() });

const recordSchema = z.object({
  format: z.literal(1),
  /** Where the cluster is; not always in the data folder, see place.ts. */
  clusterFolder: z.string(),
  port: z.int().positive(),
  password: z.string(),
  /** The postmaster, while it runs as far as we know. */
  server: processSchema.optional(),
  /** Who stops it. The id tells two openers within one process apart. */
  owner: processSchema.extend({ id: z.string() }).optional(),
  /** Whether a watchdog stops the server when its owner dies. */
  guarded: z.boolean(),
});

export type ServerRecord = z.infer<typeof recordSchema>;

export function recordPath(dataFolder: string): string {
  return join(dataFolder, 'postgres.json');
}

/** Undefined when there is none, or none that can be understood: it can be made anew from the cluster. */
export function readRecord(dataFolder: string): ServerRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(readFileSync(recordPath(dataFolder), 'utf8'))).data;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Durable before it is visible: with a lost password the cluster would be locked. */
export function writeRecord(dataFolder: string, record: ServerRecord): void {
  const path = recordPath(dataFolder);
  const finished = `${path}.${randomBytes(8).toString('hex')}`;
  const file = openSync(finished, 'wx', 0o600);
  try {
    writeSync(file, JSON.stringify(record));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  giveToFolderOwner(finished);
  renameSync(finished, path);
}

/** What root makes in somebody's data folder must stay usable for them. */
export function giveToFolderOwner(path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(path));
  if (uid !== 0) chownSync(path, uid, gid);
}
