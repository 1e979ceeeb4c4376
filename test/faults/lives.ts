/**
 * The two histories that faults are put in: a log that begins, rotates and is closed, and one that is opened
 * on what a crash left. Short, because each is lived again for each of its system calls.
 */
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freshFolder, traceChild } from './child-runs.ts';
import { toldExchanges } from './order.ts';
import { inFolderD, makeFolderD } from './strace.ts';
import type { Told } from './told.ts';

export interface Life {
  /** First part of its command ids. */
  readonly run: string;
  readonly commandCount: number;
  /** Makes the folder that the life begins with. */
  prepare(folder: string): void;
  /** What was told on it before. */
  readonly before: readonly Told[];
  /** How a person makes the folder, as `$D`. */
  readonly inWords: string;
}

export const kill = 'signal=SIGKILL';

export const newLife: Life = {
  run: 'a',
  commandCount: 5,
  prepare: () => {},
  before: [],
  inWords: makeFolderD,
};

/** Its last writer was killed between a write and its sync; half of that write is there, an index is gone. */
export async function lifeAfterCrash(): Promise<Life> {
  const cleanFolder = freshFolder();
  const clean = await traceChild('log', [cleanFolder, 'x', 5]);
  const lastAck = toldExchanges(clean.calls).at(-1)?.answered ?? 0;
  const syncs = clean.calls.filter(({ name, began }) => name === 'fdatasync' && began < lastAck).length;
  const inject = `fdatasync:${kill}:when=${syncs}`;
  const folder = freshFolder();
  const killed = await traceChild('log', [folder, 'x', 5], { inject });
  expect(killed.signal, killed.commandLine).toBe('SIGKILL');
  const names = readdirSync(folder).sort();
  const last = names.findLast((name) => name.endsWith('.seg')) ?? '';
  const index = names.find((name) => name.endsWith('.idx')) ?? '';
  // Behind the last frame lie zeros that were written ahead: the cut must go into the frame itself.
  const cutAt = readFileSync(join(folder, last)).findLastIndex((byte) => byte !== 0) - 20;
  truncateSync(join(folder, last), cutAt);
  rmSync(join(folder, index));
  const mending = `truncate -s ${cutAt} $D/${last}; rm $D/${index}; `;
  const inWords = `${makeFolderD}${inFolderD(killed.commandLine, folder)}; ${mending}`;
  const prepare = (copy: string) => cpSync(folder, copy, { recursive: true });
  return { run: 'b', commandCount: 2, prepare, before: [killed.told], inWords };
}
