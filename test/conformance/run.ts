/**
 * `npm run test:conformance`: Schemathesis (from PyPI, `pip install schemathesis`) sends what the OpenAPI
 * document
 * allows, and what it forbids, to a real server, and holds every answer against the document. The server is a
 * process of its own on an empty data folder. Ends with the exit code of Schemathesis.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '../support/docket.ts';
import { testDatabase, testFolder } from '../support/postgres.ts';

const examplesEach = process.env.DOCKET_CONFORMANCE_EXAMPLES ?? '60';
const seed = process.env.DOCKET_TEST_SEED ?? String(Date.now() % 1_000_000);

const dataDir = testFolder();
const database = await testDatabase();
const server = await serve(dataDir, { DATABASE_URL: database.url });
try {
  process.exitCode = await schemathesis([
    ...['--config-file', join(import.meta.dirname, 'schemathesis.toml')],
    ...['run', new URL('/openapi.json', server.url).href],
    ...Object.entries(server.headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
    ...['--phases', 'examples,coverage,fuzzing,stateful', '--max-examples', examplesEach],
    ...['--checks', 'all', '--seed', seed],
  ]);
} finally {
  await server.stop();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
}

function schemathesis(args: readonly string[]): Promise<number> {
  const child = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  });
}
