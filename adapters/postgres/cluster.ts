/**
 * Makes a cluster: initdb with settings for a read-model store on a small machine. The cluster appears under
 * its name only when it is whole and on disk. It must never be made over an existing one.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '../../domain/errors.ts';
import { serverEnvironment } from './binaries.ts';
import { giveTo, newClusterFolder, type Place } from './place.ts';

export const superuser = 'docket';
export const databaseName = 'docket';

/** The extension that remembers what statements took. */
export const statistics = 'pg_stat_statements';

/** initdb takes under a second; a slow disk may need more, a hanging one must not hold us for ever. */
const initMsMax = 120_000;
const outputCharsMax = 2_000;

// Written to postgresql.conf by initdb, so that ALTER SYSTEM or an edit there can change every one of them.
// fsync, full_page_writes and synchronous_commit stay on, as PostgreSQL has them: a checkpoint that was
// reported as moved must be there after a power cut.
const settings: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Each docket process has a pool of about ten, and psql and Grafana come beside them.
  max_connections: '60',
  // A quarter of a 1 GB machine; the file cache of the system does the rest.
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  // Nothing replicates or archives this: the event log is what rebuilds it. COPY into a table that was made
  // in the same transaction then needs no WAL.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Fewer checkpoints during a rebuild; a crash then replays at most about this much, in seconds.
  max_wal_size: '2GB',
  min_wal_size: '128MB',
  checkpoint_timeout: '15min',
  // Solid-state disks: the default of 4 turns planners away from indexes.
  random_page_cost: '1.1',
  // Compiling pays off for minutes of work, not for the short queries asked here.
  jit: 'off',
  // A psql left open inside a transaction would keep vacuum from every table.
  idle_in_transaction_session_timeout: '15min',
  // What each statement took, for `docket doctor` and for people. Measured: 6 µs of PostgreSQL's time more
  // for a statement (27 µs for a point query without), under 5 % for a batch of 500 rows.
  shared_preload_libraries: statistics,
  // The log has a size bound only at start, so that the running server must be quiet.
  log_checkpoints: 'off',
};

/** Makes the cluster if there is none. Answers whether it did. */
export async function ensureCluster(place: Place, password: string): Promise<boolean> {
  if (existsSync(place.clusterFolder)) {
    assertSameMajor(place);
    return false;
  }
  const folder = newClusterFolder(place);
  const passwordFile = `${folder}.password`;
  try {
    writeFileSync(passwordFile, password, { flag: 'wx', mode: 0o600 });
    giveTo(place.user, passwordFile);
    await run(place, 'initdb', [
      `--pgdata=${folder}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Sorted by code point on every system alike, and indexes survive an update of the C library.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--data-checksums',
      '--no-sync',
      '--no-instructions',
      ...Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`),
    ]);
    // Once, at the end, instead of after each of initdb's steps.
    await run(place, 'initdb', ['--sync-only', `--pgdata=${folder}`]);
    renameSync(folder, place.clusterFolder);
    syncFolder(dirname(place.clusterFolder));
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
  return true;
}

/** For a cluster whose password was lost with the record. The server must not run. */
export function resetPassword(place: Place, password: string): void {
  const program = join(place.binaries.folder, 'bin', 'postgres');
  const reset = spawnSync(program, ['--single', '-D', place.clusterFolder, 'postgres'], {
    ...runIdentity(place),
    input: `ALTER ROLE ${superuser} PASSWORD '${password}';\n`,
    timeout: initMsMax,
    encoding: 'utf8',
  });
  if (reset.status !== 0) throw programFailed('postgres --single', reset.stderr);
}

/** How every program of the cluster is started. */
export function runIdentity(place: Place): {
  uid?: number;
  gid?: number;
  cwd: string;
  env: NodeJS.ProcessEnv;
} {
  const user = place.user === undefined ? {} : { uid: place.user.uid, gid: place.user.gid };
  return { ...user, cwd: '/', env: serverEnvironment };
}

function assertSameMajor(place: Place): void {
  const file = join(place.clusterFolder, 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none';
  const expected = place.binaries.version.split('.')[0];
  if (found === expected) return;
  throw new Fault(
    'database_unavailable',
    `${place.clusterFolder} is a cluster of PostgreSQL ${found}, but the embedded one is ${expected}. Remove the` +
      ' folder and rebuild the projections from the log, or run the release that made it.',
  );
}

async function run(place: Place, program: string, args: readonly string[]): Promise<void> {
  const child = spawn(join(place.binaries.folder, 'bin', program), args, {
    ...runIdentity(place),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: initMsMax,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-outputCharsMax);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw programFailed(program, errors);
}

function programFailed(program: string, errors: string): Fault {
  return new Fault('database_unavailable', `${program} failed: ${errors.trim() || 'it said nothing'}`);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
