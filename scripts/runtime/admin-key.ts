/**
 * The first key: made once, when there is none, for whoever can read the data folder. Its file is written
 * before the journal knows it, so that a crash between the two leaves a file that is taken up at the next
 * start, and never a key that nobody has.
 */
import { open, readFile } from 'node:fs/promises';
import { mintKey, readKeyText } from '../../adapters/identity/key-text.ts';
import { privateFileMode, requirePrivate } from '../../adapters/journal/private-path.ts';
import type { AccessBook, MintedKey } from '../../domain/access/access-book.ts';
import { isRejected } from '../../domain/access/administration.ts';
import type { KeyGrant } from '../../domain/access/events.ts';
import { adminRole, scopes } from '../../domain/access/principal.ts';
import { Fault } from '../../domain/errors.ts';
import { adminKeyFile, makeDataFolder } from './data-folder.ts';

/** A lead may do by hand what the workflows let anybody do; `system` is for what happens by itself. */
const adminGrant: KeyGrant = {
  name: 'admin',
  actor: { id: 'admin', role: 'lead' },
  roles: [adminRole],
  groups: [],
  scopes: [...scopes],
};

/**
 * Makes the first key where the journal has none. True where it was made now. Throws `Fault('file_exposed')`.
 */
export async function ensureAdminKey(book: AccessBook, dataDir: string): Promise<boolean> {
  const text = await readAdminKey(dataDir);
  if (book.registry.keys.length > 0) return false;
  const minted = text === undefined ? await writeAdminKey(dataDir) : mintedAs(text, dataDir);
  const made = await book.createKey('docket', adminGrant, minted);
  if (isRejected(made)) throw new Error(`bug: the first key was refused: ${made.message}`);
  return true;
}

/** The text of the first key; `undefined` where there is no file. Throws `Fault('file_exposed')`. */
export async function readAdminKey(dataDir: string): Promise<string | undefined> {
  const path = adminKeyFile(dataDir);
  try {
    await requirePrivate(path);
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeAdminKey(dataDir: string): Promise<MintedKey> {
  const minted = mintKey();
  await makeDataFolder(dataDir);
  const file = await open(adminKeyFile(dataDir), 'wx', privateFileMode);
  try {
    await file.writeFile(`${minted.text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await open(dataDir, 'r');
  await folder.sync().finally(() => folder.close());
  return minted;
}

function mintedAs(text: string, dataDir: string): MintedKey {
  const read = readKeyText(text);
  if (read !== undefined) return { keyId: read.keyId, hash: read.hash.toString('hex'), text };
  throw new Fault(
    'input_unreadable',
    `${adminKeyFile(dataDir)} holds no key; remove it, and a new one is made at the next start`,
  );
}
