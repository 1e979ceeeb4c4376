/**
 * The secret that cursors are sealed with, in the data folder, so that a restarted server takes those that it
 * gave before. Servers that answer for each other share it by copying the file.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { cursorSecretFile } from './data-folder.ts';

const secretBytes = 32;

/** Makes it where there is none. Losing it costs nothing but that lists begun before begin anew. */
export async function cursorSecret(dataDir: string): Promise<Uint8Array> {
  const file = cursorSecretFile(dataDir);
  const known = await readFile(file).catch(() => undefined);
  if (known?.length === secretBytes) return known;
  const secret = randomBytes(secretBytes);
  await writeFile(file, secret, { mode: 0o600 });
  return secret;
}
