/**
 * One writer per folder. The lock is a file `LOCK.<generation>` that says who holds it; the file with the
 * highest generation counts. A new holder links the next generation into place, which only one of any
 * number of racers can do, and never reuses a generation: so a racer with an old listing can not win twice.
 *
 * It must never take a lock from a process that may be alive, and never rely on the pid alone: a pid is
 * given to another process sooner or later, so the holder's start identity is compared as well.
 */
import { link, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../../domain/errors.ts';
import { type FolderLock, isMissing, syncFolder } from './storage.ts';

/** Lost races before giving up; each one means that another process took the lock in the meantime. */
const takeTriesMax = 16;
const lockName = /^LOCK\.(\d+)$/;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** Boot and start time of the process where the system tells them; empty elsewhere. */
  readonly started: string;
  readonly released: boolean;
}

export async function lockFolder(folder: string, now: number): Promise<FolderLock> {
  const mine: Holder = {
    pid: process.pid,
    host: hostname(),
    since: new Date(now).toISOString(),
    started: (await startOf(process.pid)) ?? '',
    released: false,
  };
  for (let tries = 0; tries < takeTriesMax; tries += 1) {
    const generation = await highestGeneration(folder);
    if (generation > 0) {
      const holder = await readHolder(folder, generation);
      if (holder !== undefined && (await mayLive(holder))) throw lockedBy(holder, folder);
    }
    if (await take(folder, generation + 1, mine)) return release(folder, generation + 1, mine);
  }
  throw new Fault('log_locked', `other processes keep taking the lock of ${folder}; stop all but one writer`);
}

/** True where generation `generation` is now this process's and the highest. */
async function take(folder: string, generation: number, mine: Holder): Promise<boolean> {
  const path = lockPath(folder, generation);
  const draft = await writeDraft(folder, mine);
  try {
    await link(draft, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
  const generations = await listGenerations(folder);
  if (generations.some((other) => other > generation)) {
    await unlink(path);
    return false;
  }
  // A power cut of a disk's server must not let a writer elsewhere take the lock of a living one.
  await syncFolder(folder);
  const older = generations.filter((other) => other < generation);
  await Promise.all(older.map((other) => unlink(lockPath(folder, other)).catch(() => undefined)));
  return true;
}

/** A released lock stays as a file that says so: deleting it would allow its generation to be reused. */
function release(folder: string, generation: number, mine: Holder): FolderLock {
  return {
    async release() {
      const draft = await writeDraft(folder, { ...mine, released: true });
      await rename(draft, lockPath(folder, generation));
      await syncFolder(folder);
    },
  };
}

async function writeDraft(folder: string, holder: Holder): Promise<string> {
  const draft = join(folder, `LOCK-${process.pid}-${crypto.randomUUID()}.tmp`);
  await writeFile(draft, `${JSON.stringify(holder)}\n`, {
    mode: 0o600,
    flag: 'wx',
    flush: true,
  });
  return draft;
}

async function mayLive(holder: Holder): Promise<boolean> {
  if (holder.released) return false;
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Only "no such process" is proof; "not permitted" means that the process lives under another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  const started = await startOf(holder.pid);
  return started === undefined || holder.started === '' || started === holder.started;
}

/** Boot id and start tick of a process on Linux: together with the pid they name a process for good. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    // The second field is the program's name in brackets and may hold spaces; the start is the 22nd field.
    const startTick = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return startTick === undefined ? undefined : `${boot.trim()}/${startTick}`;
  } catch {
    return undefined;
  }
}

/**
 * Nobody, where the file went away (a racer won) or holds no holder: a lock is linked into place whole, so
 * only a power cut, which no holder survives, can leave it otherwise.
 */
async function readHolder(folder: string, generation: number): Promise<Holder | undefined> {
  try {
    const holder: unknown = JSON.parse(await readFile(lockPath(folder, generation), 'utf8'));
    return isHolder(holder) ? holder : undefined;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, since, started, released } = value as Partial<Record<keyof Holder, unknown>>;
  const texts = [host, since, started];
  return (
    typeof pid === 'number' &&
    texts.every((text) => typeof text === 'string') &&
    typeof released === 'boolean'
  );
}

function lockedBy(holder: Holder, folder: string): Fault {
  return new Fault(
    'log_locked',
    `process ${holder.pid} on ${holder.host} has been writing to ${folder} since ${holder.since}; ` +
      'stop it, or open the log for reading only',
  );
}

async function listGenerations(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => {
    const digits = lockName.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}

async function highestGeneration(folder: string): Promise<number> {
  return Math.max(0, ...(await listGenerations(folder)));
}

function lockPath(folder: string, generation: number): string {
  return join(folder, `LOCK.${generation}`);
}
