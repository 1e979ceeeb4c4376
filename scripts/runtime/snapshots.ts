/**
 * Keeps snapshots of a running engine's tickets, and starts it from the newest that fits. Saving goes on in
 * the background, one at a time; it must never stop the engine, whatever goes wrong with it: without a
 * snapshot the next start is slower, and that is all.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SnapshotFolder } from '../../adapters/snapshots/snapshot-folder.ts';
import { restoreSnapshot, type SnapshotParts, saveSnapshot } from '../../domain/engine/snapshot.ts';
import type { Engine } from '../../domain/engine.ts';
import type { EventLog } from '../../domain/ports.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';

export const snapshotTimes = {
  /** A snapshot is due after this many events. */
  afterEvents: 1_000_000,
  /** It is due after this time too, if there was any event. */
  afterMs: 5 * 60_000,
  /** Between the end of one and the beginning of the next, so that saving is never all there is to do. */
  pauseMsMin: 30_000,
  lookEveryMs: 1_000,
};
export type SnapshotTimes = typeof snapshotTimes;
/** Restoring that takes longer is told. */
const quietMsMax = 1_000;

export interface SnapshotKeeperOptions {
  readonly folder: string;
  readonly engine: Engine;
  readonly log: EventLog;
  readonly workflows: Workflows;
  readonly onNote: (line: string) => void;
  readonly times?: Partial<SnapshotTimes>;
}

export interface SnapshotKeeper {
  /** Saves a last time, when everything that was submitted has been answered. Nothing may follow. */
  stop(): Promise<void>;
}

/** Restores what there is, then begins to save. The engine must not have been given any command yet. */
export async function keepSnapshots(options: SnapshotKeeperOptions): Promise<SnapshotKeeper> {
  const position = await restore(options, partsOf(options));
  return new Keeper(options, position);
}

function partsOf({ folder, engine, log, workflows }: SnapshotKeeperOptions): SnapshotParts {
  return { engine, log, workflows, snapshots: new SnapshotFolder(folder) };
}

/** Answers the position of the snapshot that was used; 0 for none. */
async function restore({ onNote }: SnapshotKeeperOptions, parts: SnapshotParts): Promise<number> {
  const startedAtMs = performance.now();
  const { used, ignored } = await restoreSnapshot(parts);
  for (const line of ignored) onNote(`the snapshot ${line}; tickets are read from the log instead`);
  if (used === undefined) return 0;
  const ms = performance.now() - startedAtMs;
  const count = (value: number) => value.toLocaleString('en');
  const what = `${count(used.tickets)} tickets were taken from ${used.name}`;
  const seconds = (ms / 1_000).toFixed(1);
  if (ms > quietMsMax) onNote(`${what} and ${count(used.eventsRead)} events read after it, in ${seconds} s`);
  return used.position;
}

class Keeper implements SnapshotKeeper {
  readonly #engine: Engine;
  readonly #parts: SnapshotParts;
  readonly #times: SnapshotTimes;
  readonly #onNote: (line: string) => void;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;
  /** The head of the log when the last snapshot was begun, or tried. */
  #head: number;
  #endedAtMs = performance.now();

  constructor(options: SnapshotKeeperOptions, position: number) {
    this.#engine = options.engine;
    this.#parts = partsOf(options);
    this.#times = { ...snapshotTimes, ...options.times };
    this.#onNote = options.onNote;
    this.#head = position;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await this.#engine.drain();
    await this.#save();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await sleep(this.#times.lookEveryMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (await this.#isDue().catch(() => false)) await this.#save();
    }
  }

  async #isDue(): Promise<boolean> {
    const events = (await this.#parts.log.head()) - this.#head;
    const quietMs = performance.now() - this.#endedAtMs;
    const { afterEvents, afterMs, pauseMsMin } = this.#times;
    return quietMs >= pauseMsMin && (events >= afterEvents || (events > 0 && quietMs >= afterMs));
  }

  async #save(): Promise<void> {
    try {
      const head = await this.#parts.log.head();
      if (head === this.#head) return;
      this.#head = head;
      await saveSnapshot(this.#parts);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#onNote(
        `the tickets could not be saved (${reason}); a restart will read more of them from the log`,
      );
    } finally {
      this.#endedAtMs = performance.now();
    }
  }
}
