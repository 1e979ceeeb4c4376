/**
 * Runs a simulated support desk against a command sink: as fast as the sink takes commands, or paced, so many
 * seconds of business time in a second. For demonstrations, for filling a log, and for benchmarks.
 *
 * One batch is with the sink while the next is made; a second would overtake it when the sink is
 * overloaded, and commands of one ticket must never overtake each other.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { RejectionCode } from '../../domain/errors.ts';
import { Fault } from '../../domain/errors.ts';
import type { CommandSink, Outcome } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { isWrongOnPurpose } from './desk.ts';
import { type DeskOptions, deskCommands, deskDefaults } from './desk-commands.ts';

export const simulationLimits = {
  commandsPerSubmitMax: 4_096,
  overloadRetriesMax: 12,
  retryDelayMsFirst: 25,
  retryDelayMsMax: 2_000,
  /** How long a paced desk collects commands that are due before it sends them. */
  tickMs: 50,
};

export interface SimulateDeskOptions extends DeskOptions {
  readonly sink: CommandSink;
  /** Business seconds per second; as fast as possible where absent. */
  readonly speed?: number;
  readonly signal?: AbortSignal;
  /** Called after each answered batch; the same object each time. */
  readonly onProgress?: (stats: Readonly<DeskStats>) => void;
  readonly limits?: Partial<typeof simulationLimits>;
}

export interface DeskStats {
  commands: number;
  accepted: number;
  repeated: number;
  rejected: number;
  /** Events added to the log. */
  events: number;
  ticketsOpened: number;
  ticketsLive: number;
  rejectedByCode: Partial<Record<RejectionCode, number>>;
  /** Commands that were wrong on purpose. */
  wrongOnPurpose: number;
  /**
   * Answers other than meant: a wrong command accepted, or a right one rejected. Must stay 0 on a log of
   * one's own.
   */
  surprises: number;
  /** Business time of the latest command, in epoch milliseconds. */
  simulatedUntil: number;
  seconds: number;
}

/** Resolves when the desk has come to its end, or the signal was given. Throws what the sink throws. */
export async function simulateDesk(options: SimulateDeskOptions): Promise<DeskStats> {
  const limits = { ...simulationLimits, ...options.limits };
  const stats = noStats(options.from ?? deskDefaults.from);
  const startedAtMs = performance.now();
  const onMoment: NonNullable<DeskOptions['onMoment']> = (desk) => {
    stats.ticketsOpened = desk.opened;
    stats.ticketsLive = desk.live;
    options.onMoment?.(desk);
  };
  let underWay: Promise<void> = Promise.resolve();
  const batches = batchesOf(deskCommands({ ...options, onMoment }), options, limits);
  for await (const batch of batches) {
    await underWay;
    if (options.signal?.aborted === true) break;
    underWay = submit(batch, options, limits).then((outcomes) => {
      count(stats, batch, outcomes);
      stats.seconds = (performance.now() - startedAtMs) / 1_000;
      options.onProgress?.(stats);
    });
    // Whoever awaits it next is told of a failure; until then it is not unhandled.
    underWay.catch(() => undefined);
  }
  await underWay;
  stats.seconds = (performance.now() - startedAtMs) / 1_000;
  return stats;
}

type Limits = typeof simulationLimits;

/** Full batches at once, or, when paced, what is due by now. */
async function* batchesOf(
  commands: Iterable<Command>,
  { speed, signal, from = deskDefaults.from }: SimulateDeskOptions,
  { commandsPerSubmitMax, tickMs }: Limits,
): AsyncGenerator<readonly Command[]> {
  const startedAtMs = performance.now();
  let batch: Command[] = [];
  for (const command of commands) {
    const dueInMs = speed === undefined ? 0 : due(command, from, speed) - (performance.now() - startedAtMs);
    if (batch.length >= commandsPerSubmitMax || (batch.length > 0 && dueInMs > 0)) {
      yield batch;
      batch = [];
    }
    // Repeated commands are older than the present moment and so are due at once.
    if (dueInMs > 0) await pause(Math.max(tickMs, dueInMs), signal);
    if (signal?.aborted === true) return;
    batch.push(command);
  }
  if (batch.length > 0) yield batch;
}

function due(command: Command, from: number, speed: number): number {
  return (Number(command.occurredAt ?? from) - from) / speed;
}

async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  // An abort during the pause ends it early; the caller looks at the signal next.
  await wait(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

async function submit(
  batch: readonly Command[],
  { sink, signal }: SimulateDeskOptions,
  { overloadRetriesMax, retryDelayMsFirst, retryDelayMsMax }: Limits,
): Promise<readonly Outcome[]> {
  for (let retry = 0; ; retry += 1) {
    try {
      return await sink.submit(batch);
    } catch (error) {
      const overloaded = error instanceof Fault && error.code === 'overloaded';
      if (!overloaded || retry >= overloadRetriesMax || signal?.aborted === true) throw error;
      await pause(Math.min(retryDelayMsMax, retryDelayMsFirst * 2 ** retry), signal);
    }
  }
}

function noStats(from: number): DeskStats {
  return {
    commands: 0,
    accepted: 0,
    repeated: 0,
    rejected: 0,
    events: 0,
    ticketsOpened: 0,
    ticketsLive: 0,
    rejectedByCode: {},
    wrongOnPurpose: 0,
    surprises: 0,
    simulatedUntil: from,
    seconds: 0,
  };
}

function count(stats: DeskStats, batch: readonly Command[], outcomes: readonly Outcome[]): void {
  for (const [index, command] of batch.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) throw new Error(`bug: command ${command.commandId} was not answered`);
    const wrong = isWrongOnPurpose(command);
    stats.commands += 1;
    if (wrong) stats.wrongOnPurpose += 1;
    if (wrong !== (outcome.status === 'rejected')) stats.surprises += 1;
    stats.simulatedUntil = Math.max(stats.simulatedUntil, Number(command.occurredAt ?? 0));
    if (outcome.status === 'rejected') {
      stats.rejected += 1;
      stats.rejectedByCode[outcome.code] = (stats.rejectedByCode[outcome.code] ?? 0) + 1;
    } else if (outcome.repeated) {
      stats.repeated += 1;
    } else {
      stats.accepted += 1;
      stats.events += outcome.events;
    }
  }
}
