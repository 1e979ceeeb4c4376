/**
 * What the disk alone takes: the bytes that the engine wrote, in writes of the same size, each followed by
 * fdatasync, with nothing else done. The ceiling that the engine is compared with.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { count, repeated, type Section } from './report.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;
const smallBytes = 256;
const smallWrites = 3_000;
/** So that Ctrl-C is heard between blocking writes. */
const writesPerTurn = 50;

export async function diskSection(bench: Bench): Promise<Section> {
  const { engine } = bench.reached;
  if (engine === undefined) throw new Error('bug: the disk is compared with the engine, which did not run');
  const { bytes, writes, transitions, liveTickets } = engine;
  const size = Math.round(bytes / writes);
  const perRound = Math.ceil(writes / rounds);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const seconds = await writeAndSync(bench, size, perRound);
    rates.push((size * perRound) / seconds.reduce((sum, each) => sum + each, 0));
  }
  const { median, lowest, highest } = repeated(rates);
  const equivalent = (median * transitions) / bytes;
  const smallUs = repeated((await writeAndSync(bench, smallBytes, smallWrites)).map((s) => s * 1e6)).median;
  const MB = (value: number) => count(value / 1e6);
  const conditions = `${rounds} rounds of ${count(perRound)} writes of ${count(size / 1024)} KiB (${MB(lowest)} to ${MB(highest)})`;
  const before = '1a divided by this, same run';
  const same = `one write + fdatasync each, ${count(smallWrites)} times; median; 1 compares in turns`;
  return {
    title: '2. disk: the same bytes by bare write + fdatasync, blocking calls, one file',
    figures: [
      { what: 'raw writes', value: median / 1e6, unit: 'MB/s', conditions },
      {
        what: '   as transitions',
        value: equivalent,
        unit: 'transitions/s',
        conditions: `of ${count(bytes / transitions)} bytes, as 1a wrote`,
      },
      { what: '   engine 1a to it', value: liveTickets / equivalent, unit: 'of raw', conditions: before },
      { what: 'raw 256 bytes', value: smallUs, unit: 'µs', conditions: same },
    ],
    notes: [],
  };
}

/** Seconds of each write with its sync. */
async function writeAndSync({ workspace, signal }: Bench, size: number, writes: number): Promise<number[]> {
  const bytes = Buffer.alloc(size, 'docket');
  const path = join(workspace.folder, 'raw');
  const file = openSync(path, 'w', 0o600);
  const seconds: number[] = [];
  try {
    for (let written = 0; written < writes; written += 1) {
      if (written % writesPerTurn === 0) await turn();
      signal.throwIfAborted();
      const startedAtMs = performance.now();
      writeSync(file, bytes, 0, size, written * size);
      fdatasyncSync(file);
      seconds.push((performance.now() - startedAtMs) / 1_000);
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return seconds;
}
