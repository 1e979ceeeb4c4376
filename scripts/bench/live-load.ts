/**
 * The engine under as much load as it takes, on 100,000 live tickets, without a pause for as long as
 * `--sustained` says, with the rate of every million beside it, so that a decline would be seen.
 */
import { describeSegments } from '../../adapters/log/segment/segment-upkeep.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { callsInFlightMax, type OpenDesk, type Played, playCalls } from './playing.ts';
import { count, type Figure, repeated } from './report.ts';
import { commandsPerCall, type LiveTickets, liveTicketsCount } from './workloads.ts';
import type { Bench } from './workspace.ts';

const partTransitions = 1_000_000;
const sampleEveryMs = 20;
const megabyte = 1024 * 1024;

export interface Load {
  readonly figures: readonly Figure[];
  readonly limits: string;
}

export interface LoadedDesk extends OpenDesk {
  readonly dataFolder: string;
}

/** `name` is the figure's, as in `1a live tickets`. */
export async function measureSustained(
  desk: LoadedDesk,
  tickets: LiveTickets,
  name: string,
  bench: Bench,
): Promise<Load> {
  const before = { ...desk.disk };
  const loggedBefore = await logged(desk);
  const memory = new HighestMemory();
  const { played, parts } = await playSustained(desk, tickets, bench).finally(() => memory.stop());
  const bytes = desk.disk.bytes - before.bytes;
  const writes = desk.disk.writes - before.writes;
  const { transitions } = played;
  const { segments, bytes: bytesLogged } = await logged(desk);
  const kept = bytesLogged - loggedBefore.bytes;
  const conditions =
    `${count(liveTicketsCount)} live incidents; ${count(transitions)} without a pause;` +
    ` calls of ${count(commandsPerCall)}, ${callsInFlightMax} in flight`;
  return {
    limits: limitsOf(name.slice(0, 2), [played]),
    figures: [
      { what: name, value: transitions / played.seconds, unit: 'transitions/s', conditions },
      ...partFigures(parts),
      {
        what: '   in the log',
        value: kept / transitions,
        unit: 'bytes/transition',
        conditions: `${count(kept / megabyte)} MiB more in the log, frames included`,
      },
      {
        what: '   segments',
        value: segments,
        unit: 'files',
        conditions: 'what opening the tickets took included',
      },
      {
        what: '   written',
        value: bytes / writes / 1024,
        unit: 'KiB/write',
        conditions: `a fdatasync after each; ${count(bytes / megabyte)} MiB in all, zeros written ahead included`,
      },
      {
        what: '   peak memory',
        value: memory.highestBytes / megabyte,
        unit: 'MiB',
        conditions: `resident, this whole process, looked at every ${sampleEveryMs} ms`,
      },
    ],
  };
}

/** What the log keeps: less than was written, which has space written ahead in it. */
export async function logged({ dataFolder }: Pick<LoadedDesk, 'dataFolder'>) {
  const segments = await describeSegments(logFolder(dataFolder));
  return { segments: segments.length, bytes: segments.reduce((total, { bytes }) => total + bytes, 0) };
}

async function playSustained(desk: OpenDesk, tickets: LiveTickets, bench: Bench) {
  const { sustained = 0, signal } = bench;
  const parts = new Parts(desk);
  const onSent = () => parts.look(partTransitions);
  const played = await playCalls(desk, tickets.calls(sustained), { signal, onSent });
  // What is left, where the whole is not a number of millions.
  parts.look(1);
  return { played, parts: parts.rates };
}

function partFigures(parts: readonly number[]): readonly Figure[] {
  const part = (what: string, value: number): Figure => {
    return {
      what: `   ${what}`,
      value,
      unit: 'transitions/s',
      conditions: 'per million, as it became durable',
    };
  };
  const rates = repeated(parts);
  return [
    part('median', rates.median),
    part('lowest', rates.lowest),
    part('highest', rates.highest),
    ...parts.map((rate, index) => part(`million ${index + 1}`, rate)),
  ];
}

/** Rates of the parts of one run, by when the log said that they were durable. */
class Parts {
  readonly rates: number[] = [];
  readonly #desk: OpenDesk;
  #position: number;
  /** From the first call on: before it, the garbage of what came before is collected. */
  #atMs: number | undefined;

  constructor(desk: OpenDesk) {
    this.#desk = desk;
    this.#position = desk.log.durable.lastPosition;
  }

  /** Ends the part, if that many transitions have become durable in it. */
  look(transitions: number): void {
    this.#atMs ??= performance.now();
    const { lastPosition } = this.#desk.log.durable;
    const done = lastPosition - this.#position;
    if (done < transitions) return;
    const nowMs = performance.now();
    this.rates.push((done * 1_000) / (nowMs - this.#atMs));
    this.#position = lastPosition;
    this.#atMs = nowMs;
  }
}

class HighestMemory {
  highestBytes = process.memoryUsage.rss();
  readonly #sampling = setInterval(() => {
    this.highestBytes = Math.max(this.highestBytes, process.memoryUsage.rss());
  }, sampleEveryMs);

  stop(): void {
    clearInterval(this.#sampling);
  }
}

/** What kept the engine from being faster, as far as it can be told from outside. */
export function limitsOf(what: string, played: readonly Played[]): string {
  const seconds = sum(played, 'seconds');
  const share = (of: 'busySeconds' | 'collectorSeconds') =>
    `${((100 * sum(played, of)) / seconds).toFixed(0)} %`;
  const cores = (sum(played, 'cpuSeconds') / seconds).toFixed(2);
  return (
    `${what}: main thread busy ${share('busySeconds')} of the time (${share('collectorSeconds')} in pauses of the` +
    ` garbage collector); the process used ${cores} cores`
  );
}

function sum(played: readonly Played[], what: keyof Played): number {
  return played.reduce((total, each) => total + each[what], 0);
}
