/**
 * Durable transitions per second through the engine on the segment log, in one process, as an integration
 * that calls the engine directly would see them; and callers who wait for each answer. In turns with them: a
 * bare loop, the disk alone, and Emmett's command handler.
 */
import { rmSync } from 'node:fs';
import { BareLoop } from './bare-loop.ts';
import {
  blocksPerRound,
  type Called,
  type CalledBesideRaw,
  callers,
  commandsPerBlock,
  manyCallers,
  oneCaller,
  rawBytes,
} from './callers.ts';
import { Emmett, emmettClients } from './emmett-store.ts';
import { figureOf } from './figures.ts';
import { type LoadedDesk, limitsOf, logged, measureSustained } from './live-load.ts';
import { callsInFlightMax, openDesk, type Played, play, playCalls } from './playing.ts';
import { rawDiskRate } from './raw-disk.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { Turns } from './turns.ts';
import {
  commandsPerCall,
  commentDataBytes,
  deskWorkload,
  LiveTickets,
  liveTicketsCount,
  openingCommands,
  take,
} from './workloads.ts';
import type { Bench } from './workspace.ts';

const title = '1. engine: durable transitions, one process, segment log (fdatasync before each answer)';
/** What the engine writes at a time at full speed. */
const diskWriteBytes = 256 * 1_024;
const diskWrites = 200;
/** Commands of the 64 callers in a round, for each that the loop at full speed is given. */
const callersShare = 1 / 20;

export async function engineSection(bench: Bench): Promise<Section> {
  if (bench.sustained !== undefined) return sustainedSection(bench);
  const stack = new AsyncDisposableStack();
  try {
    const [live, comments, simulated] = [
      await openLoaded(bench, 'live-tickets', stack),
      await openLoaded(bench, 'comments', stack),
      await openLoaded(bench, 'desk', stack),
    ];
    const emmett = await Emmett.open(bench);
    stack.defer(() => emmett.close());
    for (const desk of [live, comments])
      await play(desk, openingCommands(), 'inside the clock', bench.signal);
    const measured = await measure({ live, comments, simulated, emmett }, bench);
    return { title, figures: figuresOf(measured, bench), notes: notesOf(measured) };
  } finally {
    await stack.disposeAsync();
  }
}

/** Its log is removed afterwards. */
async function openLoaded({ workspace }: Bench, name: string, stack: AsyncDisposableStack) {
  const dataFolder = workspace.newFolder(name);
  const desk: LoadedDesk = { ...(await openDesk(dataFolder)), dataFolder };
  stack.defer(() => rmSync(dataFolder, { recursive: true }));
  stack.defer(() => desk.close());
  return desk;
}

interface Desks {
  readonly live: LoadedDesk;
  readonly comments: LoadedDesk;
  readonly simulated: LoadedDesk;
  readonly emmett: Emmett;
}

interface Measured {
  readonly live: readonly Played[];
  readonly comments: readonly Played[];
  readonly simulated: readonly Played[];
  readonly one: readonly CalledBesideRaw[];
  readonly many: readonly Called[];
  readonly bareLoop: readonly number[];
  readonly disk: readonly number[];
  readonly emmettOne: readonly number[];
  readonly emmettMany: readonly number[];
  /** Of the live tickets' log. */
  readonly bytesPerTransition: number;
}

