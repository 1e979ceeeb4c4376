/**
 * Takes a history, lets the machine die at every operation of the disk, and examines every state that may be
 * left; then dies again at every operation of the recovery itself. A state that was examined is not examined
 * again: what a log recovers depends on the bytes alone, so only what had been promised is compared anew.
 *
 * It must never count a state twice, and never one that was not examined.
 */
import { draftSuffix } from '../../adapters/log/segment/format.ts';
import type { SegmentFiles } from '../../adapters/log/segment/storage.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { type CrashState, type CrashStateOptions, crashStates } from './crash-states.ts';
import { type History, type Moment, runHistory, telling, Violation } from './history.ts';
import type { Truth } from './ledger.ts';
import { lendLargeBuffers, seedSalts } from './process-seams.ts';
import { examine } from './recovery-check.ts';
import type { CrashPoint, SimDisk } from './sim-disk.ts';

/** Each generation of writers draws other salts, and every history the same: equal states look equal. */
const saltSeed = 0x5a17;
const allStatesMaxDefault = 1_024;
const samplesDefault = 64;
/** After a crash of a recovery, one state in this many is not only read but also written to. */
const goOnOneIn = 8;

export interface ExplorerOptions {
  readonly seed: number;
  /** Which names a crash may leave. */
  readonly names: CrashStateOptions['names'];
  /** Crashes of recoveries in a row, after the first crash. */
  readonly recoveryCrashes: number;
  /** Of the recoveries, one in this many dies as well; all of them where absent. */
  readonly recoveryCrashOneIn?: number;
  /** Something between the log and the disk while the history runs. */
  readonly wrap?: (disk: SimDisk) => SegmentFiles;
}

export class Explorer {
  /** Crash states looked at, the same one at several moments included. */
  looked = 0;
  /** Distinct states after each number of crashes in a row. */
  readonly examinedByDepth: number[] = [];
  readonly repairs = new Map<string, number>();
  readonly #options: ExplorerOptions;
  readonly #states: CrashStateOptions;
  readonly #random: Random;
  /** How many events each state gave back. */
  readonly #recovered = new Map<string, number>();

  constructor(options: ExplorerOptions) {
    this.#options = options;
    this.#random = new Random(options.seed + 1);
    this.#states = {
      names: options.names,
      allStatesMax: allStatesMaxDefault,
      samples: samplesDefault,
      random: new Random(options.seed),
      unread: isDraft,
    };
  }

  /** Distinct states that were examined. */
  get examined(): number {
    return this.#recovered.size;
  }

  /** Throws a `Violation` that tells the state's history and place. */
  async explore(history: History): Promise<void> {
    const restore = [lendLargeBuffers(), seedSalts(saltSeed)];
    try {
      const { ledger, moments } = await runHistory(history, this.#options.wrap);
      for (const moment of moments) await this.#dieAt(moment, ledger, history);
    } finally {
      for (const each of restore.reverse()) each();
    }
  }

  async #dieAt(moment: Moment, truth: Truth, history: History): Promise<void> {
    const { point, acknowledged, issued } = moment;
    for (const state of crashStates(point, this.#states)) {
      await telling('crash', history, moment, async () => {
        const recovered = await this.#recover(state, truth, history.segmentBytesMax, 0);
        if (recovered < acknowledged) {
          throw new Violation(`${acknowledged} events were acknowledged, ${recovered} were recovered`);
        }
        if (recovered > issued) throw new Violation(`${issued} events were issued, ${recovered} are there`);
      });
    }
  }

  async #recover(state: CrashState, truth: Truth, segmentBytesMax: number, depth: number): Promise<number> {
    this.looked += 1;
    const before = this.#recovered.get(state.key);
    if (before !== undefined) return before;
    const restore = seedSalts(saltSeed + 1 + depth);
    const goOn = depth === 0 || this.#random.below(goOnOneIn) === 0;
    const { recoveryCrashes, recoveryCrashOneIn = 1 } = this.#options;
    const crashPoints = depth < recoveryCrashes && this.#random.below(recoveryCrashOneIn) === 0;
    const examined = await examine(state.image(), truth, segmentBytesMax, { goOn, crashPoints });
    restore();
    const { recovered, points, repairs, opened } = examined;
    for (const path of opened) if (isDraft(path)) throw new Violation(`the draft ${path} was read`);
    this.#recovered.set(state.key, recovered);
    this.examinedByDepth[depth] = (this.examinedByDepth[depth] ?? 0) + 1;
    for (const { kind } of repairs) this.repairs.set(kind, (this.repairs.get(kind) ?? 0) + 1);
    for (const point of points) await this.#dieAgain(point, recovered, truth, segmentBytesMax, depth + 1);
    return recovered;
  }

  /** A recovery that is cut short and begun again must come to the same end. */
  async #dieAgain(
    point: CrashPoint,
    expected: number,
    truth: Truth,
    segmentBytesMax: number,
    depth: number,
  ): Promise<void> {
    for (const state of crashStates(point, this.#states)) {
      const recovered = await this.#recover(state, truth, segmentBytesMax, depth);
      if (recovered === expected) continue;
      throw new Violation(`crash ${depth + 1}: ${expected} events were there, now there are ${recovered}`);
    }
  }
}

function isDraft(path: string): boolean {
  return path.endsWith(draftSuffix);
}
