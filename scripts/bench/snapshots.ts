/**
 * What it costs to save the tickets in memory, what a restart gains by it, and whether the engine can go on
 * meanwhile. Both restarts read a log that the system still has in its page cache.
 */
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { SnapshotFolder } from '../../adapters/snapshots/snapshot-folder.ts';
import { restoreSnapshot, type SnapshotParts, saveSnapshot } from '../../domain/engine/snapshot.ts';
import { Engine } from '../../domain/engine.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows, defaultWorkflow } from '../../domain/workflow/registry.ts';
import { logFolder, snapshotFolder } from '../runtime/data-folder.ts';
import { systemClock } from '../runtime/system.ts';
import { nothingWritten } from './counting-files.ts';
import { type OpenDesk, play } from './playing.ts';
import { count, type Figure, type Section } from './report.ts';
import type { Bench } from './workspace.ts';

/** Live tickets by default, and with ten times as many transitions asked for than usual. */
const ticketsDefault = 100_000;
const ticketsLarge = 1_000_000;
const largeFromEvents = 3_000_000;
const eventsPerTicket = 5;
const commandsAfterRestart = 100_000;
/** Fewer, because each reads its ticket from the log. */
const commandsWhenCold = 5_000;
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;
const firstMs = Date.UTC(2026, 0, 5);
const agentsCount = 300;
const sampleEveryMs = 20;
const megabyte = 1024 * 1024;

export async function snapshotSection({ workspace, events, signal }: Bench): Promise<Section> {
  const figures: Figure[] = [];
  for (const tickets of events >= largeFromEvents ? [ticketsDefault, ticketsLarge] : [ticketsDefault]) {
    signal.throwIfAborted();
    figures.push(...(await measure(workspace.newFolder('snapshots'), tickets, signal)));
  }
  return {
    title: `6. snapshots of the tickets in memory, ${eventsPerTicket} events each, with a subject and an agent`,
    figures,
    notes: [
      `${count(ticketsLarge)} tickets are measured too from --events ${largeFromEvents} on`,
      'a pause is by how much a timer came late, garbage collection included; memory is resident, at its highest,' +
        ' beyond what it was before',
    ],
  };
}

async function measure(dataFolder: string, tickets: number, signal: AbortSignal): Promise<Figure[]> {
  const conditions = `${count(tickets)} live tickets`;
  const first = await openParts(dataFolder, tickets);
  await play(first.desk, histories(tickets), 'inside the clock', signal);
  globalThis.gc?.();
  const quiet = await watched(() => saveSnapshot(first.parts));
  const work = commandsAfterRestart * 3;
  const alone = await play(first.desk, comments(tickets, work), 'inside the clock', signal);
  const beside = await playWhileSaving(first, comments(tickets, work), signal);
  await saveSnapshot(first.parts);
  await first.desk.close();
  const cold = await restart(dataFolder, tickets, false, signal);
  const warm = await restart(dataFolder, tickets, true, signal);
  const figure = (what: string, value: number, unit: string, more = ''): Figure => {
    return { what, value, unit, conditions: `${conditions}${more}` };
  };
  const bytes = quiet.result?.bytes ?? 0;
  const rate = (played: { transitions: number; seconds: number }) => played.transitions / played.seconds;
  return [
    figure('save', quiet.ms, 'ms', `, ${(bytes / megabyte).toFixed(1)} MiB, nothing else to do`),
    figure('   file', bytes / tickets, 'bytes/ticket'),
    figure('   longest pause', quiet.pauseMs, 'ms'),
    figure('   memory', quiet.megabytes, 'MiB'),
    figure('restore', warm.restoreMs, 'ms', ' and no event after them; the log was open'),
    figure('   memory', warm.megabytes, 'MiB'),
    figure('   of it kept', warm.bytesPerTicket, 'bytes/ticket'),
    figure('   open the log', warm.openMs, 'ms'),
    figure('first commands, warm', warm.rate, 'transitions/s', `, ${count(commandsAfterRestart)} commands`),
    figure(
      'first commands, cold',
      cold.rate,
      'transitions/s',
      `, the first ${count(commandsWhenCold)} of the same`,
    ),
    figure('   ratio', warm.rate / cold.rate, 'times'),
    figure('engine alone', rate(alone), 'transitions/s'),
    figure('engine while saving', rate(beside), 'transitions/s', ', snapshots saved one after the other'),
  ];
}

