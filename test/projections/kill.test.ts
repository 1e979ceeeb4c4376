/**
 * Exactly once, whatever happens: a projector is killed with SIGKILL at 50 random moments, started again each
 * time, and leaves the same rows as one that was never disturbed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, dump, project } from './databases.ts';
import { randomHistory, seeded } from './histories.ts';

const killCount = 50;
const batchEventsMax = 24;
const commitsBeforeKillMax = 12;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);
const events = randomHistory({ seed, events: 12_000, liveTickets: 300 });
const childFile = join(import.meta.dirname, 'projector-child.ts');

let killed: TestDatabase;
let undisturbed: TestDatabase;
let folder: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  [killed, undisturbed] = await Promise.all([testDatabase(), testDatabase()]);
  folder = mkdtempSync(join(tmpdir(), 'docket-kill-'));
  writeFileSync(join(folder, 'events.json'), JSON.stringify(events));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await killed.drop();
  await undisturbed.drop();
  rmSync(folder, { recursive: true, force: true });
});

it(`leaves the same rows when it is killed ${killCount} times (seed ${seed})`, {
  timeout: 180_000,
}, async () => {
  const random = seeded(seed);
  // Starting takes longer than what is tested, so the next ones start while one works.
  const ready = [start(), start()];
  const positions: number[] = [];
  for (let kills = 0; kills < killCount; kills += 1) {
    const child = ready.shift() ?? start();
    ready.push(start());
    positions.push(await killAfter(await child, Math.floor(random() * commitsBeforeKillMax), random() * 6));
  }
  expect(positions.filter((position) => position >= events.length)).toEqual([]);
  for (const child of ready) (await child).kill('SIGKILL');

  await project(killed.database, events);
  await project(undisturbed.database, events);
  expect(await dump(killed.database)).toEqual(await dump(undisturbed.database));
  expect(await check(killed.database, events)).toMatchObject({
    ok: true,
    events: events.length,
    differences: [],
  });
});

/** A child that has everything loaded and waits. */
async function start(): Promise<ChildProcess> {
  const args = [childFile, killed.url, join(folder, 'events.json'), String(batchEventsMax)];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  for await (const line of linesOf(child)) if (line === 'ready') return child;
  throw new Error('the projector did not start');
}

/** Lets it commit so many batches, waits a little longer and kills it. Answers the last position it told. */
async function killAfter(child: ChildProcess, commits: number, delayMs: number): Promise<number> {
  let position = 0;
  let seen = 0;
  const exited = once(child, 'exit');
  child.stdin?.write('go\n');
  if (commits > 0) {
    for await (const line of linesOf(child)) {
      position = Number(line);
      seen += 1;
      if (seen >= commits) break;
    }
  }
  await setTimeout(delayMs);
  child.kill('SIGKILL');
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return position;
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  const { stdout } = child;
  if (stdout === null) throw new Error('bug: the child has no output');
  let rest = '';
  // Without `return`, leaving the loop would close the child's output.
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
