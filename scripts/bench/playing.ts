/**
 * The one way in which benchmarks send commands and count: transitions are what the log's head has moved by,
 * never what was sent.
 */
import { performance } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { openSegmentLog, type SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { systemClock } from '../runtime/system.ts';
import { countingFiles, type DiskCounts, nothingWritten } from './counting-files.ts';
import { commandsPerCall } from './workloads.ts';

/** Commands made before the clock runs; what the engine may hold unanswered bounds it. */
export const chunkCommandsMax = 50_000;
/** Calls that wait for their answer at a time: about what the engine decides before the first is durable. */
export const callsInFlightMax = 4;

export interface OpenDesk {
  readonly log: SegmentLog;
  readonly engine: Engine;
  readonly disk: Readonly<DiskCounts>;
  close(): Promise<void>;
}

/** What commands can be played into, and counted in. */
export type Playable = Pick<OpenDesk, 'engine'> & { readonly log: Pick<EventReader, 'head'> };

/** An engine on a new segment log in a data folder, with the limits that production has. */
export async function openDesk(dataFolder: string): Promise<OpenDesk> {
  const disk = nothingWritten();
  const log = await openSegmentLog({
    folder: logFolder(dataFolder),
    clock: systemClock,
    files: countingFiles(disk),
  });
  const engine = new Engine({
    log,
    clock: systemClock,
    workflows: builtInWorkflows,
    defaultWorkflow: 'support',
  });
  return { log, engine, disk, close: () => log.close() };
}

export interface Played {
  /** By how much the head of the log has moved. */
  transitions: number;
  commands: number;
  rejected: number;
  repeated: number;
  /** With the clock running. */
  seconds: number;
  /** All threads of this process. */
  cpuSeconds: number;
  /** Of these, how long the main thread was busy. */
  busySeconds: number;
  /** Of these, how long it stood still for the garbage collector. */
  collectorSeconds: number;
}

/**
 * Sends all commands and waits for every answer. Commands that cost nothing to make are made as they are
 * sent, as a real caller's are fresh from its parser; others beforehand, in chunks, with the clock standing
 * still.
 */
export async function play(
  desk: Playable,
  commands: Iterable<Command>,
  making: 'inside the clock' | 'outside the clock',
  signal: AbortSignal,
): Promise<Played> {
  const inside = making === 'inside the clock';
  return playChunks(desk, inside ? [callsOf(commands)] : chunks(commands), { signal });
}

export interface CallsOptions {
  readonly signal: AbortSignal;
  /** Called whenever a call has been sent. */
  readonly onSent?: () => void;
}

/** The same with commands that come as calls, made inside the clock. */
export async function playCalls(
  desk: OpenDesk,
  calls: Iterable<readonly Command[]>,
  options: CallsOptions,
): Promise<Played> {
  return playChunks(desk, [calls], options);
}

async function playChunks(
  desk: Playable,
  chunks: Iterable<Iterable<readonly Command[]>>,
  options: CallsOptions,
): Promise<Played> {
  const { rejected, repeated } = desk.engine.counts;
  const played: Played = {
    transitions: 0,
    commands: 0,
    rejected: 0,
    repeated: 0,
    seconds: 0,
    cpuSeconds: 0,
    busySeconds: 0,
    collectorSeconds: 0,
  };
  // Only here: what is left behind while the clock runs is collected while it runs.
  globalThis.gc?.();
  for (const calls of chunks) await time(desk, calls, played, options);
  played.rejected = desk.engine.counts.rejected - rejected;
  played.repeated = desk.engine.counts.repeated - repeated;
  return played;
}

async function time(
  { engine, log }: Playable,
  calls: Iterable<readonly Command[]>,
  played: Played,
  { signal, onSent }: CallsOptions,
): Promise<void> {
  const head = await log.head();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const collector = new GCProfiler();
  collector.start();
  const startedAtMs = performance.now();
  const inFlight: Promise<unknown>[] = [];
  for (const call of calls) {
    signal.throwIfAborted();
    if (inFlight.length >= callsInFlightMax) await inFlight.shift();
    inFlight.push(engine.submit(call));
    played.commands += call.length;
    onSent?.();
  }
  await Promise.all(inFlight);
  played.seconds += (performance.now() - startedAtMs) / 1_000;
  // The costs are in microseconds.
  const pauses = collector.stop()?.statistics ?? [];
  played.collectorSeconds += pauses.reduce((sum, { cost }) => sum + cost, 0) / 1_000_000;
  played.busySeconds += performance.eventLoopUtilization(loop).active / 1_000;
  const used = process.cpuUsage(cpu);
  played.cpuSeconds += (used.user + used.system) / 1_000_000;
  const headAfter = await log.head();
  played.transitions += headAfter - head;
}

function* callsOf(commands: Iterable<Command>): Generator<readonly Command[]> {
  let call: Command[] = [];
  for (const command of commands) {
    call.push(command);
    if (call.length < commandsPerCall) continue;
    yield call;
    call = [];
  }
  if (call.length > 0) yield call;
}

function* chunks(commands: Iterable<Command>): Generator<readonly (readonly Command[])[]> {
  let calls: (readonly Command[])[] = [];
  for (const call of callsOf(commands)) {
    calls.push(call);
    if (calls.length * commandsPerCall < chunkCommandsMax) continue;
    yield calls;
    calls = [];
  }
  if (calls.length > 0) yield calls;
}
