/**
 * The commands that benchmarks send, and the one way in which they are sent and counted: transitions are what
 * the log's head has moved by, never what was sent.
 */
import { performance } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { openSegmentLog, type SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { diskFiles, type SegmentFile, type SegmentFiles } from '../../adapters/log/segment/storage.ts';
import { deskCommands } from '../../adapters/simulation/desk-commands.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { systemClock } from '../runtime/system.ts';

export const liveTicketsCount = 100_000;
/** Commands made before the clock runs; what the engine may hold unanswered bounds it. */
export const chunkCommandsMax = 50_000;
export const commandsPerCall = 1_000;
/** Calls that wait for their answer at a time: enough for two full rounds of the engine. */
export const callsInFlightMax = 4;

const actor = { id: 'svc-desk', role: 'integration' as const };
const businessTimeFirstMs = Date.UTC(2026, 0, 5);
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

/** Made once: a caller knows its tickets. */
const ticketIds = Array.from(
  { length: liveTicketsCount },
  (_, index) => `INC${String(index).padStart(7, '0')}`,
);
const ticketId = (index: number): string | undefined => ticketIds[index];

type Envelope = Pick<Command, 'ticketId' | 'actor' | 'occurredAt' | 'commandId'>;

/** Opens the tickets that `liveTicketCommands` acts on. */
export function* openingCommands(): Generator<Command> {
  for (let index = 0; index < liveTicketsCount; index += 1) {
    const occurredAt = businessTimeFirstMs + index;
    yield {
      type: 'OpenTicket',
      ticketId: ticketId(index),
      workflow: 'incident',
      actor,
      occurredAt,
      data: {},
    };
  }
}

/**
 * Endless legal commands on the open incidents: work starts, is held, resumed, resolved, reopened, held and
 * so on. Real envelopes, a command id on one in ten, no payload beyond the reason of a hold. `each` visits
 * all tickets in turn; `random` picks them with a fixed seed.
 */
export function* liveTicketCommands(order: 'each' | 'random'): Generator<Command> {
  const steps = new Uint8Array(liveTicketsCount);
  const random = new Random(1);
  for (let sent = 0; ; sent += 1) {
    const index = order === 'each' ? (sent * stride) % liveTicketsCount : random.below(liveTicketsCount);
    const step = steps[index] ?? 0;
    // The first step is taken once, the four others for ever.
    steps[index] = step === 4 ? 1 : step + 1;
    const commandId = sent % 10 === 0 ? `bench-${sent}` : undefined;
    const occurredAt = businessTimeFirstMs + liveTicketsCount + sent;
    yield stepCommand(step, { ticketId: ticketId(index), actor, occurredAt, commandId });
  }
}

function stepCommand(step: number, envelope: Envelope): Command {
  switch (step) {
    case 0:
      return { type: 'StartWork', ...envelope, data: {} };
    case 1:
      return { type: 'HoldTicket', ...envelope, data: { reason: 'vendor' } };
    case 2:
      return { type: 'ResumeTicket', ...envelope, data: {} };
    case 3:
      return { type: 'ResolveTicket', ...envelope, data: {} };
    default:
      return { type: 'ReopenTicket', ...envelope, data: {} };
  }
}

/** The simulated desk, endless: full payloads, 1 % illegal on purpose, 2 % sent twice. */
export function deskWorkload(): Generator<Command> {
  return deskCommands({ seed: 1, ticketsPerWeek: 50_000, agentsCount: 600 });
}

/** Up to `total` commands of a workload that goes on; what is left of it stays for the next call. */
export function* take(commands: Iterator<Command>, total: number): Generator<Command> {
  for (let taken = 0; taken < total; taken += 1) {
    const next = commands.next();
    if (next.done === true) return;
    yield next.value;
  }
}

/** What was written to segments, and in how many writes; each is followed by one fdatasync. */
export interface DiskCounts {
  bytes: number;
  writes: number;
}

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
  const disk: DiskCounts = { bytes: 0, writes: 0 };
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
  if (making === 'inside the clock') await time(desk, callsOf(commands), played, signal);
  else for (const calls of chunks(commands)) await time(desk, calls, played, signal);
  played.rejected = desk.engine.counts.rejected - rejected;
  played.repeated = desk.engine.counts.repeated - repeated;
  return played;
}

async function time(
  { engine, log }: Playable,
  calls: Iterable<readonly Command[]>,
  played: Played,
  signal: AbortSignal,
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

function countingFiles(counts: DiskCounts): SegmentFiles {
  return {
    ...diskFiles,
    async open(path, mode) {
      const file = await diskFiles.open(path, mode);
      return path.endsWith('.seg') ? countingFile(file, counts) : file;
    },
  };
}

function countingFile(file: SegmentFile, counts: DiskCounts): SegmentFile {
  return {
    read: (target, position) => file.read(target, position),
    write: (bytes, position) => {
      counts.bytes += bytes.length;
      counts.writes += 1;
      return file.write(bytes, position);
    },
    sync: () => file.sync(),
    size: () => file.size(),
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  };
}
