/**
 * Runs the real log on a simulated disk through a list of steps, and notes at every operation of the disk
 * what a crash at that moment would have to choose from, and what had been promised by then.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Repair } from '../../adapters/log/segment/recovery.ts';
import { openSegmentLog, type SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import type { SegmentFiles } from '../../adapters/log/segment/storage.ts';
import { Ledger, type WriteSpec } from './ledger.ts';
import { type CrashPoint, type Operation, SimDisk } from './sim-disk.ts';
import { VirtualTime } from './virtual-time.ts';

export const folder = '/log';
/** Longer than the log waits before it marks what it has as durable. */
export const idleMs = 10_000;
/** So few that space is written ahead several times in a segment. */
const prewrittenBytes = 2_048;
/** Turns of the event loop without any operation of the disk after which a log counts as quiet. */
const quietTurns = 4;

export type Step =
  /** Calls of `append` that are made at once, each with its writes. */
  | { readonly append: readonly (readonly WriteSpec[])[] }
  /** A clean close and an open. */
  | 'reopen'
  /** Nothing happens for a while. */
  | 'idle';

export interface History {
  readonly segmentBytesMax: number;
  readonly steps: readonly Step[];
}

/** A moment at which the machine could have died. */
export interface Moment {
  readonly point: CrashPoint;
  /** The operation that was about to begin; undefined after the last one. */
  readonly before: Operation | undefined;
  /** Positions that were acknowledged, and that had been issued, by then. */
  readonly acknowledged: number;
  readonly issued: number;
}

/** The wrong answer of a log. Its message says all that is needed to see it again. */
export class Violation extends Error {}

export interface OpenOptions {
  readonly files: SegmentFiles;
  readonly time: VirtualTime;
  readonly segmentBytesMax: number;
  readonly onRepair?: (repair: Repair) => void;
}

export function openLog({ files, time, segmentBytesMax, onRepair }: OpenOptions): Promise<SegmentLog> {
  const timing = { clock: time, schedule: time.schedule };
  const sizes = { segmentBytesMax, prewrittenBytes };
  return openSegmentLog({ ...timing, ...sizes, folder, files, onRepair: onRepair ?? (() => {}) });
}

/**
 * Runs a history to its end without any fault. `wrap` may put something between the log and the disk.
 * Throws a `Violation` where an outcome is not what the port's contract says.
 */
export async function runHistory(
  { segmentBytesMax, steps }: History,
  wrap: (disk: SimDisk) => SegmentFiles = (disk) => disk,
): Promise<{ readonly ledger: Ledger; readonly moments: readonly Moment[] }> {
  const [disk, time, ledger] = [new SimDisk(), new VirtualTime(), new Ledger()];
  const moments: Moment[] = [];
  const note = (before: Operation | undefined) => {
    const { acknowledged, sequence } = ledger;
    moments.push({ point: disk.crashPoint(), before, acknowledged, issued: sequence.length });
    return undefined;
  };
  disk.onOperation = note;
  const options: OpenOptions = { files: wrap(disk), time, segmentBytesMax };
  let log = await openLog(options);
  for (const step of steps) {
    if (step === 'reopen') {
      await log.close();
      log = await openLog(options);
    } else if (step === 'idle') {
      await quiet(disk);
      time.advance(idleMs);
      await quiet(disk);
    } else await appendAll(log, ledger, time, step.append);
  }
  await quiet(disk);
  note(undefined);
  return { ledger, moments };
}

/** Makes the calls at once and waits for all of them; each must be answered as the ledger says. */
export async function appendAll(
  log: SegmentLog,
  ledger: Ledger,
  time: VirtualTime,
  calls: readonly (readonly WriteSpec[])[],
): Promise<void> {
  const answers = calls.map(async (specs) => {
    const call = ledger.issue(specs, time.now());
    const outcomes = await log.append(call.writes).catch((error: unknown) => {
      ledger.fail();
      throw error;
    });
    if (!isDeepStrictEqual(outcomes, call.outcomes)) {
      const [told, right] = [JSON.stringify(outcomes), JSON.stringify(call.outcomes)];
      throw new Violation(`answered ${told} instead of ${right}`);
    }
    if (!ledger.acknowledge(call.lastPosition)) throw new Violation('acknowledged after a failure');
  });
  const results = await Promise.allSettled(answers);
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  const violation = reasons.find((reason) => reason instanceof Violation);
  if (reasons.length > 0) throw violation ?? reasons[0];
}

/** Adds to whatever goes wrong where it did. A death alone must never keep a log from opening. */
export async function telling<T>(
  death: 'crash' | 'kill',
  history: History,
  { before }: Moment,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const operation =
      before === undefined
        ? 'at the end'
        : `before operation ${before.number} (${before.kind} ${before.path})`;
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Violation(`${what}; ${death} ${operation} of ${JSON.stringify(history)}`, { cause });
  }
}

/** Resolves when the disk was not asked for anything for some turns of the event loop. */
export async function quiet(disk: SimDisk): Promise<void> {
  for (let turns = 0, seen = disk.operations; turns < quietTurns; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (disk.operations === seen) continue;
    seen = disk.operations;
    turns = -1;
  }
}
