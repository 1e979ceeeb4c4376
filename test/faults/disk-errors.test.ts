/**
 * The disk refuses one system call in the life of the real process: each write, each sync, each rename, open
 * and so on in turn. From then on nothing is acknowledged, whatever comes is refused with `log_failed`, and
 * a new process opens the folder, finds all that was acknowledged, and goes on.
 */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type ChildRun,
  faultAt,
  freshFolder,
  type Kind,
  type Point,
  pointsOf,
  runChild,
  traceChild,
} from './child-runs.ts';
import { type Life, lifeAfterCrash, newLife } from './lives.ts';
import { earlyAnswers, toldExchanges } from './order.ts';
import { inFolderD, whyNotTraced } from './strace.ts';
import { losses } from './told.ts';

const missing = whyNotTraced();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const commandCountAfter = 2;
const testMsMax = 600_000;

/** The faults tried, by the system call. */
const faults: readonly (readonly [call: string, errors: readonly string[]])[] = [
  ['fdatasync', ['EIO']],
  ['fsync', ['EIO']],
  ['pwrite64', ['ENOSPC', 'EIO']],
  ['rename', ['EIO']],
  ['openat', ['EIO']],
  ['ftruncate', ['EIO']],
  ['link', ['EIO']],
  ['mkdir', ['ENOSPC']],
  ['pread64', ['EIO']],
  ['unlink', ['EIO']],
  ['close', ['EIO']],
];
/** Tried as well on what a crash left, where an error must not pass for damage or for a torn tail. */
const inRecovery = ['fdatasync', 'fsync', 'pwrite64', 'rename', 'openat', 'pread64'] as const;
/** Nothing is lost where these fail on a file that was only read, or is in the way: both ends are right. */
const mayBeHarmless: readonly string[] = ['unlink', 'close'];

interface Clean {
  readonly folder: string;
  readonly points: readonly Point[];
}

/** A run without faults tells where they can be put. */
async function cleanRun(kind: Kind, life: Life): Promise<Clean> {
  const folder = freshFolder();
  life.prepare(folder);
  const clean = await traceChild(kind, [folder, life.run, life.commandCount]);
  expect(clean.told.end, clean.commandLine).toBe('closed');
  return { folder, points: pointsOf(clean.calls, folder) };
}

async function failAt(clean: Clean, kind: Kind, life: Life, point: Point, error: string): Promise<string[]> {
  const folder = freshFolder();
  life.prepare(folder);
  const tracing = faultAt(point, `error=${error}`, clean.folder, folder);
  const run = await traceChild(kind, [folder, life.run, life.commandCount], tracing);
  const after = await runChild(kind, [folder, 'after', commandCountAfter]);
  const lost = losses([...life.before, run.told], after, commandCountAfter);
  const found = [...stopProblems(run, point, life), ...lost];
  rmSync(folder, { recursive: true, force: true });
  if (found.length === 0) return [];
  const where = `${error} at ${point.name} ${point.nth} (${point.file})`;
  return [[where, ...found, `${life.inWords}${inFolderD(run.commandLine, folder)}`].join('\n  ')];
}

/** What the process should have done after the fault, and did not. */
function stopProblems({ calls, told, code, stderr }: ChildRun, point: Point, life: Life): string[] {
  const failed = calls.filter(({ injected }) => injected);
  const [fault] = failed;
  if (fault === undefined || failed.length > 1) return [`${failed.length} calls failed instead of one`];
  const seen = toldExchanges(calls).length;
  if (seen !== told.acknowledged.size) return [`${seen} answers are in the trace`];
  if (code !== 0) return [`the process ended with ${code}: ${stderr}`];
  const found = earlyAnswers(calls, toldExchanges(calls));
  const harmless = told.end === 'closed' && told.acknowledged.size === life.commandCount;
  if (harmless && mayBeHarmless.includes(point.name)) return found;
  if (point.name === 'pread64' && told.end === 'closed' && isRefusedAlone(told.refused)) return found;
  for (const commandId of issuedAfter(calls, fault.ended)) {
    const answer = told.refused.get(commandId);
    if (answer !== 'log_failed')
      found.push(`${commandId} came after the fault and got ${answer ?? 'accepted'}`);
  }
  const refusals = [...told.refused.values()].filter((answer) => answer !== 'log_failed');
  if (refusals.length > 0) found.push(`refused with ${refusals}`);
  if (typeof told.end === 'object' && told.end.code === 'log_damaged')
    found.push('an error passed for damage');
  if (typeof told.end === 'string') found.push(`the fault was not told at the end: ${told.end}`);
  if (told.refused.size > 0 && typeof told.end !== 'string' && told.end.code !== 'log_failed') {
    found.push(`closing the failed log gave ${told.end.code}`);
  }
  return found;
}

