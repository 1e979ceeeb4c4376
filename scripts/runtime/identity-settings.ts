/** Whose tokens are taken: `identity.json` of the data folder, with the key sets that it names as files. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { type IdentitySettings, identitySettingsSchema } from '../../adapters/identity/token-settings.ts';
import { Tokens } from '../../adapters/identity/tokens.ts';
import { Fault } from '../../domain/errors.ts';
import { note } from '../cli/output.ts';
import { identityFile } from './data-folder.ts';
import { systemClock } from './system.ts';

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/**
 * `undefined` where there is no such file: then only API keys are taken. Throws `Fault('input_unreadable')`.
 */
export async function loadTokens(dataDir: string): Promise<Tokens | undefined> {
  const path = identityFile(dataDir);
  const settings = await readJson(path, identitySettingsSchema);
  if (settings === undefined) return undefined;
  const keySets = await loadKeySets(dataDir, settings);
  return new Tokens({
    settings,
    clock: systemClock,
    keySets,
    onTrouble: (line) => note(`docket: ${line}; nobody can come in with its tokens meanwhile`),
  });
}

async function loadKeySets(dataDir: string, { issuers }: IdentitySettings) {
  const keySets = new Map<string, z.infer<typeof keySetSchema>>();
  for (const { issuer, jwksFile } of issuers) {
    if (jwksFile === undefined) continue;
    const path = resolve(dataDir, jwksFile);
    const keySet = await readJson(path, keySetSchema);
    if (keySet === undefined) {
      throw new Fault('input_unreadable', `${path}, the keys of ${issuer} by identity.json, is not there`);
    }
    keySets.set(issuer, keySet);
  }
  return keySets;
}

async function readJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const result = schema.safeParse(parsed(text, path));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new Fault('input_unreadable', `${path}: ${where}`);
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault('input_unreadable', `${path} is no JSON`, { cause });
  }
}
