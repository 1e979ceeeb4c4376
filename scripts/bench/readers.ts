/**
 * Other processes that follow the log while it is written: how long after an event is durable they have it,
 * and by how much they slow the writer. All of them share the cores of one machine with the writer, so the
 * last figure is about cores as much as about the log; what the writer itself spends tells the two apart.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { logFolder } from '../runtime/data-folder.ts';
import { BenchChild } from './child-process.ts';
import type { LoadedDesk } from './live-load.ts';
import { openDesk, type Played, play, playCalls } from './playing.ts';
import type { Seen } from './reader-child.ts';
import { count, type Figure, repeated, type Section } from './report.ts';
import { LiveTickets, openingCommands } from './workloads.ts';
import type { Bench } from './workspace.ts';

const moderatePerSecond = 5_000;
const callEveryMs = 2;
/** What is sent at once after a stall. */
const callCommandsMax = 1_000;
const warmUpMs = 500;
const measureMs = 4_000;
const rounds = 5;
const fewReaders = 1;
const manyReaders = 4;

export async function readersSection(bench: Bench): Promise<Section> {
  const { workspace, signal } = bench;
  const dataFolder = workspace.newFolder('readers');
  const desk = { ...(await openDesk(dataFolder)), dataFolder };
  try {
    await play(desk, openingCommands(), 'inside the clock', signal);
    const tickets = new LiveTickets({ order: 'each', payload: 'none' });
    const figures: Figure[] = [];
    for (const readers of [0, fewReaders, manyReaders]) {
      figures.push(...(await measureDelays(desk, tickets, readers, signal)));
    }
    const slowed = await measureSlowing(desk, tickets, bench);
    return {
      title: '9. readers: other processes that follow the log, each with openSegmentReader as it comes',
      figures: [...figures, ...slowed],
      notes: [
        'durable: when the writer heard that fdatasync had returned; seen: when a reader was handed the event,' +
          ' decoded; both as performance.timeOrigin + performance.now() says in its process',
        'readers keep asking for the next batch and do nothing with it; all cores of the machine are shared by' +
          ` the writer, its threads for the disk and up to ${manyReaders} readers: on two cores, readers who decode` +
          ' every event at full speed take the time of the writer, however little they have to do with each other',
        "CPU: of all of the writer's threads, which readers can raise only by getting in its way",
      ],
    };
  } finally {
    await desk.close();
  }
}

/** Answers what `work` does while that many processes follow the log, and what each of them saw. */
async function withReaders<A>(
  desk: LoadedDesk,
  readers: number,
  signal: AbortSignal,
  work: () => Promise<A>,
): Promise<{ readonly result: A; readonly seen: readonly Seen[] }> {
  const folder = logFolder(desk.dataFolder);
  const children = Array.from({ length: readers }, () => new BenchChild('reader-child.ts', [folder], signal));
  try {
    for (const child of children) await child.message();
    const result = await work();
    for (const child of children) child.stop();
    const seen: Seen[] = [];
    for (const child of children) {
      seen.push((await child.message()) as Seen);
      await child.ended();
    }
    return { result, seen };
  } finally {
    for (const child of children) await child.kill();
  }
}

/** Positions of the calls in order, each with the moment at which all of it was durable. */
interface Durable {
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly atMs: number;
}

async function measureDelays(
  desk: LoadedDesk,
  tickets: LiveTickets,
  readers: number,
  signal: AbortSignal,
): Promise<Figure[]> {
  const answers = newHistogram();
  const { result, seen } = await withReaders(desk, readers, signal, async () => {
    await writeSteadily(desk, tickets, warmUpMs, newHistogram(), signal);
    const durable = await writeSteadily(desk, tickets, measureMs, answers, signal);
    // Time for the last events to be seen; those that are not by then are counted as missing.
    await sleep(warmUpMs, undefined, { signal });
    return durable;
  });
  const delays = newHistogram();
  const odd = { early: 0, missing: 0 };
  for (const each of seen) recordDelays(result, each, delays, odd);
  const who = readers === 1 ? '1 reader' : `${readers} readers`;
  const rate = `${count(moderatePerSecond)} transitions/s, ${measureMs / 1_000} s`;
  const answered = {
    what: `9a writer, ${who}`,
    value: answers.getValueAtPercentile(50) / 1_000,
    unit: 'ms',
    conditions: `from submit to answer, in calls every ${callEveryMs} ms, ${rate}; median`,
  };
  if (readers === 0) return [answered];
  const figure = (what: string, value: number, conditions: string): Figure => {
    return { what, value: value / 1_000, unit: 'ms', conditions };
  };
  const noted =
    (odd.early === 0 ? '' : `; ${count(odd.early)} seemed to come before they were durable, taken as 0`) +
    (odd.missing === 0 ? '' : `; ${count(odd.missing)} were not seen in time and are missing`);
  return [
    answered,
    figure(
      '   durable to seen',
      delays.getValueAtPercentile(50),
      `each event in each of them, ${count(delays.totalCount)} in all; median${noted}`,
    ),
    figure('   p99', delays.getValueAtPercentile(99), 'of the same'),
    figure('   longest', delays.maxValue, 'of the same'),
  ];
}