async function measure({ live, comments, simulated, emmett }: Desks, bench: Bench): Promise<Measured> {
  const { events, rounds, turnMs, signal } = bench;
  const plain = new LiveTickets({ order: 'each', payload: 'none' });
  const worded = new LiveTickets({ order: 'each', payload: 'comment' });
  const desk = deskWorkload();
  const bareLoop = new BareLoop();
  const opened = (await logged(live)).bytes;
  const before = live.log.durable.lastPosition;
  const turns = new Turns();
  const measured = {
    live: turns.add(() => playCalls(live, plain.calls(events), { signal })),
    comments: turns.add(() => playCalls(comments, worded.calls(events), { signal })),
    simulated: turns.add(() => {
      return play(simulated, take(desk, Math.ceil(events / 2)), 'outside the clock', signal);
    }),
    one: turns.add(() => oneCaller(live, plain, bench)),
    many: turns.add(() => callers(live, plain, Math.ceil(events * callersShare))),
    bareLoop: turns.add(() => bareLoop.rate(events, bench)),
    disk: turns.add(() => rawDiskRate(bench, diskWriteBytes, diskWrites)),
    emmettOne: turns.add(() => emmett.handled(1, turnMs)),
    emmettMany: turns.add(() => emmett.handled(emmettClients, turnMs)),
  };
  await turns.run(rounds, signal);
  const written = (await logged(live)).bytes - opened;
  return { ...measured, bytesPerTransition: written / (live.log.durable.lastPosition - before) };
}

function figuresOf(measured: Measured, bench: Bench): readonly BenchFigure[] {
  const raw = rawFigures(measured, bench);
  const beside = [raw.bareLoop, raw.diskAsTransitions, raw.emmettMany];
  const rate = (played: readonly Played[]) => played.map(({ transitions, seconds }) => transitions / seconds);
  const calls = `calls of ${count(commandsPerCall)}, ${callsInFlightMax} in flight`;
  const transitions = { unit: 'transitions/s', beside };
  return [
    figureOf({
      ...transitions,
      id: 'engine-live-tickets',
      what: '1a live tickets',
      rounds: rate(measured.live),
      conditions: `${count(liveTicketsCount)} live incidents, no payload; rounds of ${count(bench.events)}, ${calls}`,
    }),
    figureOf({
      ...transitions,
      id: 'engine-simulated-desk',
      what: '1b simulated desk',
      rounds: rate(measured.simulated),
      conditions:
        `full payloads, ${shareOf(measured.simulated, 'rejected')} refused and ${shareOf(measured.simulated, 'repeated')}` +
        ` repeated of ${count(bench.events / 2)} commands a round`,
    }),
    figureOf({
      ...transitions,
      id: 'engine-comments',
      what: '1c 100-byte payloads',
      rounds: rate(measured.comments),
      conditions: `as 1a, comments whose data is ${commentDataBytes} bytes of JSON`,
    }),
    figureOf({
      id: 'engine-bytes-per-transition',
      what: '1a in the log',
      unit: 'bytes/transition',
      rounds: [measured.bytesPerTransition],
      conditions: 'frames included, what the callers sent too',
    }),
    ...callerFigures(measured, raw, bench),
    ...Object.values(raw),
  ];
}

type RawFigures = ReturnType<typeof rawFigures>;

function rawFigures(measured: Measured, { events, turnMs }: Bench) {
  const seconds = `${turnMs / 1_000} s a round`;
  const emmett = (id: string, clients: number, rounds: readonly number[]) =>
    figureOf({
      id,
      role: 'peer',
      what: `Emmett, ${clients} ${clients === 1 ? 'client' : 'clients'}`,
      unit: 'events/s',
      rounds,
      conditions: `its command handler on PostgreSQL: reads the ticket, decides, appends; ${seconds}`,
    });
  return {
    bareLoop: figureOf({
      id: 'engine-bare-loop',
      role: 'raw',
      what: 'bare loop',
      unit: 'records/s',
      rounds: measured.bareLoop,
      conditions: `look up, encode 28 bytes, checksum, write + fdatasync; ${count(events)} a round, one thread`,
    }),
    diskAsTransitions: figureOf({
      id: 'engine-disk',
      role: 'raw',
      what: 'disk, as transitions',
      unit: 'transitions/s',
      rounds: measured.disk.map((bytes) => bytes / measured.bytesPerTransition),
      conditions: `write + fdatasync of ${diskWriteBytes / 1_024} KiB, ${diskWrites} a round, divided by 1a's bytes`,
    }),
    write: figureOf({
      id: 'engine-small-write',
      role: 'raw',
      what: `bare write of ${rawBytes} bytes`,
      unit: 'µs',
      rounds: measured.one.map(({ rawUs }) => rawUs),
      conditions: `with fdatasync; median of ${blocksPerRound} blocks of ${commandsPerBlock}, in turns with the one caller's`,
    }),
    emmettOne: emmett('engine-emmett-1-client', 1, measured.emmettOne),
    emmettMany: emmett('engine-emmett-20-clients', emmettClients, measured.emmettMany),
  };
}

