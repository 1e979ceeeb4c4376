/**
 * What a command brings to a running server: the key in DOCKET_KEY, else that of the data folder's first key.
 */
import type { ServerTrust } from '../../adapters/http/asking.ts';
import { environmentKey } from '../cli/options.ts';
import { readAdminKey } from './admin-key.ts';
import type { ServerRecord } from './server-file.ts';

/** What a command brings to this server, and how it knows it. */
export async function trustIn({ certificate }: ServerRecord, dataDir: string): Promise<ServerTrust> {
  return { credential: await credentialFor(dataDir), certificate };
}

/** `undefined` where there is neither, or the file is another user's. Throws `Fault('file_exposed')`. */
export async function credentialFor(dataDir: string): Promise<string | undefined> {
  const named = environmentKey();
  if (named !== undefined) return named;
  try {
    return await readAdminKey(dataDir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return undefined;
    throw error;
  }
}
