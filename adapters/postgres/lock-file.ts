/**
 * Mutual exclusion between processes by a file that names its holder. A lock whose holder is dead is
 * broken. Needed because two openers must never both start, or both take over, one server.
 *
 * The file appears with its content in one step (a link to a finished file), so that no one ever reads half
 * a name. It is broken under a second file, so that two processes that see the same dead holder can not
 * remove each other's fresh lock.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../domain/errors.ts';
import { codeOf } from './failures.ts';
import { identify, isAlive, ownIdentity } from './process-identity.ts';

const retryDelayMs = 20;

/** Runs `work` while holding the lock at `path`. Waits at most `waitMsMax` for another holder. */
export async function withLock<T>(path: string, waitMsMax: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + waitMsMax;
  const content = JSON.stringify({ ...ownIdentity(), id: randomUUID() });
  while (!tryCreate(path, content)) {
    if (breakIfStale(path)) continue;
    if (performance.now() > deadline) {
      throw new Fault(
        'database_unavailable',
        `Another process has held ${path} for more than ${waitMsMax} ms (${readIfThere(path) ?? 'gone now'}).` +
          ' Wait for it, or end it.',
      );
    }
    await pause(retryDelayMs);
  }
  try {
    return await work();
  } finally {
    if (readIfThere(path) === content) rmSync(path, { force: true });
  }
}

function tryCreate(path: string, content: string): boolean {
  const finished = `${path}.${randomUUID()}`;
  writeFileSync(finished, content, { flag: 'wx', mode: 0o600 });
  try {
    linkSync(finished, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(finished, { force: true });
  }
}

function breakIfStale(path: string): boolean {
  const seen = readIfThere(path);
  if (seen === undefined) return true;
  if (holderLives(seen)) return false;
  const breaker = `${path}.breaking`;
  if (!tryCreate(breaker, JSON.stringify(ownIdentity()))) {
    // The breaker is held for microseconds; one that outlives its process fell in exactly those.
    const other = readIfThere(breaker);
    if (other !== undefined && !holderLives(other)) rmSync(breaker, { force: true });
    return false;
  }
  try {
    if (readIfThere(path) === seen) rmSync(path, { force: true });
    return true;
  } finally {
    rmSync(breaker, { force: true });
  }
}

function holderLives(content: string): boolean {
  try {
    const { pid, startedAt } = JSON.parse(content) as { pid: number; startedAt: string };
    return isAlive({ pid, startedAt }) || (startedAt === undefined && identify(pid) !== undefined);
  } catch {
    return false;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