interface Opened {
  readonly desk: OpenDesk;
  readonly parts: SnapshotParts;
}

async function openParts(dataFolder: string, ticketsCachedMax: number): Promise<Opened> {
  const log = await openSegmentLog({ folder: logFolder(dataFolder), clock: systemClock });
  const engine = new Engine({
    log,
    clock: systemClock,
    workflows: builtInWorkflows,
    defaultWorkflow,
    limits: { ticketsCachedMax },
  });
  const snapshots = new SnapshotFolder(snapshotFolder(dataFolder));
  return {
    desk: { log, engine, disk: nothingWritten(), close: () => log.close() },
    parts: { log, engine, workflows: builtInWorkflows, snapshots },
  };
}

async function restart(dataFolder: string, tickets: number, withSnapshot: boolean, signal: AbortSignal) {
  const startedAtMs = performance.now();
  const { desk, parts } = await openParts(dataFolder, tickets);
  const openMs = performance.now() - startedAtMs;
  globalThis.gc?.();
  const nothing = { ...parts, snapshots: new SnapshotFolder(join(dataFolder, 'nothing-here')) };
  const heapBytes = process.memoryUsage().heapUsed;
  const { result, ms, megabytes } = await watched(() => restoreSnapshot(withSnapshot ? parts : nothing));
  globalThis.gc?.();
  const bytesPerTicket = (process.memoryUsage().heapUsed - heapBytes) / tickets;
  if (withSnapshot && result.used?.tickets !== tickets) throw new Error('the snapshot was not used');
  const commands = comments(tickets, withSnapshot ? commandsAfterRestart : commandsWhenCold);
  const { transitions, seconds } = await play(desk, commands, 'inside the clock', signal);
  await desk.close();
  return { openMs, restoreMs: ms, megabytes, bytesPerTicket, rate: transitions / seconds };
}

async function playWhileSaving({ desk, parts }: Opened, commands: Iterable<Command>, signal: AbortSignal) {
  let done = false;
  const playing = play(desk, commands, 'inside the clock', signal).finally(() => {
    done = true;
  });
  while (!done) await saveSnapshot(parts);
  return playing;
}

/** How long work took, by how much it held up a timer, and how far it made the process grow. */
async function watched<A>(work: () => Promise<A>) {
  const before = process.memoryUsage.rss();
  let highest = before;
  const sampling = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss());
  }, sampleEveryMs);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAtMs = performance.now();
  const result = await work();
  const ms = performance.now() - startedAtMs;
  delay.disable();
  clearInterval(sampling);
  highest = Math.max(highest, process.memoryUsage.rss());
  return { result, ms, pauseMs: delay.max / 1_000_000, megabytes: (highest - before) / megabyte };
}

const envelope = (index: number) => ({
  ticketId: `INC${String(index).padStart(7, '0')}`,
  actor: { id: `agent-${index % agentsCount}`, role: 'agent' as const },
  occurredAt: firstMs + index,
});

function* histories(tickets: number): Generator<Command> {
  const random = new Random(1);
  for (let index = 0; index < tickets; index += 1) {
    const [noise, device] = [random.below(2 ** 32).toString(36), random.below(5_000)];
    const fields = { subject: `Printer ${device} does not print: error ${noise}`, priority: 'P3' };
    yield { type: 'OpenTicket', ...envelope(index), workflow: 'incident', data: { fields } };
  }
  for (const steps of [stepsOfAgent, stepsOfHold]) {
    for (let index = 0; index < tickets; index += 1) yield* steps(index);
  }
}

function* stepsOfAgent(index: number): Generator<Command> {
  yield { type: 'AssignTicket', ...envelope(index), data: { agent: `agent-${index % agentsCount}` } };
  yield { type: 'StartWork', ...envelope(index), data: {} };
}

function* stepsOfHold(index: number): Generator<Command> {
  yield { type: 'HoldTicket', ...envelope(index), data: { reason: 'vendor' } };
  yield { type: 'ResumeTicket', ...envelope(index), data: {} };
}

function* comments(tickets: number, total: number): Generator<Command> {
  for (let sent = 0; sent < total; sent += 1) {
    const index = (sent * stride) % tickets;
    yield { type: 'AddComment', ...envelope(index), data: { body: 'Looked into it.', public: false } };
  }
}