function callerFigures({ one, many }: Measured, raw: RawFigures, { events }: Bench): BenchFigure[] {
  const alone = `one command at a time, ${count(blocksPerRound * commandsPerBlock)} a round`;
  const crowd = `one command each, ${count(events * callersShare)} a round`;
  return [
    figureOf({
      id: 'engine-one-caller',
      what: 'one caller, median',
      unit: 'µs',
      rounds: one.map(({ medianUs }) => medianUs),
      conditions: `from submit to answer, ${alone}`,
      beside: [raw.write],
    }),
    figureOf({
      id: 'engine-one-caller-p99',
      what: 'one caller, p99',
      unit: 'µs',
      rounds: one.map(({ p99Us }) => p99Us),
      conditions: 'of the same',
      beside: [raw.write],
    }),
    figureOf({
      id: 'engine-one-caller-rate',
      what: 'one caller',
      unit: 'transitions/s',
      rounds: one.map(({ perSecond }) => perSecond),
      conditions: alone,
      beside: [raw.emmettOne],
    }),
    figureOf({
      id: 'engine-64-callers',
      what: `${manyCallers} callers`,
      unit: 'transitions/s',
      rounds: many.map(({ perSecond }) => perSecond),
      conditions: crowd,
      beside: [raw.bareLoop, raw.emmettMany],
    }),
    figureOf({
      id: 'engine-64-callers-p99',
      what: `${manyCallers} callers, p99`,
      unit: 'µs',
      rounds: many.map(({ p99Us }) => p99Us),
      conditions: 'of the same',
    }),
  ];
}

function shareOf(played: readonly Played[], what: 'rejected' | 'repeated'): string {
  const total = (of: 'rejected' | 'repeated' | 'commands') => played.reduce((sum, each) => sum + each[of], 0);
  return `${((100 * total(what)) / total('commands')).toFixed(1)} %`;
}

function notesOf({ live, simulated, comments }: Measured): readonly string[] {
  return [
    'counted by how far the head of the log moved; the clock stops when every command is answered; the' +
      " commands of 1a and 1c are made inside the clock, the desk's of 1b outside",
    limitsOf('1a', live),
    limitsOf('1b', simulated),
    limitsOf('1c', comments),
    'Emmett is not the same service: it commits one PostgreSQL transaction per command, several processes may' +
      ' write, and each command reads its stream; Docket appends to a file that one process owns, and one' +
      ' fdatasync serves all commands that wait. Its rules here are three states; both answer when it is durable',
  ];
}

/** One run without a pause of 1a and of 1c, in place of rounds. */
async function sustainedSection(bench: Bench): Promise<Section> {
  const figures = [];
  const notes: string[] = [];
  for (const [name, payload] of [
    ['1a live tickets', 'none'],
    ['1c 100-byte payloads', 'comment'],
  ] as const) {
    const stack = new AsyncDisposableStack();
    try {
      const desk = await openLoaded(bench, 'sustained', stack);
      await play(desk, openingCommands(), 'inside the clock', bench.signal);
      const load = await measureSustained(desk, new LiveTickets({ order: 'each', payload }), name, bench);
      figures.push(...load.figures);
      notes.push(load.limits);
    } finally {
      await stack.disposeAsync();
    }
  }
  return { title, figures, notes };
}
