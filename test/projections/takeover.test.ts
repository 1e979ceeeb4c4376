/**
 * At most one projector for each read model: a standby takes over within five seconds from one that was
 * killed or paused, and one that is woken again is refused and stands by.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectionStatus } from '../../projections/status.ts';
import { type TestDatabase, testDatabase } from '../support/postgres.ts';
import { check, project } from './databases.ts';
import { randomHistory, readerOf } from './histories.ts';

const takeoverMsMax = 5_000;
const events = randomHistory({ seed: 31, events: 6_000, liveTickets: 60 });
const childFile = join(import.meta.dirname, 'standby-child.ts');

let test: TestDatabase;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  test = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), 'docket-takeover-'));
  writeFileSync(join(folder, 'events.json'), JSON.stringify(events));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await test.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** A projector that waits for more at the end of the log, and everything it has said. */
function start(name: string, delayMs: number): { child: ChildProcess; said: string[] } {
  const args = [childFile, test.url, join(folder, 'events.json'), name, String(delayMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const said: string[] = [];
  child.stdout?.on('data', (data) => said.push(...String(data).trim().split('\n')));
  return { child, said };
}

async function until(isSo: () => boolean | Promise<boolean>, msMax = 20_000): Promise<number> {
  const since = performance.now();
  while (performance.now() - since < msMax) {
    if (await isSo()) return performance.now() - since;
    await sleep(20);
  }
  throw new Error(`it did not come to pass within ${msMax} ms`);
}

const hasWorked = (said: readonly string[]) => said.some((line) => line.startsWith('position'));

it('a standby takes over from a projector that was killed', { timeout: 60_000 }, async () => {
  const first = start('first', 20);
  await until(() => hasWorked(first.said));
  const second = start('second', 0);
  await until(() => second.said.some((line) => line.includes('stands by')));
  expect(hasWorked(second.said)).toBe(false);
  first.child.kill('SIGKILL');
  expect(await until(() => hasWorked(second.said))).toBeLessThan(takeoverMsMax);
  await until(() => second.said.includes(`position ${events.length}`));
  expect(await check(test.database, events)).toMatchObject({ ok: true });
});

it('a paused projector is replaced, refused when it wakes, and stands by', { timeout: 60_000 }, async () => {
  const first = start('first', 20);
  await until(() => hasWorked(first.said));
  const second = start('second', 20);
  await until(() => second.said.some((line) => line.includes('stands by')));
  first.child.kill('SIGSTOP');
  const saidBefore = first.said.length;
  expect(await until(() => hasWorked(second.said))).toBeLessThan(takeoverMsMax);
  first.child.kill('SIGCONT');
  await until(() => first.said.slice(saidBefore).some((line) => line.includes('stands by')));
  await until(() => second.said.includes(`position ${events.length}`));
  expect(hasWorked(first.said.slice(saidBefore))).toBe(false);
  const status = await projectionStatus(test.database, readerOf(events));
  expect(new Set(status.map(({ owner }) => owner))).toEqual(new Set(['second']));
  second.child.kill('SIGTERM');
  await once(second.child, 'exit');
  await project(test.database, events, { owner: 'third' });
  expect(await check(test.database, events)).toMatchObject({ ok: true, events: events.length });
});
