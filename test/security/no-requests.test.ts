/** Whoever asks nothing can not be made to ask: which product files can open a connection to somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const asks =
  /\bfetch\(|createRemoteJWKSet|\bhttpsRequest\b|import \{[^}]*\b(request|get|connect|createConnection|Socket)\b[^}]*\} from 'node:(https?|http2|net|tls|dgram)'/;
/** Types only, of connections that came in. */
const typeImport = /import type .*/g;

/** The keys of issuers; the own server, for commands; the own PostgreSQL, whether it listens. */
const known = [
  'adapters/http/request.ts',
  'adapters/identity/tokens.ts',
  'adapters/postgres/server-process.ts',
];

/** They ask servers, that is what they are for; and no command of `docket` is made of them. */
const measuring = /^scripts\/(bench|load)\//;

it('nothing but the keys of issuers and the own server is asked over the network', () => {
  const files = ['adapters', 'domain', 'projections', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  const asking = files
    .filter((file) => file.endsWith('.ts') && !measuring.test(file))
    .filter((file) => asks.test(readFileSync(join(root, file), 'utf8').replaceAll(typeImport, '')))
    // A method of that name is no request.
    .filter((file) => !/#fetch\(/.test(readFileSync(join(root, file), 'utf8')));
  expect(asking.sort()).toEqual(known);
});

it('no command is made of what measures', () => {
  const folders = ['cli', 'commands', 'doctor', 'runtime'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, 'scripts', folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(root, 'scripts', folder, name),
    ),
  );
  const sources = files.filter((file) => file.endsWith('.ts')).map((file) => readFileSync(file, 'utf8'));
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.filter((text) => /from '[./]*\/load\//.test(text))).toEqual([]);
});