/** Small calls at a fixed rate, whether the answers come soon or late; the engine bounds what waits. */
async function writeSteadily(
  { engine, disk }: LoadedDesk,
  tickets: LiveTickets,
  forMs: number,
  answers: Histogram,
  signal: AbortSignal,
): Promise<readonly Durable[]> {
  const durable: Durable[] = [];
  const send = async (commands: number, sentAtMs: number) => {
    const outcomes = await engine.submit(tickets.next(commands));
    answers.recordValue(Math.round((performance.now() - sentAtMs) * 1_000));
    const positions = outcomes.map((outcome) => (outcome.status === 'accepted' ? outcome.position : 0));
    durable.push({
      firstPosition: Math.min(...positions),
      lastPosition: Math.max(...positions),
      atMs: performance.timeOrigin + disk.syncedAtMs,
    });
  };
  const answered: Promise<void>[] = [];
  const startedAtMs = performance.now();
  for (let [sent, nowMs] = [0, startedAtMs]; nowMs < startedAtMs + forMs; nowMs = performance.now()) {
    const late = Math.floor(((nowMs - startedAtMs) * moderatePerSecond) / 1_000) - sent;
    const due = Math.min(Math.max(0, late), callCommandsMax);
    if (due > 0) answered.push(send(due, nowMs));
    sent += due;
    await sleep(callEveryMs, undefined, { signal });
  }
  await Promise.all(answered);
  return durable;
}

/** `early`: seen before they were durable, which only clocks that disagree can bring about. */
function recordDelays(
  durable: readonly Durable[],
  seen: Seen,
  delays: Histogram,
  odd: { early: number; missing: number },
): void {
  let batch = 0;
  for (const { firstPosition, lastPosition, atMs } of durable) {
    for (let position = firstPosition; position <= lastPosition; position += 1) {
      while ((seen.lastPositions[batch] ?? Number.POSITIVE_INFINITY) < position) batch += 1;
      const delayMs = (seen.atMs[batch] ?? Number.NaN) - atMs;
      if (Number.isNaN(delayMs)) odd.missing += 1;
      else delays.recordValue(Math.max(0, Math.round(delayMs * 1_000)));
      if (delayMs < 0) odd.early += 1;
    }
  }
}

interface Round {
  readonly played: Played;
  /** The share of the round's events that the slowest reader had seen when the writer was done. */
  readonly seenShare: number;
}

/** Rounds without and with readers take turns, because the machine changes from one second to the next. */
async function measureSlowing(
  desk: LoadedDesk,
  tickets: LiveTickets,
  { events, signal }: Bench,
): Promise<Figure[]> {
  const roundsBy = new Map<number, Round[]>([0, fewReaders, manyReaders].map((readers) => [readers, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [readers, measured] of roundsBy) {
      const head = await desk.log.head();
      const { result, seen } = await withReaders(desk, readers, signal, async () => {
        const played = await playCalls(desk, tickets.calls(events), { signal });
        return { played, doneAtMs: performance.timeOrigin + performance.now() };
      });
      const last = seen.map((each) => lastSeenBy(each, result.doneAtMs));
      measured.push({
        played: result.played,
        seenShare: (Math.min(...last) - head) / result.played.transitions,
      });
    }
  }
  const alone = roundsBy.get(0) ?? [];
  return [...roundsBy].flatMap(([readers, measured]) => slowingFigures(readers, measured, alone, events));
}

function lastSeenBy({ lastPositions, atMs }: Seen, byMs: number): number {
  return lastPositions[atMs.findLastIndex((each) => each <= byMs)] ?? 0;
}

function slowingFigures(
  readers: number,
  measured: readonly Round[],
  alone: readonly Round[],
  events: number,
): Figure[] {
  const rates = (of: readonly Round[]) => of.map(({ played }) => played.transitions / played.seconds);
  const rate = repeated(rates(measured));
  const cpu = repeated(measured.map(({ played }) => (played.cpuSeconds * 1e6) / played.transitions));
  const aloneRates = rates(alone);
  const ratio = repeated(rates(measured).map((each, index) => each / (aloneRates[index] ?? Number.NaN)));
  const who = readers === 1 ? '1 reader' : `${readers} readers`;
  const figures: Figure[] = [
    {
      what: `9b full speed, ${who}`,
      value: rate.median,
      unit: 'transitions/s',
      conditions: `as 1a, ${rounds} rounds of ${count(events)} (${count(rate.lowest)} to ${count(rate.highest)})`,
    },
    {
      what: '   CPU of the writer',
      value: cpu.median,
      unit: 'µs/transition',
      conditions: `${cpu.lowest.toFixed(2)} to ${cpu.highest.toFixed(2)}`,
    },
  ];
  if (readers === 0) return figures;
  const seen = repeated(measured.map(({ seenShare }) => 100 * seenShare));
  return [
    ...figures,
    {
      what: '   to no readers',
      value: ratio.median,
      unit: 'times',
      conditions: `each round divided by the one before without (${ratio.lowest.toFixed(2)} to ${ratio.highest.toFixed(2)})`,
    },
    {
      what: '   seen meanwhile',
      value: seen.median,
      unit: '%',
      conditions: 'of the events, by the slowest reader when the writer was done',
    },
  ];
}

function newHistogram(): Histogram {
  return build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
}
