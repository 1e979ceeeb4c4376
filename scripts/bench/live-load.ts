/**
 * The engine under as much load as it takes, on 100,000 live tickets: in a few rounds, or without a pause for
 * as long as `--sustained` says, with the rate of every million beside it, so that a decline would be seen.
 */
import { describeSegments } from '../../adapters/log/segment/segment-upkeep.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { callsInFlightMax, type OpenDesk, type Played, playCalls } from './playing.ts';
import { count, type Figure, type Repeated, repeated, spread } from './report.ts';
import { commandsPerCall, type LiveTickets, liveTicketsCount } from './workloads.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;
const partTransitions = 1_000_000;
const sampleEveryMs = 20;
const megabyte = 1024 * 1024;

export interface Load {
  /** Transitions per second: the median round, or all of a sustained run divided by all of its time. */
  readonly rate: number;
  readonly bytes: number;
  readonly writes: number;
  readonly transitions: number;
  readonly figures: readonly Figure[];
  readonly limits: string;
}

export interface LoadedDesk extends OpenDesk {
  readonly dataFolder: string;
}

/** `name` is the figure's, as in `1a live tickets`; `payload` says in words what the commands carry. */
export async function measureLoad(
  desk: LoadedDesk,
  tickets: LiveTickets,
  { name, payload }: { readonly name: string; readonly payload: string },
  bench: Bench,
): Promise<Load> {
  const before = { ...desk.disk };
  const loggedBefore = await logged(desk);
  const memory = new HighestMemory();
  const run = bench.sustained === undefined ? playRounds : playSustained;
  const { rate, figures, played, how } = await run(desk, tickets, bench).finally(() => memory.stop());
  const bytes = desk.disk.bytes - before.bytes;
  const writes = desk.disk.writes - before.writes;
  const transitions = sum(played, 'transitions');
  const { segments, bytes: bytesLogged } = await logged(desk);
  const kept = bytesLogged - loggedBefore.bytes;
  const conditions =
    `${count(liveTicketsCount)} live incidents, ${payload}; ${how};` +
    ` calls of ${count(commandsPerCall)}, ${callsInFlightMax} in flight`;
  return {
    rate,
    bytes,
    writes,
    transitions,
    limits: limitsOf(name.slice(0, 2), played),
    figures: [
      { what: name, value: rate, unit: 'transitions/s', conditions },
      ...figures,
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
export async function logged({ dataFolder }: LoadedDesk) {
  const segments = await describeSegments(logFolder(dataFolder));
  return { segments: segments.length, bytes: segments.reduce((total, { bytes }) => total + bytes, 0) };
}

interface Run {
  readonly rate: number;
  readonly figures: readonly Figure[];
  readonly played: readonly Played[];
  readonly how: string;
}

async function playRounds(desk: OpenDesk, tickets: LiveTickets, { events, signal }: Bench): Promise<Run> {
  const played: Played[] = [];
  for (let round = 0; round < rounds; round += 1) {
    played.push(await playCalls(desk, tickets.calls(events), { signal }));
  }
  const rate = rateOf(played);
  const how = `${rounds} rounds of ${count(events)} (${spread(rate)})`;
  return { rate: rate.median, figures: [], played, how };
}

async function playSustained(desk: OpenDesk, tickets: LiveTickets, bench: Bench): Promise<Run> {
  const { sustained = 0, signal } = bench;
  const parts = new Parts(desk);
  const onSent = () => parts.look(partTransitions);
  const played = await playCalls(desk, tickets.calls(sustained), { signal, onSent });
  // What is left, where the whole is not a number of millions.
  parts.look(1);
  const rates = repeated(parts.rates);
  const part = (what: string, value: number): Figure => {
    return {
      what: `   ${what}`,
      value,
      unit: 'transitions/s',
      conditions: 'per million, as it became durable',
    };
  };
  return {
    rate: played.transitions / played.seconds,
    figures: [
      part('median', rates.median),
      part('lowest', rates.lowest),
      part('highest', rates.highest),
      ...parts.rates.map((rate, index) => part(`million ${index + 1}`, rate)),
    ],
    played: [played],
    how: `${count(played.transitions)} without a pause`,
  };
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

export function rateOf(played: readonly Played[]): Repeated {
  return repeated(played.map(({ transitions, seconds }) => transitions / seconds));
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

export function sum(played: readonly Played[], what: keyof Played): number {
  return played.reduce((total, each) => total + each[what], 0);
}