/** A read that an append needed, to find its ticket, failed: only that append is refused. */
function isRefusedAlone(refused: ReadonlyMap<string, string>): boolean {
  return refused.size === 1 && [...refused.values()].every((answer) => answer === 'log_unreadable');
}

function issuedAfter(calls: ChildRun['calls'], line: number): string[] {
  return calls.flatMap(({ name, args, began }) => {
    const commandId = /^1(?:<.*?>)?, "issued ([\w.-]+)/.exec(args)?.[1];
    return name === 'write' && began > line && commandId !== undefined ? [commandId] : [];
  });
}

/** Resolves with the number of calls of this name, each of which was made to fail. */
async function failEverywhere(
  kind: Kind,
  life: Life,
  call: string,
  errors: readonly string[],
): Promise<number> {
  const clean = await cleanRun(kind, life);
  const points = clean.points.filter(({ name }) => name === call);
  const failures: string[] = [];
  for (const error of errors) {
    for (const point of points) failures.push(...(await failAt(clean, kind, life, point, error)));
  }
  console.log(`${kind}: ${call} ${errors}, ${points.length} times each: ${filesOf(points)}`);
  expect(failures.join('\n')).toBe('');
  return points.length;
}

function filesOf(points: readonly Point[]): string {
  const files = Map.groupBy(points, ({ file }) =>
    file
      .replace(/^\d+/, '*')
      .replace(/^LOCK-.*/, 'LOCK draft')
      .replace(/torn-\w+/, 'torn-*'),
  );
  return [...files].map(([file, some]) => `${file} ${some.length}`).join(', ');
}

describe.skipIf(missing !== undefined)('one system call fails', { timeout: testMsMax }, () => {
  test.for(faults)('%s, in a log: %s', async ([call, errors], { skip }) => {
    if ((await failEverywhere('log', newLife, call, errors)) === 0) skip(`a log makes no ${call} at present`);
  });

  test.each(inRecovery)('%s, in a recovery and after it: EIO', async (call) => {
    expect(await failEverywhere('log', await lifeAfterCrash(), call, ['EIO'])).toBeGreaterThan(2);
  });

  test('fdatasync, in a log under an engine: EIO', async () => {
    expect(await failEverywhere('engine', newLife, 'fdatasync', ['EIO'])).toBeGreaterThan(5);
  });

  test('and a history has all the calls that a fault must be tried at', async () => {
    const { points } = await cleanRun('log', newLife);
    const found = points.map(({ name, file }) => `${name} ${file.replace(/^\d+/, '*')}`);
    const wanted = ['fdatasync *.seg', 'fdatasync *.seg.tmp', 'fdatasync *.idx.tmp', 'fsync the folder'];
    wanted.push(
      'pwrite64 *.seg',
      'pwrite64 durable',
      'pwrite64 *.idx.tmp',
      'rename *.seg.tmp',
      'openat *.seg',
    );
    expect(found).toEqual(expect.arrayContaining(wanted));
    const tried = new Set(faults.map(([call]) => call));
    expect(points.filter(({ name }) => !tried.has(name)).map(({ name, file }) => `${name} ${file}`)).toEqual(
      [],
    );
  });
});
