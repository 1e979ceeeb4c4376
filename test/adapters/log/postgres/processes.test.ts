/**
 * Several writers in processes of their own, one reader in another, and everything that can go wrong between
 * them and the server: connections that are ended at random, processes that stand still, transactions that
 * are rolled back, and one that is left open all the while.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresLog } from '../../../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../../../adapters/postgres/database.ts';
import { Random } from '../../../../adapters/simulation/random.ts';
import type { RecordedEvent } from '../../../../domain/ticket/events.ts';
import type { Database } from '../../../../projections/sql.ts';
import { type TestDatabase, testDatabase } from '../../../support/postgres.ts';
import { readAll } from '../samples.ts';

const writersCount = 4;
const troubleMs = Number(process.env.DOCKET_TEST_TROUBLE_MS ?? 12_000);
/** From an acknowledgement to the reader's having it, on a machine that does much else. */
const lagMsMax = 5_000;
const lagMsMedianMax = 250;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);

let shared: TestDatabase;
beforeAll(async () => {
  shared = await testDatabase();
});
afterAll(() => shared.drop());

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  /** The exit code, once its last line has been read. */
  readonly ended: Promise<unknown>;
}

async function start(script: string, ...args: readonly string[]): Promise<Child> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), shared.url, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  const ended = Promise.all([once(child, 'exit'), once(output, 'close')]).then(([[code]]) => code);
  const opened = once(output, 'line');
  output.on('line', (line) => void lines.push(line));
  await Promise.race([opened, ended.then(() => Promise.reject(new Error(`${script} did not start`)))]);
  lines.shift();
  return { process: child, lines, ended };
}

const oneEvent = `ARRAY[ROW(0, 1, 1, 1, 0, 'rolled-back', 'WorkStarted', 'support@1', 'open', 'ada', 'agent',
  NULL, NULL, NULL, NULL, NULL, NULL, 'rolled back', '{}')]::docket_log.new_event[]`;

/** Appends, keeps everybody waiting, and rolls back: its position must be given again. */
async function rollBack(database: Database, waitMs: number): Promise<void> {
  const abort = new Error('rolled back on purpose');
  const aborted = database.transaction(async (sql) => {
    const [row] = await sql.query<{ appended_from: number | null }>(
      `SELECT appended_from FROM docket_log.append_all(1, 1, '{rolled-back}', '{0}', ${oneEvent}, '{}')`,
    );
    expect(row?.appended_from).toBeGreaterThan(0);
    await sleep(waitMs);
    throw abort;
  });
  await expect(aborted).rejects.toBe(abort);
}

