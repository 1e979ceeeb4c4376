/**
 * Logs as crashes leave them, and what is found in their bytes. A killed writer's folder is a copy taken
 * while the log was open; no timer runs in these logs, so that their bytes are the same each time.
 */
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileHeaderBytes, frameHeaderBytes, LogDamage } from '../../../adapters/log/segment/format.ts';
import type { Repair } from '../../../adapters/log/segment/recovery.ts';
import {
  openSegmentLog,
  type SegmentLog,
  type SegmentLogOptions,
} from '../../../adapters/log/segment/segment-log.ts';
import type { SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { temporaryFolder } from './folders.ts';
import { appendOneByOne, clock } from './samples.ts';

/** Without syncs, and without a lock: each log of a loop is opened where the last one was. */
export const filesWithSimulatedSyncs: SegmentFiles = {
  ...unsyncedFiles,
  lock: async () => ({ release: async () => {} }),
};

/** No idle marker is ever due. */
export const never = () => () => {};

/** Waits for a moment at which the test says that the log has been idle. */
export class ManualSchedule {
  #due: (() => void) | undefined;

  readonly schedule = (work: () => void): (() => void) => {
    this.#due = work;
    return () => {
      if (this.#due === work) this.#due = undefined;
    };
  };

  get waiting(): boolean {
    return this.#due !== undefined;
  }

  /** Lets the delay pass. */
  elapse(): void {
    const work = this.#due;
    this.#due = undefined;
    work?.();
  }
}

export async function openLog(
  folder: string,
  options: Partial<SegmentLogOptions> = {},
): Promise<{ readonly log: SegmentLog; readonly repairs: Repair[] }> {
  const repairs: Repair[] = [];
  const onRepair = (repair: Repair) => repairs.push(repair);
  const log = await openSegmentLog({ folder, clock, schedule: never, onRepair, ...options });
  return { log, repairs };
}

/** What a writer that is killed now leaves behind. */
export async function copyOf(folder: string): Promise<string> {
  const copy = await temporaryFolder();
  await cp(folder, copy, { recursive: true });
  for (const name of await readdir(copy)) if (name.startsWith('LOCK')) await rm(join(copy, name));
  return copy;
}

/** A log as a killed writer leaves it: no mark at its end. Each event is a frame of its own. */
export async function killedLog(events: number, options: Partial<SegmentLogOptions> = {}): Promise<string> {
  const folder = await temporaryFolder();
  const { log } = await openLog(folder, options);
  await appendOneByOne(log, events);
  const copy = await copyOf(folder);
  await log.close();
  return copy;
}

/** Offsets at which frames begin, and the end of the last. */
export function frameStarts(bytes: Buffer): number[] {
  const starts: number[] = [];
  let at = fileHeaderBytes;
  for (; bytes.subarray(at, at + 4).toString('latin1') === 'DKTF'; ) {
    starts.push(at);
    at += frameHeaderBytes + bytes.readUInt32LE(at + 8);
  }
  return [...starts, at];
}

/** The bytes of a segment without what was written ahead. */
export async function readWritten(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  return bytes.subarray(0, frameStarts(bytes).at(-1));
}

export async function segmentNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
}

/** Names and bytes of everything in a folder, locks aside. */
export async function contentsOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('LOCK')).sort();
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
  return Object.fromEntries(names.map((name, index) => [name, files[index] ?? '']));
}

export async function damageOf(work: () => Promise<unknown>): Promise<LogDamage> {
  try {
    await work();
  } catch (error) {
    if (error instanceof LogDamage) return error;
    throw error;
  }
  throw new Error('no damage was found');
}
