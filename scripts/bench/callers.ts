/**
 * Callers who send one command, wait for its answer and send the next: closed loops, whose stalls lower the
 * rate. A single one is measured in turns with bare writes of the same size as its batch, because what a sync
 * takes changes from one second to the next on a shared disk.
 */
import { build, type Histogram } from 'hdr-histogram-js';
import type { Engine } from '../../domain/engine.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { median } from '../statistics/robust.ts';
import type { OpenDesk } from './playing.ts';
import { writeAndSync } from './raw-disk.ts';
import type { LiveTickets } from './workloads.ts';
import type { Bench } from './workspace.ts';

/** In each round, the caller's and the disk's one after the other. */
export const blocksPerRound = 4;
export const commandsPerBlock = 150;
export const manyCallers = 64;
export const rawBytes = 256;

/** What loops have done in a round. Latencies in microseconds, from submit to answer. */
export interface Called {
  /** Over whole loops, stalls included; the median latency alone would hide them. */
  readonly perSecond: number;
  readonly medianUs: number;
  readonly p99Us: number;
}

export interface CalledBesideRaw extends Called {
  /** Median of a bare write with fdatasync. */
  readonly rawUs: number;
}

/** One caller, beside bare writes. */
export async function oneCaller(
  desk: OpenDesk,
  tickets: LiveTickets,
  bench: Bench,
): Promise<CalledBesideRaw> {
  const loops = newLoops();
  const rawSeconds: number[] = [];
  for (let block = 0; block < blocksPerRound; block += 1) {
    bench.signal.throwIfAborted();
    rawSeconds.push(...(await writeAndSync(bench, rawBytes, commandsPerBlock)));
    await callAtOnce(desk, tickets.next(commandsPerBlock), 1, loops);
  }
  return { ...calledIn(loops), rawUs: median(rawSeconds) * 1e6 };
}

export async function callers(desk: OpenDesk, tickets: LiveTickets, commands: number): Promise<Called> {
  const loops = newLoops();
  await callAtOnce(desk, tickets.next(commands), manyCallers, loops);
  return calledIn(loops);
}

interface Loops {
  transitions: number;
  seconds: number;
  readonly latency: Histogram;
}

function newLoops(): Loops {
  const latency = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  return { transitions: 0, seconds: 0, latency };
}

function calledIn({ transitions, seconds, latency }: Loops): Called {
  return {
    perSecond: transitions / seconds,
    medianUs: latency.getValueAtPercentile(50),
    p99Us: latency.getValueAtPercentile(99),
  };
}

async function callAtOnce(
  { engine, log }: OpenDesk,
  commands: readonly Command[],
  atOnce: number,
  loops: Loops,
): Promise<void> {
  const left = commands.values();
  globalThis.gc?.();
  const head = await log.head();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: atOnce }, () => callInTurn(engine, left, loops.latency)));
  loops.seconds += (performance.now() - startedAtMs) / 1_000;
  loops.transitions += (await log.head()) - head;
}

async function callInTurn(engine: Engine, commands: Iterator<Command>, latency: Histogram): Promise<void> {
  for (let next = commands.next(); next.done !== true; next = commands.next()) {
    const sentAtMs = performance.now();
    await engine.submit([next.value]);
    latency.recordValue(Math.max(1, Math.round((performance.now() - sentAtMs) * 1_000)));
  }
}
