/**
 * The sources of webhooks that there are: the built-in definitions, those of the data folder, which replace
 * built-in ones of the same name, and their secrets. Read once at the start; every mistake is told with its
 * file and member. Secrets are read only from a file that nobody else can read.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { Expressions } from '../../domain/expressions.ts';
import { type CompiledSource, compileSource, type Templates } from './compiled.ts';
import {
  type SourceDefinition,
  secretsSchema,
  sourceDefinitionSchema,
  type TemplateName,
  templateSchema,
  type WebhookSecrets,
} from './definition.ts';
import { definitionBounds } from './limits.ts';

export interface Source {
  readonly name: string;
  readonly builtIn: boolean;
  /** Undefined where nothing is said of it in `secrets.json`: the source is off. */
  readonly credentials: { readonly secrets: readonly string[]; readonly unsigned: boolean } | undefined;
  readonly compiled: CompiledSource;
}

export type Sources = ReadonlyMap<string, Source>;

const builtInFolder = join(import.meta.dirname, 'definitions');
const secretsFileName = 'secrets.json';

/** Throws `Fault('input_unreadable')`, which names the file and the member. */
export async function loadSources(folder: string, expressions: Expressions): Promise<Sources> {
  const templates = await loadTemplates();
  const secrets = await loadSecrets(join(folder, secretsFileName));
  const sources = new Map<string, Source>();
  for (const builtIn of [true, false]) {
    for (const file of await definitionFiles(builtIn ? builtInFolder : folder)) {
      const source = await readSource(file, templates, expressions);
      const { source: name } = source.definition;
      sources.set(name, { name, builtIn, credentials: credentialsOf(secrets[name]), compiled: source });
    }
  }
  for (const name of Object.keys(secrets)) {
    if (!sources.has(name)) {
      const known = [...sources.keys()].join(', ');
      throw unreadable(join(folder, secretsFileName), `${name} is no source; there are ${known}`);
    }
  }
  return sources;
}

async function loadTemplates(): Promise<Templates> {
  const read = (name: TemplateName) =>
    readJson(join(builtInFolder, 'templates', `${name}.json`), templateSchema);
  const [mirror, comment, plain] = await Promise.all([read('mirror'), read('comment'), read('plain')]);
  return { mirror, comment, plain };
}

/** One file, checked and compiled. Throws `Fault('input_unreadable')`. */
async function readSource(
  file: string,
  templates: Templates,
  expressions: Expressions,
): Promise<CompiledSource> {
  const definition: SourceDefinition = await readJson(file, sourceDefinitionSchema);
  const right = `${definition.source}.json`;
  if (!file.endsWith(`/${right}`)) {
    throw unreadable(file, `source: it is ${definition.source}, so the file must be called ${right}`);
  }
  return compileSource(definition, templates, expressions, file);
}

function credentialsOf(known: WebhookSecrets[string] | undefined): Source['credentials'] {
  if (known === undefined) return undefined;
  return 'secrets' in known
    ? { secrets: known.secrets, unsigned: false }
    : { secrets: [], unsigned: known.unsigned };
}

async function loadSecrets(file: string): Promise<WebhookSecrets> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8);
      throw unreadable(file, `others may read it (mode ${octal}); do: chmod 600 ${file}`);
    }
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
  return readJson(file, secretsSchema);
}

async function definitionFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json') && name !== secretsFileName).sort();
  if (files.length > definitionBounds.sourcesMax) {
    throw unreadable(
      folder,
      `it holds ${files.length} sources; at most ${definitionBounds.sourcesMax} are read`,
    );
  }
  return files.map((name) => join(folder, name));
}

async function readJson<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> {
  const { size } = await stat(file);
  if (size > definitionBounds.fileBytesMax) {
    throw unreadable(file, `it has ${size} bytes; at most ${definitionBounds.fileBytesMax} are read`);
  }
  const text = await readFile(file, 'utf8');
  const result = schema.safeParse(parsed(text, file));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.map(String).join('.') || 'the document'}: ${message}`,
  );
  throw unreadable(file, problems.slice(0, 10).join('; '));
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message may quote what stands in the file, and this one may hold secrets.
    const secret = file.endsWith(secretsFileName);
    throw unreadable(file, `it is no JSON${secret || !(error instanceof Error) ? '' : `: ${error.message}`}`);
  }
}

function unreadable(file: string, problem: string): Fault {
  return new Fault('input_unreadable', `${file}: ${problem}`);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
