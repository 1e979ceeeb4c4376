/**
 * Real PostgreSQL for tests: one embedded server for each test process, shared while anybody uses it, and a
 * fresh database for each caller. The server must never outlive the process, however that ends: the adapter's
 * watchdog sees to it, and the folder of a killed run is removed by the next one.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import {
  identify,
  isAlive,
  ownIdentity,
  type ProcessIdentity,
} from '../../adapters/postgres/process-identity.ts';
import type { Database } from '../../projections/sql.ts';

export interface TestDatabase {
  readonly url: string;
  readonly database: Database;
  /** Closes `database` and removes it from the server, also under the feet of other connections. */
  drop(): Promise<void>;
}

/** A new, empty database. Call `drop` in afterAll. */
export async function testDatabase(): Promise<TestDatabase> {
  const { server, admin } = await acquire();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin.execute(`CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href, { applicationName: 'docket-test' });
  return {
    url: url.href,
    database,
    async drop() {
      await database.close();
      await admin.execute(`DROP DATABASE ${name} WITH (FORCE)`);
      await release();
    },
  };
}

/** A folder for one test, which the server's user can enter so that root needs no second folder for it. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), folderPrefix));
  writeFileSync(join(folder, markName), JSON.stringify(ownIdentity()), { mode: 0o600 });
  if (process.getuid?.() === 0) {
    chownSync(folder, nobody, nobody);
    chmodSync(folder, 0o700);
  }
  return folder;
}

const folderPrefix = 'docket-test-postgres-';
const markName = 'owner.json';
const nobody = 65_534;
const exitWaitMsMax = 2_000;
const exitPollMs = 5;

interface SharedServer {
  readonly dataFolder: string;
  readonly server: EmbeddedPostgres;
  readonly admin: Database;
}

// On globalThis: vitest loads this module anew for every test file, also within one process.
const shared = globalThis as typeof globalThis & {
  docketTestPostgres?: { users: number; started: Promise<SharedServer> } | undefined;
};

function acquire(): Promise<SharedServer> {
  shared.docketTestPostgres ??= { users: 0, started: startShared() };
  shared.docketTestPostgres.users += 1;
  return shared.docketTestPostgres.started;
}

/** The last one out stops the server: vitest ends its workers by a signal, so that nothing runs at exit. */
async function release(): Promise<void> {
  const current = shared.docketTestPostgres;
  if (current === undefined) return;
  current.users -= 1;
  if (current.users > 0) return;
  shared.docketTestPostgres = undefined;
  const { server, admin, dataFolder } = await current.started;
  await admin.close();
  await server.stop();
  rmSync(dataFolder, { recursive: true, force: true });
}

async function startShared(): Promise<SharedServer> {
  removeLeftFolders();
  const dataFolder = testFolder();
  const server = await openEmbeddedPostgres({
    dataFolder,
    port: 25_500 + (process.pid % 7_000),
    // Nothing here has to survive a power cut, and several servers share the machine.
    serverSettings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB' },
  });
  const postmaster = identify(server.serverPid);
  process.once('exit', () => {
    if (postmaster !== undefined) killNow(postmaster);
    rmSync(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  });
  const admin = openDatabase(server.url, { applicationName: 'docket-test-admin', connectionsMax: 1 });
  return { dataFolder, server, admin };
}

/** While the process exits nothing asynchronous runs any more, so this waits in place. */
function killNow(postmaster: ProcessIdentity): void {
  if (!isAlive(postmaster)) return;
  process.kill(postmaster.pid, 'SIGQUIT');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < exitWaitMsMax && isAlive(postmaster); waitedMs += exitPollMs) {
    Atomics.wait(cell, 0, 0, exitPollMs);
  }
}

/** Folders whose process was killed before it could remove them. */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue;
    const folder = join(tmpdir(), name);
    if (!ownerLives(folder)) rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder without its mark was made this instant, or belongs to somebody else; it is left alone. */
function ownerLives(folder: string): boolean {
  try {
    return isAlive(JSON.parse(readFileSync(join(folder, markName), 'utf8')) as ProcessIdentity);
  } catch {
    return true;
  }
}
