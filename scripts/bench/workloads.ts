/**
 * The commands that benchmarks send, and the one way in which they are sent and counted: transitions are what
 * the log's head has moved by, never what was sent.
 */
import { performance } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { openSegmentLog, type SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { deskCommands } from '../../adapters/simulation/desk-commands.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventReader } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { systemClock } from '../runtime/system.ts';
import { countingFiles, type DiskCounts, nothingWritten } from './counting-files.ts';

export const liveTicketsCount = 100_000;
/** Commands made before the clock runs; what the engine may hold unanswered bounds it. */
export const chunkCommandsMax = 50_000;
export const commandsPerCall = 1_000;
/** Calls that wait for their answer at a time: about what the engine decides before the first is durable. */
export const callsInFlightMax = 4;

const actor = { id: 'svc-desk', role: 'integration' as const };
/** Near to when it is recorded, as a live desk's: one transition a millisecond. */
const businessTimeFirstMs = Date.now();
/** A prime, so that steps of this size visit every ticket before any comes again. */
const stride = 7_919;

/** Made once: a caller knows its tickets. */
const ticketIds = Array.from(
  { length: liveTicketsCount },
  (_, index) => `INC${String(index).padStart(7, '0')}`,
);
const ticketId = (index: number): string | undefined => ticketIds[index];

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

/** The data of each comment is this long as JSON, which is how it is stored. */
export const commentDataBytes = 100;
/** Different texts, so that none is the same string each time. */
const commentsCount = 1_024;
const comments = Array.from({ length: commentsCount }, (_, index) => {
  const bytes = commentDataBytes - JSON.stringify({ body: '', public: true }).length;
  return `Looked into it (${index}), and it still does not print. `.repeat(2).slice(0, bytes);
});
/** Legal in turn for ever, once the first has been taken. */
const steps = ['StartWork', 'ResolveTicket', 'ReopenTicket'] as const;

export interface LiveTicketsOptions {
  /** All tickets in turn, or picked with a fixed seed. */
  readonly order: 'each' | 'random';
  /** Nothing at all: work starts, is resolved, reopened, resolved and so on. Or a comment each time. */
  readonly payload: 'none' | 'comment';
}

/**
 * Endless legal commands on the open incidents, with real envelopes and a command id on one in ten. They are
 * made a call at a time, in a plain loop: they are made inside the clock, where generators would count too.
 */
export class LiveTickets {
  readonly #options: LiveTicketsOptions;
  readonly #stepOf = new Uint8Array(liveTicketsCount);
  readonly #random = new Random(1);
  #sent = 0;

  constructor(options: LiveTicketsOptions) {
    this.#options = options;
  }

  /** The next commands, as calls of `commandsPerCall`. */
  *calls(commands: number): Generator<readonly Command[]> {
    for (let left = commands; left > 0; left -= commandsPerCall) {
      yield this.next(Math.min(left, commandsPerCall));
    }
  }

  next(commands: number): readonly Command[] {
    const { order, payload } = this.#options;
    const call: Command[] = [];
    for (let made = 0; made < commands; made += 1) {
      const sent = this.#sent;
      this.#sent += 1;
      const index =
        order === 'each' ? (sent * stride) % liveTicketsCount : this.#random.below(liveTicketsCount);
      call.push(payload === 'none' ? this.#step(index, sent) : comment(index, sent));
    }
    return call;
  }

  #step(index: number, sent: number): Command {
    const step = this.#stepOf[index] ?? 0;
    this.#stepOf[index] = step === 2 ? 1 : step + 1;
    return {
      type: steps[step] ?? steps[0],
      ticketId: ticketId(index),
      actor,
      occurredAt: occurredAt(sent),
      commandId: commandId(sent),
      data: {},
    };
  }
}

function comment(index: number, sent: number): Command {
  return {
    type: 'AddComment',
    ticketId: ticketId(index),
    actor,
    occurredAt: occurredAt(sent),
    commandId: commandId(sent),
    data: { body: comments[sent % commentsCount] ?? '', public: true },
  };
}

const occurredAt = (sent: number): number => businessTimeFirstMs + liveTicketsCount + sent;
const commandId = (sent: number): string | undefined => (sent % 10 === 0 ? `bench-${sent}` : undefined);

/** The same without payload, one at a time, for those who do not mind what a generator costs. */
export function* liveTicketCommands(order: LiveTicketsOptions['order']): Generator<Command> {
  const tickets = new LiveTickets({ order, payload: 'none' });
  for (;;) yield* tickets.next(commandsPerCall);
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
