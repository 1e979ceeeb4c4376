/**
 * A long life of a log on a simulated disk, drawn from one seed: tickets, atomic writes, command ids and
 * conflicts; clean closes, deaths of the process and of the machine, failing and lying disks; and after each
 * of these the log is opened again on whatever there is, compared with the truth, and used on.
 *
 * It must never blame the disk for what the log lost: only a disk that has lied may lose what was
 * acknowledged, and even then nothing may be read that was not written, nor in another order.
 */
import { isDeepStrictEqual } from 'node:util';
import type { SegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { Random } from '../../adapters/simulation/random.ts';
import { Fault } from '../../domain/errors.ts';
import { comment, readAll } from '../adapters/log/samples.ts';
import { crashStates } from './crash-states.ts';
import { Doom, drawFate, type Fate, type FateKind } from './fates.ts';
import { appendAll, idleMs, openLog, quiet, Violation } from './history.ts';
import { Ledger, type WriteSpec } from './ledger.ts';
import { examine, expectFound, expectPrefix } from './recovery-check.ts';
import { type DiskImage, SimDisk, type SimDiskOptions } from './sim-disk.ts';
import { VirtualTime } from './virtual-time.ts';

export interface LongRunOptions {
  readonly seed: number;
  readonly fates: readonly FateKind[];
  /** Whether the disk owns up to its lies; where it does not, what they cost is the log's to answer for. */
  readonly liesAreKnown: boolean;
}

/** What came to pass, to be added up over many runs. */
export class Tally {
  readonly fates = new Map<FateKind, number>();
  events = 0;
  states = 0;
  /** How often the disk failed an operation, and how often the log said so and stopped. */
  errors = 0;
  stops = 0;
  /** After lies: logs that were refused as damaged, and acknowledged events that were lost. */
  refusedAfterLies = 0;
  lostToLies = 0;
}

const generationsMax = 6;
const stepsMax = 12;
/** States of each crash that are examined beside the one that the run goes on with. */
const statesPerCrash = 6;

export class LongRun {
  readonly #random: Random;
  readonly #fates: readonly FateKind[];
  readonly #liesAreKnown: boolean;
  readonly #tally: Tally;
  readonly #time = new VirtualTime();
  readonly #ledger = new Ledger();
  readonly #segmentBytesMax: number;
  readonly #diskOptions: SimDiskOptions;
  #disk: SimDisk;
  /** The disk had lied before the machine died, so what is lost is not the log's fault. */
  #blamed = false;

  constructor({ seed, fates, liesAreKnown }: LongRunOptions, tally: Tally) {
    const random = new Random(seed);
    this.#random = random;
    this.#fates = fates;
    this.#liesAreKnown = liesAreKnown;
    this.#tally = tally;
    this.#segmentBytesMax = random.pick([300, 1_500, 6_000]);
    const shortWrites = random.chance(0.3) ? { pieceBytes: (bytes: number) => 1 + random.below(bytes) } : {};
    const slow = random.chance(0.5) ? { latency: () => random.below(6) } : {};
    this.#diskOptions = { sectorBytes: random.pick([512, 512, 64]), ...shortWrites, ...slow };
    this.#disk = new SimDisk(new Map(), this.#diskOptions);
  }

  async run(): Promise<void> {
    for (let generation = 0; generation < generationsMax; generation += 1) {
      const fate = drawFate(this.#random, this.#fates);
      this.#tally.fates.set(fate.kind, (this.#tally.fates.get(fate.kind) ?? 0) + 1);
      const goesOn = await this.#generation(fate);
      if (!goesOn) return;
    }
  }

  /** One process, from opening the log to its end; false where the log can not be opened any more. */
  async #generation(fate: Fate): Promise<boolean> {
    const doom = new Doom(fate, this.#disk);
    const life = this.#live(doom);
    const end = await Promise.race([life, doom.dead]);
    // What the dead process had been told by then still counts.
    await quiet(this.#disk);
    this.#time.forget();
    if (end === 'refused') return false;
    const machineDied = fate.kind === 'crash' || fate.kind === 'lie' || this.#random.chance(0.3);
    if (machineDied) await this.#restartMachine();
    else this.#disk = this.#disk.afterKill();
    return true;
  }

  async #live(doom: Doom): Promise<'ended' | 'refused'> {
    const log = await this.#open(doom);
    if (log === 'refused' || log === 'failed') return log === 'refused' ? log : 'ended';
    try {
      const steps = 1 + this.#random.below(stepsMax);
      for (let step = 0; step < steps && !doom.over; step += 1) await this.#step(log);
      if (doom.over) return 'ended';
      await quiet(this.#disk);
      if (doom.failed) return await this.#expectStopped(log);
      await log.close();
      if (doom.failed) throw new Violation('the disk failed while the log was closed, and it did not say so');
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'log_failed' && doom.failed)) throw error;
      return this.#expectStopped(log);
    }
    return 'ended';
  }

  /** The log holds what it must; from now on, all of that is to be relied on. */
  async #open(doom: Doom): Promise<SegmentLog | 'refused' | 'failed'> {
    const [files, time, segmentBytesMax] = [this.#disk, this.#time, this.#segmentBytesMax];
    try {
      const log = await openLog({ files, time, segmentBytesMax });
      const events = await readAll(log);
      expectPrefix(events, this.#ledger);
      this.#expectAcknowledged(events.length);
      await expectFound(log, events, this.#ledger);
      this.#ledger.settle(events.length);
      this.#blamed = false;
      return log;
    } catch (error) {
      if (doom.failed && !(error instanceof Violation)) {
        this.#tally.stops += 1;
        this.#tally.errors += 1;
        return 'failed';
      }
      const damaged = error instanceof Fault && error.code === 'log_damaged';
      if (!(damaged && this.#blamed)) throw error;
      this.#tally.refusedAfterLies += 1;
      return 'refused';
    }
  }

  #expectAcknowledged(recovered: number): void {
    const { acknowledged } = this.#ledger;
    if (recovered >= acknowledged) return;
    if (!this.#blamed)
      throw new Violation(`${acknowledged} events were acknowledged, ${recovered} were recovered`);
    this.#tally.lostToLies += acknowledged - recovered;
  }

  async #step(log: SegmentLog): Promise<void> {
    const random = this.#random;
    this.#time.advance(random.below(3));
    if (random.chance(0.1)) {
      await quiet(this.#disk);
      this.#time.advance(idleMs);
      await quiet(this.#disk);
      return;
    }
    const calls = Array.from({ length: 1 + random.below(3) }, () =>
      Array.from({ length: 1 + random.below(4) }, () => this.#write()),
    );
    await appendAll(log, this.#ledger, this.#time, calls);
    this.#tally.events = Math.max(this.#tally.events, this.#ledger.sequence.length);
  }

  #write(): WriteSpec {
    const random = this.#random;
    const ticket = random.below(5);
    const [events, bodyBytes] = [1 + random.below(3), random.pick([0, 0, 20, 300, 900, 2_500])];
    const also = random.chance(0.2) ? { also: (ticket + 1 + random.below(4)) % 5 } : {};
    return { ticket, events, bodyBytes, ...also, conflicts: random.chance(0.1), command: random.chance(0.3) };
  }

  /** After an error: nothing more is acknowledged, what was is still shown, and nothing else is. */
  async #expectStopped(log: SegmentLog): Promise<'ended'> {
    this.#tally.errors += 1;
    const works = [() => log.append([comment('late', 0)]), () => log.close()];
    const { acknowledged, sequence } = this.#ledger;
    const events = await readAll(log).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'log_closed') return undefined;
      throw error;
    });
    const shown = events?.length ?? acknowledged;
    if (shown < acknowledged || !isDeepStrictEqual(events ?? [], sequence.slice(0, events?.length ?? 0))) {
      throw new Violation(`a stopped log shows ${shown} events of ${acknowledged} that were acknowledged`);
    }
    for (const work of works) {
      const error = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error instanceof Fault && (error.code === 'log_failed' || error.code === 'log_closed')) continue;
      throw new Violation(`after an error of the disk, the log answered ${String(error ?? 'well')}`);
    }
    this.#tally.stops += 1;
    return 'ended';
  }

  /** The machine dies and comes back with one of the states that its disk may be left in. */
  async #restartMachine(): Promise<void> {
    this.#blamed ||= this.#liesAreKnown && this.#disk.lied;
    const states = [
      ...crashStates(this.#disk.crashPoint(), {
        names: 'any',
        allStatesMax: 8,
        samples: 3,
        random: this.#random,
        unread: () => false,
      }),
    ];
    for (let tries = 0; tries < statesPerCrash && !this.#blamed; tries += 1) {
      await this.#examine(this.#random.pick(states).image());
    }
    this.#disk = new SimDisk(this.#random.pick(states).image(), this.#diskOptions);
  }

  async #examine(image: DiskImage): Promise<void> {
    const depth = { goOn: true, crashPoints: false };
    const { recovered } = await examine(image, this.#ledger, this.#segmentBytesMax, depth);
    this.#expectAcknowledged(recovered);
    this.#tally.states += 1;
  }
}
