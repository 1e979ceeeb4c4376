/**
 * Opens a log on what a crash left and asks it everything: what it reads, by position, by ticket and by
 * command; that it goes on; and that it is the same after another crash.
 *
 * It must never take the log's word for anything: every answer is compared with what was issued.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Repair } from '../../adapters/log/segment/recovery.ts';
import type { SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { comment, readAll } from '../adapters/log/samples.ts';
import { openLog, Violation } from './history.ts';
import type { Truth } from './ledger.ts';
import { type CrashPoint, type DiskImage, SimDisk } from './sim-disk.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Examined {
  /** How many events the log holds. */
  readonly recovered: number;
  readonly repairs: readonly Repair[];
  /** The moments of the recovery itself, before each of its operations. */
  readonly points: readonly CrashPoint[];
  readonly opened: ReadonlySet<string>;
}

export interface ExamineDepth {
  /** Ask for every ticket and command too, append, and crash once more. */
  readonly goOn: boolean;
  /** Note the moments of the recovery. */
  readonly crashPoints: boolean;
}

/** Throws a `Violation` for a wrong answer; whatever opening or reading throws is passed on. */
export async function examine(
  image: DiskImage,
  truth: Truth,
  segmentBytesMax: number,
  depth: ExamineDepth,
): Promise<Examined> {
  const [disk, time] = [new SimDisk(image), new VirtualTime()];
  const points: CrashPoint[] = [];
  const repairs: Repair[] = [];
  if (depth.crashPoints) {
    disk.onOperation = () => {
      points.push(disk.crashPoint());
      return undefined;
    };
  }
  const onRepair = (repair: Repair) => void repairs.push(repair);
  const log = await openLog({ files: disk, time, segmentBytesMax, onRepair });
  disk.onOperation = undefined;
  const events = await readAll(log);
  expectPrefix(events, truth);
  if (depth.goOn) {
    await expectFound(log, events, truth);
    await expectGoingOn(disk, log, events, segmentBytesMax);
  }
  return { recovered: events.length, repairs, points, opened: disk.opened };
}

/** Another event, another crash that loses all it may: both the old events and the new one are there. */
export async function expectGoingOn(
  disk: SimDisk,
  log: SegmentLog,
  events: readonly RecordedEvent[],
  segmentBytesMax: number,
): Promise<void> {
  const more = await appendOne(log, events);
  const survivor = new SimDisk(durableImage(disk.crashPoint()));
  const again = await openLog({ files: survivor, time: new VirtualTime(), segmentBytesMax });
  const found = await readAll(again);
  if (isDeepStrictEqual(found, [...events, more])) return;
  throw new Violation(`after one more event and one more crash the log holds ${describe(found)}`);
}

/** The events must be the first of those that were issued, and no write may be there in part. */
export function expectPrefix(events: readonly RecordedEvent[], { sequence, boundaries }: Truth): void {
  if (!isDeepStrictEqual(events, sequence.slice(0, events.length))) {
    throw new Violation(`the log holds ${describe(events)}, which is not what was written`);
  }
  if (!boundaries.has(events.length)) {
    throw new Violation(`the log holds ${events.length} events: a write is there in part`);
  }
}

/** Every ticket and every command id that was ever issued, those that were lost too. */
export async function expectFound(
  log: SegmentLog,
  events: readonly RecordedEvent[],
  { sequence }: Truth,
): Promise<void> {
  if ((await log.head()) !== events.length) throw new Violation('the head is not the last position');
  const ticketIds = new Set(sequence.map(({ ticketId }) => ticketId));
  for (const ticketId of ticketIds) {
    const expected = events.filter((event) => event.ticketId === ticketId);
    const found = await log.readTicket(ticketId);
    if (!isDeepStrictEqual(found, expected)) throw new Violation(`${ticketId} is ${describe(found)}`);
  }
  for (const { commandId, commandDigest } of sequence) {
    if (commandId === undefined || commandDigest === undefined) continue;
    const expected = events.filter((event) => event.commandId === commandId);
    const found = await log.findCommand(commandId);
    if (!isDeepStrictEqual(found?.events ?? [], expected)) {
      throw new Violation(`command ${commandId} is ${describe(found?.events ?? [])}`);
    }
  }
}

/** What is left when a crash loses everything that it may lose. */
export function durableImage({ names }: CrashPoint): DiskImage {
  return new Map([...names].map(([path, file]) => [path, durableBytes(file)]));
}

function durableBytes({ durable, durableSize }: { readonly durable: Buffer; readonly durableSize: number }) {
  if (durable.length === durableSize) return durable;
  const bytes = Buffer.alloc(durableSize);
  durable.copy(bytes);
  return bytes;
}

/** One more event on the newest event's ticket; returns it as it must be read from now on. */
async function appendOne(log: SegmentLog, events: readonly RecordedEvent[]): Promise<RecordedEvent> {
  const last = events.at(-1);
  const write = comment(last?.ticketId ?? 'T-0', last?.revision ?? 0, 'after the crash');
  const [outcome] = await log.append([write]);
  const position = events.length + 1;
  if (outcome?.status !== 'appended' || outcome.position !== position) {
    throw new Violation(`the next append was answered ${JSON.stringify(outcome)}`);
  }
  const [event] = write.events;
  if (event === undefined) throw new Error('bug: a comment is an event');
  const { ticketId, expectedRevision } = write;
  const { recordedAt } = outcome;
  return { ...event, ticketId, revision: expectedRevision + 1, partition: 0, position, recordedAt };
}

function describe(events: readonly RecordedEvent[]): string {
  return JSON.stringify(
    events.map(({ position, ticketId, revision }) => `${position}: ${ticketId}/${revision}`),
  );
}
