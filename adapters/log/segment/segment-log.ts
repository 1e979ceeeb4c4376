/**
 * The embedded log: one writer on one machine, acknowledging when fdatasync has returned. Appends that come
 * while a sync is under way are staged into the next batch, so that one sync serves them all.
 *
 * It must never resolve an append before its sync, never go on after a failed write or sync (what the disk
 * holds is then unknown), and never hold more than a bounded amount of bytes that are not durable.
 */
import { Fault } from '../../../domain/errors.ts';
import type {
  AppendOutcome,
  Clock,
  CommandTrace,
  EventLog,
  ReadOptions,
  SyncObserver,
  Write,
} from '../../../domain/ports.ts';
import type { RecordedEvent } from '../../../domain/ticket/events.ts';
import type { TicketId } from '../../../domain/ticket/values.ts';
import { type CommitOptions, Committer, type Schedule } from './committer.ts';
import { FrameWriter } from './frame-writer.ts';
import { FusedFiles } from './fuse.ts';
import { prewrittenBytesMax } from './growing-file.ts';
import { Intake } from './intake.ts';
import { OpenFiles } from './open-files.ts';
import { assertPartition, type DurablePoint, readBatches } from './reading.ts';
import { type Disk, type Recovered, type Repair, randomPair, recover } from './recovery.ts';
import { growingSegment } from './segment.ts';
import { Stage } from './staging.ts';
import { diskFiles, type FolderLock, type SegmentFiles } from './storage.ts';

export const segmentBytesMaxDefault = 128 * 1024 * 1024;
export const idleMarkerDelayMsDefault = 250;
export const residentTicketBytesMaxDefault = 128 * 1024 * 1024;
/** Offsets are kept in 32 bits, and a segment may go beyond its size by one batch. */
const segmentBytesMaxLimit = 2 * 1024 * 1024 * 1024;

export interface SegmentLogOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** A segment that has grown to this is sealed. */
  readonly segmentBytesMax?: number;
  /** Space written ahead of small batches, so that their syncs cost less; 1 MiB at most, 0 for none. */
  readonly prewrittenBytes?: number;
  /** When no append has come for this long, a marker proves what was acknowledged last. */
  readonly idleMarkerDelayMs?: number;
  /** Memory for the ticket tables of sealed segments. */
  readonly residentTicketBytesMax?: number;
  /** How `idleMarkerDelayMs` is waited for; by a timer that keeps no process alive unless told otherwise. */
  readonly schedule?: Schedule;
  /** Told of whatever opening had to mend. */
  readonly onRepair?: (repair: Repair) => void;
  /** The disk; this machine's unless a test puts another in its place. */
  readonly files?: SegmentFiles;
  /** Told of every fdatasync of the log's own file. */
  readonly onSync?: SyncObserver | undefined;
}

/**
 * Opens the log in `folder` for writing, and mends what a crash left. Throws `log_locked`, `log_damaged`,
 * `log_failed`; a RangeError that names an option which is out of its range.
 */
export async function openSegmentLog(options: SegmentLogOptions): Promise<SegmentLog> {
  const { folder, clock, onRepair = () => {} } = options;
  const commit = commitOptions(options);
  const files = new FusedFiles(options.files ?? diskFiles, folder);
  await files.makeFolder(folder);
  const lock = await files.lock(folder, clock.now());
  const disk: Disk = { files, open: new OpenFiles(files), folder, onRepair };
  try {
    const recovered = await recover(disk, clock.now());
    const log = new SegmentLog(disk, recovered, lock, clock, commit);
    await log.start();
    return log;
  } catch (error) {
    await disk.open.close();
    await lock.release();
    throw error;
  }
}

function commitOptions(options: SegmentLogOptions): CommitOptions {
  const segmentBytesMax = options.segmentBytesMax ?? segmentBytesMaxDefault;
  const prewrittenBytes = options.prewrittenBytes ?? prewrittenBytesMax;
  const idleMarkerDelayMs = options.idleMarkerDelayMs ?? idleMarkerDelayMsDefault;
  const residentTicketBytesMax = options.residentTicketBytesMax ?? residentTicketBytesMaxDefault;
  if (!(segmentBytesMax > 0 && segmentBytesMax <= segmentBytesMaxLimit)) {
    throw new RangeError(`segmentBytesMax must be between 1 and ${segmentBytesMaxLimit}`);
  }
  if (!(prewrittenBytes >= 0 && prewrittenBytes <= prewrittenBytesMax)) {
    throw new RangeError(`prewrittenBytes must be between 0 and ${prewrittenBytesMax}`);
  }
  if (!(idleMarkerDelayMs >= 0)) throw new RangeError('idleMarkerDelayMs must not be negative');
  if (!(residentTicketBytesMax >= 0)) throw new RangeError('residentTicketBytesMax must not be negative');
  const schedule = options.schedule ?? afterTimer;
  const { onSync } = options;
  return { segmentBytesMax, prewrittenBytes, idleMarkerDelayMs, residentTicketBytesMax, schedule, onSync };
}

