/**
 * Durable transitions per second through the engine on the segment log, in one process, as an integration
 * that calls the engine directly would see them; and the latency of callers who wait for each answer.
 */
import { build, type Histogram } from 'hdr-histogram-js';
import type { Engine } from '../../domain/engine.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { count, type Figure, type Repeated, repeated, type Section, spread } from './report.ts';
import {
  callsInFlightMax,
  commandsPerCall,
  deskWorkload,
  liveTicketCommands,
  liveTicketsCount,
  type OpenDesk,
  openDesk,
  openingCommands,
  type Played,
  play,
  take,
} from './workloads.ts';
import type { Bench, EngineReached } from './workspace.ts';

const rounds = 3;
const oneCallerCommands = 3_000;
const callersCount = 64;
const callersCommands = 64_000;

export async function engineSection(bench: Bench): Promise<Section> {
  const live = await measureLiveTickets(bench);
  const desk = await measureDesk(bench);
  bench.reached.engine = { ...live.reached, desk: desk.rate.median };
  return {
    title: `1. engine: durable transitions, one process, segment log (fdatasync before each answer)`,
    figures: [...live.figures, ...desk.figures],
    notes: [
      'counted by how far the head of the log moved; the clock stops when every command is answered; the' +
        " commands of 1a are made inside the clock, the desk's of 1b outside",
      `${live.limits}`,
      `${desk.limits}`,
    ],
  };
}

async function measureLiveTickets({ workspace, events, signal }: Bench) {
  const desk = await openDesk(workspace.newFolder('live-tickets'));
  try {
    await play(desk, openingCommands(), 'inside the clock', signal);
    const commands = liveTicketCommands('each');
    const before = { ...desk.disk };
    const played: Played[] = [];
    for (let round = 0; round < rounds; round += 1) {
      played.push(await play(desk, take(commands, events), 'inside the clock', signal));
    }
    const bytes = desk.disk.bytes - before.bytes;
    const writes = desk.disk.writes - before.writes;
    const rate = rateOf(played);
    const one = await callersAtOnce(desk, commands, 1, oneCallerCommands);
    signal.throwIfAborted();
    const many = await callersAtOnce(desk, commands, callersCount, callersCommands);
    const transitions = sum(played, 'transitions');
    const reached: Omit<EngineReached, 'desk'> = {
      liveTickets: rate.median,
      callers64: many.rate,
      oneCaller: one.rate,
      oneCallerMedianUs: one.latency.getValueAtPercentile(50),
      bytes,
      writes,
      transitions,
    };
    const conditions =
      `${count(liveTicketsCount)} live incidents, no payload; ${rounds} rounds of ${count(events)}` +
      ` (${spread(rate)}); calls of ${count(commandsPerCall)}, ${callsInFlightMax} in flight`;
    const figures = [
      { what: '1a live tickets', value: rate.median, unit: 'transitions/s', conditions },
      {
        what: '   in the log',
        value: bytes / transitions,
        unit: 'bytes/transition',
        conditions: `${count(bytes / writes / 1024)} KiB per write + fdatasync`,
      },
      ...latencyFigures('one caller', one, `one command at a time, ${count(oneCallerCommands)} commands`),
      ...latencyFigures('64 callers', many, `one command each, ${count(callersCommands)} commands`),
    ];
    return { reached, figures, limits: limitsOf('1a', played) };
  } finally {
    await desk.close();
  }
}

async function measureDesk({ workspace, events, signal }: Bench) {
  const desk = await openDesk(workspace.newFolder('desk'));
  try {
    const commands = deskWorkload();
    const played: Played[] = [];
    for (let round = 0; round < rounds; round += 1) {
      played.push(await play(desk, take(commands, Math.ceil(events / 2)), 'outside the clock', signal));
    }
    const rate = rateOf(played);
    const { bytes, writes } = desk.disk;
    const sent = sum(played, 'commands');
    const share = (of: 'rejected' | 'repeated') => `${((100 * sum(played, of)) / sent).toFixed(1)} %`;
    const conditions =
      `simulated support desk, full payloads, ${share('rejected')} refused, ${share('repeated')} repeated;` +
      ` ${rounds} rounds of ${count(sent / rounds)} commands (${spread(rate)})`;
    const figures: Figure[] = [
      { what: '1b simulated desk', value: rate.median, unit: 'transitions/s', conditions },
      {
        what: '   in the log',
        value: bytes / sum(played, 'transitions'),
        unit: 'bytes/transition',
        conditions: `${count(bytes / writes / 1024)} KiB per write + fdatasync`,
      },
    ];
    return { rate, figures, limits: limitsOf('1b', played) };
  } finally {
    await desk.close();
  }
}

interface Callers {
  /** Transitions per second over all callers. */
  readonly rate: number;
  /** In microseconds. */
  readonly latency: Histogram;
}

/** Each caller sends one command, waits for its answer and sends the next: a closed loop. */
async function callersAtOnce(
  { engine, log }: OpenDesk,
  commands: Iterator<Command>,
  callers: number,
  total: number,
): Promise<Callers> {
  const latency = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  const made = [...take(commands, total)].values();
  globalThis.gc?.();
  const head = await log.head();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: callers }, () => callInTurn(engine, made, latency)));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  return { rate: ((await log.head()) - head) / seconds, latency };
}

async function callInTurn(engine: Engine, commands: Iterator<Command>, latency: Histogram): Promise<void> {
  for (let next = commands.next(); next.done !== true; next = commands.next()) {
    const sentAtMs = performance.now();
    await engine.submit([next.value]);
    latency.recordValue(Math.max(1, Math.round((performance.now() - sentAtMs) * 1_000)));
  }
}

function latencyFigures(what: string, { rate, latency }: Callers, conditions: string): Figure[] {
  const us = (name: string, value: number): Figure => {
    return { what: `   ${name}`, value, unit: 'µs', conditions: 'from submit to answer' };
  };
  return [
    { what, value: rate, unit: 'transitions/s', conditions },
    us('median', latency.getValueAtPercentile(50)),
    us('p99', latency.getValueAtPercentile(99)),
    us('longest', latency.maxValue),
  ];
}

function rateOf(played: readonly Played[]): Repeated {
  return repeated(played.map(({ transitions, seconds }) => transitions / seconds));
}

function limitsOf(what: string, played: readonly Played[]): string {
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
