/**
 * Callers who send one command, wait for its answer and send the next: closed loops, whose stalls lower the
 * rate. A single one is measured in turns with bare writes of the same size as its batch, because what a sync
 * takes changes from one second to the next on a shared disk.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import type { Engine } from '../../domain/engine.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { OpenDesk } from './playing.ts';
import { count, type Figure } from './report.ts';
import type { LiveTickets } from './workloads.ts';
import type { Bench } from './workspace.ts';

const blocks = 20;
const commandsPerBlock = 150;
const manyCallers = 64;
const manyCallersCommands = 64_000;
const rawBytes = 256;

export interface CallersReached {
  /** Transitions per second over whole loops, stalls included; the median latency alone would hide them. */
  readonly oneCaller: number;
  readonly callers64: number;
}

export interface CallersMeasured {
  readonly reached: CallersReached;
  readonly figures: readonly Figure[];
}

export async function measureCallers(
  desk: OpenDesk,
  tickets: LiveTickets,
  bench: Bench,
): Promise<CallersMeasured> {
  const one = newLoops();
  const raw = await besideRawWrites(desk, tickets, one, bench);
  bench.signal.throwIfAborted();
  const many = newLoops();
  await callAtOnce(desk, tickets.next(manyCallersCommands), manyCallers, many);
  const rawUs = raw.getValueAtPercentile(50);
  const total = count(blocks * commandsPerBlock);
  const turns = `${blocks} blocks of ${commandsPerBlock}, in turns with the caller's, at the end of a growing file`;
  return {
    reached: { oneCaller: rateOf(one), callers64: rateOf(many) },
    figures: [
      ...latencyFigures('one caller', one, `one command at a time, ${total} commands`),
      {
        what: `   raw ${rawBytes} bytes`,
        value: rawUs,
        unit: 'µs',
        conditions: `bare write + fdatasync, blocking calls; median of ${turns}`,
      },
      {
        what: '   one caller to it',
        value: one.latency.getValueAtPercentile(50) / rawUs,
        unit: 'times',
        conditions: 'median latency divided by that median',
      },
      ...latencyFigures('64 callers', many, `one command each, ${count(manyCallersCommands)} commands`),
    ],
  };
}

/** What loops have done so far. */
interface Loops {
  transitions: number;
  seconds: number;
  /** In microseconds. */
  readonly latency: Histogram;
}

function newLoops(): Loops {
  return { transitions: 0, seconds: 0, latency: newHistogram() };
}

function newHistogram(): Histogram {
  return build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}

function rateOf({ transitions, seconds }: Loops): number {
  return transitions / seconds;
}

/** Answers how long the bare writes took, in microseconds. */
async function besideRawWrites(
  desk: OpenDesk,
  tickets: LiveTickets,
  loops: Loops,
  { workspace, signal }: Bench,
): Promise<Histogram> {
  const raw = newHistogram();
  const path = join(workspace.folder, 'raw-beside-caller');
  const file = openSync(path, 'w', 0o600);
  try {
    for (let block = 0; block < blocks; block += 1) {
      signal.throwIfAborted();
      writeAndSync(file, block * commandsPerBlock, raw);
      await turn();
      await callAtOnce(desk, tickets.next(commandsPerBlock), 1, loops);
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return raw;
}

function writeAndSync(file: number, writtenBefore: number, latency: Histogram): void {
  const bytes = Buffer.alloc(rawBytes, 'docket');
  for (let written = 0; written < commandsPerBlock; written += 1) {
    const startedAtMs = performance.now();
    writeSync(file, bytes, 0, rawBytes, (writtenBefore + written) * rawBytes);
    fdatasyncSync(file);
    recordSince(startedAtMs, latency);
  }
}

async function callAtOnce(
  { engine, log }: OpenDesk,
  commands: readonly Command[],
  callers: number,
  loops: Loops,
): Promise<void> {
  const left = commands.values();
  globalThis.gc?.();
  const head = await log.head();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: callers }, () => callInTurn(engine, left, loops.latency)));
  loops.seconds += (performance.now() - startedAtMs) / 1_000;
  loops.transitions += (await log.head()) - head;
}

async function callInTurn(engine: Engine, commands: Iterator<Command>, latency: Histogram): Promise<void> {
  for (let next = commands.next(); next.done !== true; next = commands.next()) {
    const sentAtMs = performance.now();
    await engine.submit([next.value]);
    recordSince(sentAtMs, latency);
  }
}

function recordSince(startedAtMs: number, latency: Histogram): void {
  latency.recordValue(Math.max(1, Math.round((performance.now() - startedAtMs) * 1_000)));
}

function latencyFigures(what: string, loops: Loops, conditions: string): Figure[] {
  const us = (name: string, value: number): Figure => {
    return { what: `   ${name}`, value, unit: 'µs', conditions: 'from submit to answer' };
  };
  return [
    { what, value: rateOf(loops), unit: 'transitions/s', conditions },
    us('median', loops.latency.getValueAtPercentile(50)),
    us('p99', loops.latency.getValueAtPercentile(99)),
    us('longest', loops.latency.maxValue),
  ];
}
