/** What the figures of a run hold on: machine, versions, settings, and how busy the machine was before. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Database } from '../../projections/sql.ts';

/** Settings that say what a commit means, and how much is kept in memory. */
const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'wal_level'];
const gibibyte = 2 ** 30;

/** Of this machine, before anything is started on it. */
export function machineConditions(): Readonly<Record<string, string>> {
  const load = loadavg().map((value) => value.toFixed(2));
  const [cpu] = cpus();
  return {
    commit: commit(),
    machine: `${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${(totalmem() / gibibyte).toFixed(1)} GiB memory`,
    system: `${type()} ${release()}, Node ${process.version}`,
    'load before': `${load.join(' ')} (1, 5, 15 minutes)`,
  };
}

export async function postgresSettings(database: Database): Promise<string> {
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
    }).trim();
  try {
    const dirty = git('status', '--porcelain', '--untracked-files=no', ':/') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${dirty ? ' with uncommitted changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
