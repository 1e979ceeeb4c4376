/**
 * Where the embedded cluster lies, which binaries serve it, and as whom. An ordinary user has all in the
 * data folder. Root can not: PostgreSQL refuses to run as root, and the user it runs as instead can usually
 * not enter root's folders. Then cluster and binaries go to a folder that this user can reach.
 *
 * That folder must never be one that somebody else prepared: it must be root's own, writable by nobody else.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../../domain/errors.ts';
import { type Binaries, canReach, canRun, findBinaries, type RunUser, stageBinaries } from './binaries.ts';
import { codeOf } from './failures.ts';

export interface Place {
  readonly clusterFolder: string;
  readonly binaries: Binaries;
  readonly user: RunUser | undefined;
}

/** Decides by what is there; `remembered` is the cluster's folder of an earlier start. */
export function choosePlace(
  dataFolder: string,
  remembered: string | undefined,
  packageFolder?: string,
): Place {
  const packaged = findBinaries(packageFolder);
  const inData = join(dataFolder, 'postgres');
  const known = remembered !== undefined && existsSync(remembered) ? remembered : undefined;
  if (process.getuid?.() !== 0) {
    const binaries = canRun(packaged, undefined) ? packaged : stageBinaries(packaged, dataFolder);
    return checked({ clusterFolder: known ?? inData, binaries, user: undefined });
  }
  const user = chooseUser([known ?? inData, dataFolder]);
  const home = canReach(dataFolder, user) ? dataFolder : undefined;
  const clusterFolder = known ?? join(home ?? reachableStage(dataFolder, user), 'postgres');
  const binaries = canRun(packaged, user)
    ? packaged
    : stageBinaries(packaged, home ?? reachableStage(dataFolder, user));
  return checked({ clusterFolder, binaries, user });
}

/** An empty folder beside the cluster's, owned by the server's user, to be renamed when it is whole. */
export function newClusterFolder(place: Place): string {
  const parent = dirname(place.clusterFolder);
  const prefix = `${basename(place.clusterFolder)}.new-`;
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const folder = join(parent, prefix + randomBytes(8).toString('hex'));
  mkdirSync(folder, { mode: 0o700 });
  giveTo(place.user, folder);
  return folder;
}

export function giveTo(user: RunUser | undefined, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

function checked(place: Place): Place {
  if (canRun(place.binaries, place.user)) return place;
  const who = place.user?.name ?? 'this user';
  throw new Fault(
    'database_unavailable',
    `The programs in ${place.binaries.folder}/bin do not run as ${who}. See what \`initdb --version\` there` +
      ' says (a file system without execution, a missing library), or give the URL of a PostgreSQL of your own.',
  );
}

/** As root: whoever owns the cluster or the data folder already, else a user made for such things. */
function chooseUser(folders: readonly string[]): RunUser {
  for (const folder of folders) {
    const owner = existsSync(folder) ? statSync(folder) : undefined;
    if (owner !== undefined && owner.uid !== 0) {
      return { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
    }
  }
  const user = findUser('postgres') ?? findUser('nobody');
  if (user !== undefined) return user;
  throw new Fault(
    'database_unavailable',
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as. Run docket' +
      ' as an ordinary user, or give the URL of a PostgreSQL server of your own.',
  );
}

function findUser(name: string): RunUser | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [login, , uid, gid] = line.split(':');
    if (login === name && uid !== undefined && gid !== undefined && uid !== '0') {
      return { name, uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

// /var/lib is root's own and lasts; /var/tmp is for systems that keep /var/lib read-only.
const stageParents = ['/var/lib', '/var/tmp'] as const;

/**
 * Root's folder for one data folder: `docket-` and a digest of its path and of when it was made, so that it
 * is found again, but not by another folder that takes its place: that one's log is another log.
 */
function reachableStage(dataFolder: string, user: RunUser): string {
  const { ino, birthtimeMs } = statSync(dataFolder);
  const identity = `${realpathSync(dataFolder)}\0${ino}\0${birthtimeMs}`;
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  const refusals: unknown[] = [];
  for (const parent of stageParents) {
    const stage = join(parent, `docket-${digest}`);
    try {
      makeOwnFolder(stage);
      if (canReach(stage, user)) return stage;
    } catch (error) {
      refusals.push(error);
    }
  }
  throw new Fault(
    'database_unavailable',
    `User ${user.name}, as whom PostgreSQL has to run, can enter neither ${dataFolder} nor a folder of ours in` +
      ` ${stageParents.join(' or ')}. Use a data folder that this user can enter, or run docket as an ordinary user.`,
    { cause: new AggregateError(refusals) },
  );
}

function makeOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o711 });
    // The umask may have taken the right to pass through, which is all that others get.
    chmodSync(folder, 0o711);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) {
    throw new Fault('database_unavailable', `${folder} was made by somebody else. Remove it.`);
  }
}
