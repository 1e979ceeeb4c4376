/** What a run holds on: machine, versions, settings, and how busy the machine was before. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Database } from '../../projections/sql.ts';
import { docketVersion } from '../runtime/version.ts';
import { median } from '../statistics/robust.ts';
import { writeAndSync } from './raw-disk.ts';
import { count, rounded } from './report.ts';
import type { BenchResult } from './result.ts';
import { flushMicrosecondsMin } from './validity.ts';
import type { Bench } from './workspace.ts';

const probeBytes = 256;
const probeWrites = 1_000;
const emmettPackage = '../../node_modules/@event-driven-io/emmett-postgresql/package.json';

/** Settings that say what a commit means, and how much is kept in memory. */
const settings = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'wal_level',
  'max_wal_size',
];

export type Conditions = Pick<
  BenchResult,
  'commit' | 'machine' | 'versions' | 'durability' | 'loadBefore' | 'sizes'
>;

export async function findConditions(bench: Bench): Promise<Conditions> {
  const { workspace } = bench;
  // Before the probe and PostgreSQL, which are load too.
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  const fdatasyncMicroseconds = median(await writeAndSync(bench, probeBytes, probeWrites)) * 1e6;
  const { database } = await workspace.postgres();
  const postgres = await postgresSettings(database);
  const { events, rounds, turnMs, openEvents, coldEvents, queryEvents, sustained } = bench;
  return {
    commit: commit(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      system: `${type()} ${release()}`,
      fileSystem: fileSystemOf(workspace.folder),
    },
    versions: {
      node: process.version,
      postgres: postgres.version,
      docket: docketVersion,
      emmett: versionIn(join(import.meta.dirname, emmettPackage)),
    },
    durability: {
      flushes: fdatasyncMicroseconds < flushMicrosecondsMin ? 'unlikely' : 'likely',
      fdatasyncMicroseconds,
      postgres: postgres.settings,
    },
    loadBefore: [one, five, fifteen],
    sizes: {
      events,
      rounds,
      turnMs,
      openEvents,
      coldEvents,
      queryEvents,
      ...(sustained === undefined ? {} : { sustained }),
    },
  };
}

/** For people, as names with values. */
export function conditionsInWords(conditions: Conditions): Readonly<Record<string, string>> {
  const { machine, versions, durability, loadBefore, sizes } = conditions;
  const list = (values: Readonly<Record<string, string | number>>) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${typeof value === 'number' ? count(value) : value}`)
      .join(', ');
  const micros = rounded(durability.fdatasyncMicroseconds);
  return {
    commit: conditions.commit,
    machine: `${machine.cores} × ${machine.cpu}, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${machine.system}`,
    versions: list(versions),
    disk: `${machine.fileSystem}; write + fdatasync of ${probeBytes} bytes ${micros} µs: flushing is ${durability.flushes}`,
    PostgreSQL: list(durability.postgres),
    'load before': loadBefore.map((value) => value.toFixed(2)).join(' '),
    sizes: list(sizes),
  };
}

async function postgresSettings(database: Database) {
  const [version] = await database.query<{ server_version: string }>('SHOW server_version');
  const found = await database.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [settings],
  );
  return {
    version: version?.server_version ?? 'unknown',
    settings: Object.fromEntries(found.map(({ name, value }) => [name, value])),
  };
}

function versionIn(packageFile: string): string {
  const text = readFileSync(packageFile, 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const dirty = git('status', '--porcelain', '--untracked-files=no', ':/').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${dirty ? ' with uncommitted changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

/** Type and device of the mount that a folder lies on. */
function fileSystemOf(folder: string): string {
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    const holds = (point: string) => folder === point || folder.startsWith(point === '/' ? '/' : `${point}/`);
    const nearest = mounts
      .filter(([, point]) => point !== undefined && holds(point))
      .toSorted(([, a = ''], [, b = '']) => a.length - b.length)
      .at(-1);
    return nearest === undefined ? 'unknown' : `${nearest[2]} (${nearest[0]})`;
  } catch {
    return 'unknown';
  }
}