function afterTimer(work: () => void, delayMs: number): () => void {
  const timer = setTimeout(work, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

export class SegmentLog implements EventLog {
  readonly partitions = 1;
  readonly soleWriter = true;
  readonly durability = 'fdatasync returned on this machine';
  readonly #disk: Disk;
  readonly #lock: FolderLock;
  readonly #recovered: Recovered;
  readonly #committer: Committer;
  readonly #intake: Intake;
  #closing: Promise<void> | undefined;

  /** Use `openSegmentLog`. */
  constructor(disk: Disk, recovered: Recovered, lock: FolderLock, clock: Clock, options: CommitOptions) {
    const { segments, start } = recovered;
    this.#disk = disk;
    this.#recovered = recovered;
    this.#lock = lock;
    const writer = new FrameWriter(start, options.segmentBytesMax, (firstPosition, recordedAt) => {
      const segment = growingSegment(
        disk.folder,
        firstPosition,
        randomPair(),
        recordedAt,
        segments.all.at(-1),
      );
      segments.add(segment);
      return segment;
    });
    this.#committer = new Committer(disk, recovered, writer, options, {
      onRoom: () => this.#intake.drain(),
      onFailed: (fault) => this.#intake.fail(fault),
    });
    this.#intake = new Intake(new Stage(segments, writer), writer, this.#committer, segments, clock);
  }

  /** Opens the files to write to. Called once, by `openSegmentLog`. */
  async start(): Promise<void> {
    await this.#committer.start();
  }

  /**
   * Throws `log_failed`, `log_closed`, `overloaded`; a RangeError or TypeError for a write that can not be
   * stored at all, in which case writes before it in the same call may have been appended.
   */
  async append(writes: readonly Write[]): Promise<readonly AppendOutcome[]> {
    this.#assertOpen();
    return this.#intake.append(writes);
  }

  read(from: number, options: ReadOptions = {}): AsyncIterable<readonly RecordedEvent[]> {
    const log = this;
    const committer = this.#committer;
    const view = {
      segments: this.#recovered.segments,
      open: this.#disk.open,
      get closed() {
        return log.#closing !== undefined;
      },
      durable: async () => committer.durable,
      changed: (position: number, signal: AbortSignal | undefined) =>
        committer.durableBeyond(position, signal),
    };
    return readBatches(view, from, options);
  }

  async readTicket(ticketId: TicketId): Promise<readonly RecordedEvent[]> {
    this.#assertOpen();
    return this.#recovered.segments.readTicket(ticketId, () => this.#committer.flushed());
  }

  async head(partition?: number): Promise<number> {
    assertPartition(partition);
    this.#assertOpen();
    return this.#committer.durable.lastPosition;
  }

  async revisionOf(ticketId: TicketId): Promise<number> {
    this.#assertOpen();
    return this.#recovered.segments.findRevision(ticketId);
  }

  mayKnowCommand(commandId: string): boolean {
    return this.#recovered.segments.mayKnowCommand(commandId);
  }

  async findCommand(commandId: string): Promise<CommandTrace | undefined> {
    this.#assertOpen();
    if (!this.#recovered.segments.mayKnowCommand(commandId)) return undefined;
    for await (const position of this.#recovered.segments.commandPositions(commandId)) {
      // The record may be staged only; its answer must not be given before it is durable.
      await this.#committer.flushed();
      const events = await this.#recovered.segments.readCommand(position, commandId);
      const commandDigest = events[0]?.commandDigest;
      if (commandDigest !== undefined) return { commandDigest, events };
    }
    return undefined;
  }

  /** How far the log is durable, in bytes and in positions. */
  get durable(): DurablePoint {
    return this.#committer.durable;
  }

  /** Waits for what was appended, marks the log as cleanly closed, and lets go of its lock. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#intake.idle();
      await this.#committer.stop();
    } finally {
      await this.#disk.open.close();
      await this.#lock.release();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new Fault('log_closed', `the log in ${this.#disk.folder} was closed`);
  }
}
