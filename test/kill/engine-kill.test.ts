/**
 * The engine is killed at random moments of its work, and started again on what it left. Whatever it had
 * acknowledged must be there, once, and in the end the log must hold what an uninterrupted run would.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { deskCommands } from '../../adapters/simulation/desk-commands.ts';
import { Random } from '../../adapters/simulation/random.ts';
import type { EventLog, Outcome } from '../../domain/ports.ts';
import { HistoryAudit } from '../../domain/ticket/audit.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { systemClock } from '../../scripts/runtime/system.ts';
import { allEvents, engineOn, memoryLog } from '../support/engine.ts';

const killsMin = 50;
const seed = Number(process.env.DOCKET_TEST_SEED ?? Date.now() % 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'docket-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const logFolder = join(folder, 'log');
const commandsFile = join(folder, 'commands.json');

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
    [join(import.meta.dirname, 'engine-child.ts'), logFolder, commandsFile, String(from)],
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

/**
 * A seeded desk, and the log of an uninterrupted run of it. Only commands that make events are taken: one
 * that is refused or changes nothing leaves no trace, so that sending it again is a new decision, on a new
 * state.
 */
async function planned(): Promise<{ commands: readonly Command[]; whole: readonly RecordedEvent[] }> {
  const log = memoryLog();
  const engine = engineOn(log);
  const commands: Command[] = [];
  for (const command of deskCommands({ seed, tickets: 2_500, wrongShare: 0, repeatedShare: 0.02 })) {
    const [outcome] = await engine.submit([command]);
    if (outcome?.status === 'accepted' && outcome.events > 0) commands.push(command);
  }
  return { commands, whole: await allEvents(log) };
}

function checkAcknowledged(
  events: readonly RecordedEvent[],
  answered: ReadonlyMap<number, Outcome>,
  commands: readonly Command[],
): void {
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
  const { commands, whole } = await planned();
  writeFileSync(commandsFile, JSON.stringify(commands));
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
    const log = await openSegmentLog({ folder: logFolder, clock: systemClock });
    checkAcknowledged(await allEvents(log), answered, commands);
    await log.close();
  }
  for (const { index, outcome } of (await run(from, undefined)).answers) answered.set(index, outcome);

  const log: EventLog = await openSegmentLog({ folder: logFolder, clock: systemClock });
  const events = await allEvents(log);
  await log.close();
  checkAcknowledged(events, answered, commands);
  const audit = new HistoryAudit(builtInWorkflows);
  expect(events.flatMap((event) => audit.check(event))).toEqual([]);
  const digests = events.filter((event) => event.commandDigest !== undefined).map((event) => event.commandId);
  expect(new Set(digests).size).toBe(digests.length);

  expect(essence(events)).toEqual(essence(whole));
}, 180_000);
