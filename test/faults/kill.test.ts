/**
 * The process is killed at every system call that it makes about its files: in a life of a log that begins
 * with an empty folder and goes through rotations to a clean close, and in one that begins with what a crash
 * left. A call at which the kill comes is not carried out, so that each state between two calls is met once.
 *
 * Not covered: the opening, writing and closing of a lock's draft, whose name is different in each run.
 */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type ChildRun,
  faultAt,
  freshFolder,
  type Point,
  pointsOf,
  runChild,
  traceChild,
} from './child-runs.ts';
import { kill, type Life, lifeAfterCrash, newLife } from './lives.ts';
import { earlyAnswers, toldExchanges } from './order.ts';
import { inFolderD, whyNotTraced } from './strace.ts';
import { losses } from './told.ts';

const missing = whyNotTraced();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const commandCountAfter = 2;
/** A longer life would make the suite too slow: shorten the history instead of raising this. */
const pointsMax = 250;
const testMsMax = 600_000;

async function killEverywhere(life: Life): Promise<{ points: readonly Point[]; failures: string[] }> {
  const { run, commandCount } = life;
  const cleanFolder = freshFolder();
  life.prepare(cleanFolder);
  const clean = await traceChild('log', [cleanFolder, run, commandCount]);
  expect(clean.told.end, clean.commandLine).toBe('closed');
  // A read changes nothing: a kill there leaves what the kill at the next call leaves.
  const points = pointsOf(clean.calls, cleanFolder).filter(({ name }) => name !== 'pread64');
  expect(points.length).toBeLessThan(pointsMax);
  const failures: string[] = [];
  for (const point of points) {
    const folder = freshFolder();
    life.prepare(folder);
    const killed = await traceChild(
      'log',
      [folder, run, commandCount],
      faultAt(point, kill, cleanFolder, folder),
    );
    const after = await runChild('log', [folder, 'after', commandCountAfter]);
    const found = [
      ...killProblems(killed, point),
      ...losses([...life.before, killed.told], after, commandCountAfter),
    ];
    if (found.length > 0) {
      const where = `killed at ${point.name} ${point.nth} (${point.file})`;
      const how = `${life.inWords}${inFolderD(killed.commandLine, folder)}`;
      failures.push([where, ...found, how].join('\n  '));
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return { points, failures };
}

function killProblems({ signal, told, calls, stderr }: ChildRun, { name, nth }: Point): string[] {
  if (signal !== 'SIGKILL') return [`it was not killed, but ended: ${JSON.stringify(told.end)} ${stderr}`];
  const reached = calls.filter((call) => call.name === name).length;
  // On a busy machine another thread may have begun one more such call before the signal got to it.
  if (reached !== nth && reached !== nth + 1) return [`it was killed at ${name} ${reached}`];
  return earlyAnswers(calls, toldExchanges(calls));
}

function summary(points: readonly Point[]): string {
  const counts = Map.groupBy(points, ({ name }) => name);
  return [...counts].map(([name, some]) => `${name} ${some.length}`).join(', ');
}

describe.skipIf(missing !== undefined)('kill -9 at each system call', () => {
  test('of a log that begins, rotates and is closed', { timeout: testMsMax }, async () => {
    const { points, failures } = await killEverywhere(newLife);
    console.log(`killed at ${points.length} calls: ${summary(points)}`);
    expect(failures.join('\n')).toBe('');
    const called = points.map(({ name }) => name);
    const wanted = ['pwrite64', 'fdatasync', 'fsync', 'openat', 'close', 'rename', 'link', 'unlink'];
    expect(called).toEqual(expect.arrayContaining(wanted));
  });

  test('of the recovery of a torn tail and a lost index, and of the life after it', {
    timeout: testMsMax,
  }, async () => {
    const { points, failures } = await killEverywhere(await lifeAfterCrash());
    console.log(`killed at ${points.length} calls: ${summary(points)}`);
    expect(failures.join('\n')).toBe('');
    expect(points.some(({ file }) => file.includes('.torn-'))).toBe(true);
  });
});
