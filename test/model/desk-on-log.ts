/**
 * The system under the model: a real engine on a real log, in memory or in a temporary folder of tiny
 * segments on a disk whose power can be cut, with limits so small that everything happens often.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLog } from '../../adapters/log/memory/memory-log.ts';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import type { Engine, EngineLimits } from '../../domain/engine.ts';
import type { EventLog } from '../../domain/ports.ts';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import { engineOn, HandClock } from '../support/engine.ts';
import { HeldDisk } from './held-disk.ts';

export interface Setting {
  readonly log: 'memory' | 'segment';
  readonly segmentBytesMax: number;
  readonly syncPauseMs: number;
  readonly limits: Pick<EngineLimits, 'roundCommandsMax' | 'ticketsCachedMax' | 'roundsInFlightMax'>;
}

export class DeskOnLog {
  readonly setting: Setting;
  readonly clock = new HandClock();
  log: EventLog = new MemoryLog({ clock: this.clock });
  engine: Engine;
  #disk = new HeldDisk();
  #folder = '';
  readonly #folders: string[] = [];

  private static readonly prefix = join(tmpdir(), 'docket-model-');

  static async open(setting: Setting): Promise<DeskOnLog> {
    const desk = new DeskOnLog(setting);
    if (setting.log === 'segment') {
      await desk.#newFolder();
      await desk.#openLog();
    }
    return desk;
  }

  private constructor(setting: Setting) {
    this.setting = setting;
    this.engine = this.#newEngine();
  }

  /** A further engine on the same log, which knows nothing but the log; for logs that allow it. */
  rival(): Engine {
    return this.#newEngine();
  }

  /** Forgets everything that the engine held in memory. */
  async restartEngine(): Promise<void> {
    await this.engine.drain();
    this.engine = this.#newEngine();
  }

  async restartLog(): Promise<void> {
    await this.engine.drain();
    if (this.setting.log === 'segment') {
      await this.log.close();
      await this.#openLog();
    }
    this.engine = this.#newEngine();
  }

  /** The power goes, and comes back; nobody who was waiting gets an answer. */
  async crash(keptShare: number): Promise<void> {
    const [disk, folder] = [this.#disk, this.#folder];
    await this.#newFolder();
    await disk.cut(folder, this.#folder, keptShare);
    await this.#openLog();
  }

  async readAll(from = 1, batchEventsMax = 1_000): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const batch of this.log.read(from, { batchEventsMax })) events.push(...batch);
    return events;
  }

  async close(): Promise<void> {
    await this.log.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #newFolder(): Promise<void> {
    this.#folder = await mkdtemp(DeskOnLog.prefix);
    this.#folders.push(this.#folder);
  }

  async #openLog(): Promise<void> {
    this.#disk = new HeldDisk();
    const { segmentBytesMax, syncPauseMs } = this.setting;
    const options = { folder: this.#folder, clock: this.clock, segmentBytesMax, files: this.#disk };
    this.log = await openSegmentLog(options);
    this.#disk.syncPauseMs = syncPauseMs;
    this.engine = this.#newEngine();
  }

  #newEngine(): Engine {
    return engineOn(this.log, { clock: this.clock, limits: this.setting.limits });
  }
}
