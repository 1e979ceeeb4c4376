/**
 * What the disk alone takes: writes of one size at the end of one file, each followed by fdatasync, in
 * blocking calls with nothing else done.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Bench } from './workspace.ts';

/** So that Ctrl-C is heard between blocking writes. */
const writesPerTurn = 50;

/** Seconds of each write with its sync. */
export async function writeAndSync(
  { workspace, signal }: Pick<Bench, 'workspace' | 'signal'>,
  size: number,
  writes: number,
): Promise<number[]> {
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

/** Bytes per second. */
export async function rawDiskRate(bench: Bench, size: number, writes: number): Promise<number> {
  const seconds = await writeAndSync(bench, size, writes);
  return (size * writes) / seconds.reduce((sum, each) => sum + each, 0);
}
