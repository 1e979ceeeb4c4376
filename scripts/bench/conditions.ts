/** What a figure holds on: machine, versions, settings, and how busy the machine was before. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Database } from '../../projections/sql.ts';
import type { Bench } from './workspace.ts';

export type Conditions = Readonly<Record<string, string>>;

/** Settings that say what a commit means, and how much is kept in memory. */
const settings = [
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'shared_buffers',
  'wal_level',
  'max_wal_size',
];

export async function findConditions(bench: Bench): Promise<Conditions> {
  const { workspace } = bench;
  // Before PostgreSQL starts, which is load too.
  const load = loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
  const [cpu] = cpus();
  const { database } = await workspace.postgres();
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB memory`,
    system: `${type()} ${release()}, Node ${process.version}`,
    'temporary folder': `${workspace.folder} on ${fileSystemOf(workspace.folder)}`,
    'load before': `${load} (1, 5, 15 minutes)`,
    PostgreSQL: await postgresSettings(database),
    size: sizeOf(bench),
  };
}

function sizeOf({ events, sustained, openEvents, queryEvents }: Bench): string {
  const more = sustained === undefined ? '' : ` --sustained ${sustained.toLocaleString('en')}`;
  const sizes = { '--events': events, '--open-events': openEvents, '--query-events': queryEvents };
  const list = Object.entries(sizes).map(([name, size]) => `${name} ${size.toLocaleString('en')}`);
  return `${list.join(' ')}${more}`;
}

async function postgresSettings(database: Database): Promise<string> {
  const [version] = await database.query<{ server_version: string }>('SHOW server_version');
  const found = await database.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [settings],
  );
  const list = found.map(({ name, value }) => `${name} ${value}`).join(', ');
  return `${version?.server_version ?? 'unknown'} (embedded): ${list}`;
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