async function makeTrouble(database: Database, writers: readonly Child[], random: Random): Promise<number> {
  let killed = 0;
  const until = performance.now() + troubleMs;
  while (performance.now() < until) {
    await sleep(random.below(250));
    switch (random.below(3)) {
      case 0:
        killed += await database.execute(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'docket-proof-%' ORDER BY md5(pid::text || $1) LIMIT 2`,
          [String(random.below(1_000_000))],
        );
        break;
      case 1:
        await rollBack(database, random.below(60));
        break;
      default: {
        const victim = writers[random.below(writers.length)]?.process;
        victim?.kill('SIGSTOP');
        await sleep(random.below(150));
        victim?.kill('SIGCONT');
      }
    }
  }
  return killed;
}

function checkHistory(events: readonly RecordedEvent[]): void {
  expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1));
  const revisions = new Map<string, number>();
  let recordedAt = 0;
  const wrong = events.filter((event) => {
    const contiguous = event.revision === (revisions.get(event.ticketId) ?? 0) + 1;
    const ordered = event.recordedAt >= recordedAt;
    revisions.set(event.ticketId, event.revision);
    recordedAt = event.recordedAt;
    return !contiguous || !ordered;
  });
  expect(wrong).toEqual([]);
  const ids = events.flatMap(({ commandId }) => (commandId === undefined ? [] : [commandId]));
  expect(new Set(ids).size).toBe(ids.length);
}

/** Told to the writers, against what is in the log. Answers when each position was acknowledged. */
function checkAcknowledged(events: readonly RecordedEvent[], writers: readonly Child[]) {
  const positions = new Map<string, number[]>();
  for (const { source = '', position } of events) {
    positions.set(source, [...(positions.get(source) ?? []), position]);
  }
  const acknowledgedAt = new Map<number, number>();
  const counts = { appended: 0, conflict: 0, unknown: 0 };
  const told = new Set<string>();
  const wrong: string[] = [];
  for (const line of writers.flatMap(({ lines }) => lines)) {
    const [token = '', status, position, at] = line.split(' ');
    const found = positions.get(token) ?? [];
    told.add(token);
    // A write has one or two events, one after the other.
    const whole = found.length <= 2 && found.every((each, index) => each === (found[0] ?? 0) + index);
    if (!whole) wrong.push(`${line}: found at ${found}`);
    if (status === 'appended') {
      if (found[0] !== Number(position)) wrong.push(`${line}: found at ${found}`);
      acknowledgedAt.set(Number(position), Number(at));
      counts.appended += 1;
    } else if (status === 'conflict') {
      if (found.length > 0) wrong.push(`${line}: found at ${found}`);
      counts.conflict += 1;
    } else counts.unknown += 1;
  }
  wrong.push(...[...positions.keys()].filter((token) => !told.has(token)));
  expect(wrong).toEqual([]);
  return { acknowledgedAt, counts };
}

function lagsOf(reader: Child, acknowledgedAt: ReadonlyMap<number, number>): number[] {
  const lags = reader.lines.flatMap((line) => {
    const [, position, , at] = line.split(' ');
    const acknowledged = acknowledgedAt.get(Number(position));
    return acknowledged === undefined ? [] : [Number(at) - acknowledged];
  });
  return lags.sort((left, right) => left - right);
}

test(`no skip, no inversion, nothing lost or doubled (DOCKET_TEST_SEED=${seed})`, {
  timeout: 60_000,
}, async () => {
  const random = new Random(seed);
  const clock = { now: () => Date.now() };
  const log = await openPostgresLog({ database: shared.database, clock });
  const idle = openDatabase(shared.url, { applicationName: 'docket-test-idle' });
  const session = await idle.session();
  // It has a snapshot, and a transaction id that everybody has to remember.
  await session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM docket_log.event');
  await session.execute('CREATE TABLE left_open (id integer)');
  const reader = await start('reader-child.ts', 'reader');
  const writers = await Promise.all(
    Array.from({ length: writersCount }, (_, index) =>
      start('writer-child.ts', `writer${index}`, String(random.below(1_000_000))),
    ),
  );
  const killed = await makeTrouble(shared.database, writers, random);
  for (const { process } of writers) process.stdin?.write('stop\n');
  // A writer that was told anything but the truth, or that the log has failed, ends otherwise.
  expect(await Promise.all(writers.map(({ ended }) => ended))).toEqual(writers.map(() => 0));
  const events = await readAll(log);
  const seen = () => reader.lines.length;
  for (let waits = 0; seen() < events.length && waits < 50; waits += 1) await sleep(100);
  expect((await session.query<{ state: string }>('SELECT 1 AS state')).length).toBe(1);
  reader.process.kill('SIGKILL');
  await reader.ended;
  await session.close();
  await idle.close();
  await log.close();

  checkHistory(events);
  expect(reader.lines.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(
    events.map(({ source, position, revision }) => `${source} ${position} ${revision}`),
  );
  const { acknowledgedAt, counts } = checkAcknowledged(events, writers);
  const lags = lagsOf(reader, acknowledgedAt);
  console.log(
    `${events.length} events, ${JSON.stringify(counts)}, ${killed} connections ended, lag median ${lags[lags.length >> 1]} ms, longest ${lags.at(-1)} ms`,
  );
  expect(killed).toBeGreaterThan(0);
  expect(counts.appended).toBeGreaterThan(100);
  expect(counts.conflict).toBeGreaterThan(0);
  expect(lags[lags.length >> 1]).toBeLessThan(lagMsMedianMax);
  expect(lags.at(-1)).toBeLessThan(lagMsMax);
});
