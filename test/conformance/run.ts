/**
 * `npm run test:conformance`: Schemathesis (from PyPI, `pip install schemathesis`) sends what the OpenAPI
 * document allows, and what it forbids, to a real server, and holds every answer against the document. The
 * server is a process of its own on a data folder with a few letters in it. Ends with the exit code of
 * Schemathesis; arguments are passed on to it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scopes } from '../../domain/access/principal.ts';
import { unrestrictedAccess } from '../../domain/access/unrestricted.ts';
import { openWebhooks } from '../../scripts/runtime/webhooks.ts';
import { ecPair, publicJwk, signed } from '../adapters/identity/issuer.ts';
import { secret, signed as signedDelivery } from '../adapters/webhooks/desk.ts';
import { serve } from '../support/docket.ts';
import { engineOn, memoryLog } from '../support/engine.ts';
import { testDatabase, testFolder } from '../support/postgres.ts';
import { endingStreams } from './ending-streams.ts';

const examplesEach = process.env.DOCKET_CONFORMANCE_EXAMPLES ?? '12';
const seed = process.env.DOCKET_TEST_SEED ?? String(Date.now() % 1_000_000);
const letters = 40;

const dataDir = testFolder();
const token = trustIssuer();
const database = await testDatabase();
await leaveLetters();
const server = await serve(dataDir, { DATABASE_URL: database.url });
const front = await endingStreams(server.url);
try {
  process.exitCode = await schemathesis([
    ...['--config-file', join(import.meta.dirname, 'schemathesis.toml')],
    ...['run', new URL('/openapi.json', front.url).href],
    ...['--phases', 'examples,coverage,fuzzing,stateful', '--max-examples', examplesEach],
    ...['--checks', 'all', '--seed', seed],
    ...process.argv.slice(2),
  ]);
} finally {
  front.close();
  await server.stop();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
}

/**
 * A token of an issuer that the server trusts: Schemathesis finds every key in the list of keys, and would
 * revoke its own. What is asked for as admin stays allowed whatever it makes of the rules.
 */
function trustIssuer(): string {
  const pair = ecPair();
  const now = Math.floor(Date.now() / 1_000);
  const iss = 'https://issuer.test';
  const header = { alg: 'ES256', typ: 'JWT', kid: 'conformance' };
  const claims = { iss, aud: 'docket', sub: 'conformance', iat: now, exp: now + 3_600, may: 'all' };
  const settings = {
    issuer: iss,
    audience: 'docket',
    algorithms: ['ES256'],
    jwksFile: 'jwks.json',
    roles: { claim: 'may', map: { all: ['admin'] } },
    scopes: { claim: 'may', map: { all: scopes } },
  };
  mkdirSync(join(dataDir, 'webhooks'), { recursive: true });
  const files = {
    'jwks.json': { keys: [publicJwk(pair, 'conformance', 'ES256')] },
    'identity.json': { issuers: [settings] },
    'webhooks/secrets.json': { servicenow: { secrets: [secret] } },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dataDir, name), JSON.stringify(content), { mode: 0o600 });
  }
  return signed(header, claims, pair);
}

/** For the operations about letters to find some: deliveries that no mapping can read. */
async function leaveLetters(): Promise<void> {
  const log = memoryLog();
  const sink = engineOn(log);
  const parts = { sink, tickets: sink.present, reader: log, access: unrestrictedAccess };
  const { intake, close } = await openWebhooks(dataDir, parts);
  for (let id = 1; id <= letters; id += 1) {
    const body = { id: `d-${id}`, at: 'never', ticket: { id: String(id) } };
    await intake.take('servicenow', signedDelivery('servicenow', body, Date.now()));
  }
  await close();
}

function schemathesis(args: readonly string[]): Promise<number> {
  const child = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', args, {
    // It leaves files where it runs, which are of no use once the server is gone.
    cwd: dataDir,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DOCKET_CONFORMANCE_TOKEN: token },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  });
}
