/**
 * The engine is killed at random moments of its work, and started again on what it left. Whatever it had
 * acknowledged must be there, once, and in the end the log must hold what an uninterrupted run would.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { Random } from '../../adapters/simulation/random.ts';
import type { EventLog, Outcome } from '../../domain/ports.ts';
import { HistoryAudit } from '../../domain/ticket/audit.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { systemClock } from '../../scripts/runtime/system.ts';
import { allEvents, engineOn, memoryLog } from '../support/engine.ts';
import { plan } from './plan.ts';

const killsMin = 50;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'docket-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly index: number;
  readonly outcome: Outcome;
}

/**
 * Runs the child from a command on and kills it some milliseconds after its first answer, if it still runs.
 */
async function run(
  from: number,
  killAfterMs: number | undefined,
): Promise<{ answers: Answer[]; killed: boolean }> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'engine-child.ts'), folder, String(seed), String(from)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let text = '';
  let killed = false;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const isFirst = text === '';
    text += chunk;
    if (isFirst && killAfterMs !== undefined) {
      void sleep(killAfterMs).then(() => {
        killed = child.exitCode === null && child.kill('SIGKILL');
      });
    }
  });
  await new Promise((resolve) => child.once('close', resolve));
  // The last line may be cut by the kill: then nobody was told.
  const lines = text.split('\n').slice(0, -1);
  return { answers: lines.map((line): Answer => JSON.parse(line)), killed };
}

/** What must be equal between two runs: everything but positions and commit times. */
function essence(events: readonly RecordedEvent[]): Map<string, unknown[]> {
  const histories = new Map<string, unknown[]>();
  for (const { position: _, recordedAt: __, partition: ___, ...event } of events) {
    histories.set(event.ticketId, [...(histories.get(event.ticketId) ?? []), event]);
  }
  return histories;
}

function checkAcknowledged(events: readonly RecordedEvent[], answered: ReadonlyMap<number, Outcome>): void {
  const commands = plan(seed);
  for (const [index, outcome] of answered) {
    if (outcome.status !== 'accepted' || outcome.events === 0) continue;
    const event = events[outcome.position - 1];
    expect(event, `command ${index} was acknowledged at ${outcome.position}`).toMatchObject({
      position: outcome.position,
      ticketId: outcome.ticketId,
      commandId: commands[index]?.commandId,
    });
  }
}

it(`loses nothing that it acknowledged and does nothing twice, killed ${killsMin} times (DOCKET_TEST_SEED=${seed})`, async () => {
  const random = new Random(seed);
  const commands = plan(seed);
  const answered = new Map<number, Outcome>();
  let kills = 0;
  let from = 0;
  while (kills < killsMin) {
    // Begin again before the first unanswered command: what is sent twice must be answered, not done, twice.
    const { answers, killed } = await run(Math.max(0, from - 5), random.below(40));
    kills += killed ? 1 : 0;
    for (const { index, outcome } of answers) answered.set(index, outcome);
    while (answered.has(from)) from += 1;
    expect(from, 'commands are left to be killed in').toBeLessThan(commands.length);
    if (kills % 10 !== 0) continue;
    const log = await openSegmentLog({ folder, clock: systemClock });
    checkAcknowledged(await allEvents(log), answered);
    await log.close();
  }
  for (const { index, outcome } of (await run(from, undefined)).answers) answered.set(index, outcome);

  const log: EventLog = await openSegmentLog({ folder, clock: systemClock });
  const events = await allEvents(log);
  await log.close();
  checkAcknowledged(events, answered);
  const audit = new HistoryAudit(builtInWorkflows);
  expect(events.flatMap((event) => audit.check(event))).toEqual([]);
  const digests = events.filter((event) => event.commandDigest !== undefined).map((event) => event.commandId);
  expect(new Set(digests).size).toBe(digests.length);

  const whole = memoryLog();
  const engine = engineOn(whole);
  for (let at = 0; at < commands.length; at += 500) await engine.submit(commands.slice(at, at + 500));
  expect(essence(events)).toEqual(essence(await allEvents(whole)));
}, 180_000);
