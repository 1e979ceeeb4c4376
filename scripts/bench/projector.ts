/**
 * Events per second from the log into the read models, by a projector process of its own as in production,
 * and beside it what PostgreSQL takes when it is handed the finished rows, and Emmett's own projector.
 */
import { z } from 'zod';
import type { Command } from '../../domain/ticket/commands.ts';
import { batchEventsMaxDefault } from '../../projections/projector-options.ts';
import { type DocketRun, runDocket } from './docket-process.ts';
import { EmmettProjection, emmettEventsPerTicket } from './emmett-projection.ts';
import { figureOf } from './figures.ts';
import { openDesk, play } from './playing.ts';
import { familyCpuSeconds } from './process-cpu.ts';
import { measureRawCopy, type RawCopy } from './raw-copy.ts';
import { findRealLog, realLogMissing } from './real-log.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { deskWorkload, liveTicketCommands, liveTicketsCount, openingCommands, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

/** Of the transitions in a round of the engine; Emmett's projector is slower by far. */
const peerShare = 1 / 60;
/** The workloads that are not the main one have fewer rounds: each takes a minute. */
const roundsOfOthers = 1;

const megabyte = 1024 * 1024;

interface Workload {
  readonly id: string;
  readonly name: string;
  readonly rounds: number;
  readonly conditions: string;
  /** Fills the log of a data folder. */
  readonly fill: (bench: Bench, dataFolder: string) => Promise<void>;
  /** A data folder whose log is full already. */
  readonly filled?: string | undefined;
}

export async function projectorSection(bench: Bench): Promise<Section> {
  const figures: BenchFigure[] = [];
  const notes = [
    'the projector is a process of its own; its clock runs from the opened log to the last commit, making the' +
      ` tables included, process start not; up to ${count(batchEventsMaxDefault)} events per transaction`,
    'raw COPY: the same final rows, by the server from its own files, all tables in one transaction, into' +
      ' empty tables with the same indexes, with WAL; it decides nothing and updates nothing',
    'Emmett: its projector and Pongo keep one document per ticket, in this process, one read model where Docket' +
      ' keeps all of its own',
  ];
  if (findRealLog() === undefined) notes.push(`4a skipped: ${realLogMissing}`);
  const peerEvents = Math.ceil(bench.events * peerShare);
  const emmett = await EmmettProjection.open(bench, peerEvents);
  try {
    for (const workload of workloadsOf(bench)) {
      bench.signal.throwIfAborted();
      figures.push(...(await measure(bench, workload, emmett, notes)));
    }
  } finally {
    await emmett.close();
  }
  return { title: '4. projector: from the log into the PostgreSQL read models', figures, notes };
}

function workloadsOf({ quick, events, rounds, reached }: Bench): readonly Workload[] {
  const file = findRealLog();
  const commands = Math.ceil(events / 4);
  const real: Workload = {
    id: 'real-log',
    name: '4a real ServiceNow log',
    rounds: roundsOfOthers,
    conditions: 'UCI #498, imported beforehand',
    filled: reached.realLog,
    fill: async ({ signal }, dataFolder) => {
      await runDocket(['import', 'uci', file ?? '', '--data-dir', dataFolder], { signal });
    },
  };
  const live: Workload = {
    id: 'live-tickets',
    name: '4c live tickets at random',
    rounds: roundsOfOthers,
    conditions: `${count(liveTicketsCount)} tickets opened, then ${count(commands)} transitions`,
    fill: (bench, dataFolder) =>
      fillLog(bench, dataFolder, [openingCommands(), take(liveTicketCommands('random'), commands)]),
  };
  return [
    ...(file === undefined || quick ? [] : [real]),
    {
      id: 'desk',
      name: '4b simulated desk',
      rounds,
      conditions: `${count(commands)} commands, full payloads`,
      fill: (bench, dataFolder) => fillLog(bench, dataFolder, [take(deskWorkload(), commands)]),
    },
    ...(quick ? [] : [live]),
  ];
}

async function fillLog(
  { signal }: Bench,
  dataFolder: string,
  parts: readonly Iterable<Command>[],
): Promise<void> {
  const desk = await openDesk(dataFolder);
  try {
    for (const part of parts) await play(desk, part, 'outside the clock', signal);
  } finally {
    await desk.close();
  }
}

interface Projected {
  readonly events: number;
  readonly seconds: number;
}

interface Measured {
  readonly projected: readonly Projected[];
  readonly raw: readonly RawCopy[];
  readonly rebuilt: readonly (Projected & { readonly peakBytes: number | undefined })[];
  readonly peer: readonly number[];
}

/** In each round the projector, the raw copy of what it made, a rebuild of it and the peer, in this order. */
async function measure(
  bench: Bench,
  workload: Workload,
  emmett: EmmettProjection,
  notes: string[],
): Promise<readonly BenchFigure[]> {
  const { workspace, signal } = bench;
  const { server, database } = await workspace.postgres();
  const dataFolder = workload.filled ?? workspace.newFolder('projected');
  if (workload.filled === undefined) await workload.fill(bench, dataFolder);
  const measured = {
    projected: [] as Projected[],
    raw: [] as RawCopy[],
    rebuilt: [] as (Projected & { readonly peakBytes: number | undefined })[],
    peer: [] as number[],
  };
  const options = { databaseUrl: server.url, signal };
  for (let round = 0; round < workload.rounds; round += 1) {
    await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
    await database.execute('CHECKPOINT');
    const serverBefore = familyCpuSeconds(server.serverPid);
    const run = await runDocket(['projector', '--until-caught-up', '--data-dir', dataFolder], options);
    const serverSeconds = (familyCpuSeconds(server.serverPid) ?? Number.NaN) - (serverBefore ?? Number.NaN);
    const projected = projectedSchema.parse(run.answer);
    if (round === 0) notes.push(limitsOf(workload, run, projected.seconds, serverSeconds));
    measured.projected.push(projected);
    measured.raw.push(await measureRawCopy({ server, database }));
    const rebuild = await runDocket(['projections', 'rebuild', '--data-dir', dataFolder], options);
    const { seconds } = secondsSchema.parse(rebuild.answer);
    measured.rebuilt.push({ events: projected.events, seconds, peakBytes: rebuild.peakBytes });
    measured.peer.push(await emmett.rate());
  }
  return figuresOf(workload, measured);
}

const secondsSchema = z.object({ seconds: z.number() });
const projectedSchema = z.object({ events: z.int(), seconds: z.number() });

function figuresOf({ id, name, conditions }: Workload, measured: Measured): readonly BenchFigure[] {
  const [first] = measured.projected;
  const events = first?.events ?? 0;
  const copied = measured.raw[0]?.rows ?? 0;
  const rate = (runs: readonly Projected[]) => runs.map((run) => run.events / run.seconds);
  const raw = figureOf({
    id: `projector-${id}-raw-copy`,
    role: 'raw',
    what: `${name.slice(0, 2)} raw COPY`,
    unit: 'events/s',
    rounds: measured.raw.map(({ seconds }) => events / seconds),
    conditions: `${count(copied)} rows, ${(copied / events).toFixed(2)} per event`,
  });
  const peer = figureOf({
    id: `projector-${id}-emmett`,
    role: 'peer',
    what: `${name.slice(0, 2)} Emmett`,
    unit: 'events/s',
    rounds: measured.peer,
    conditions: `one document per ticket, ${emmettEventsPerTicket} events each, from its own store`,
  });
  const peaks = measured.rebuilt.map(({ peakBytes }) => (peakBytes ?? Number.NaN) / megabyte);
  const beside = [raw, peer];
  return [
    figureOf({
      id: `projector-${id}`,
      what: name,
      unit: 'events/s',
      rounds: rate(measured.projected),
      conditions: `${count(events)} events; ${conditions}`,
      beside,
    }),
    figureOf({
      id: `projector-${id}-rebuild`,
      what: `${name.slice(0, 2)} rebuild`,
      unit: 'events/s',
      rounds: rate(measured.rebuilt),
      conditions: 'beside the live rows, every read model, the switch included',
      beside,
    }),
    figureOf({
      id: `projector-${id}-rebuild-memory`,
      what: `${name.slice(0, 2)} rebuild, peak memory`,
      unit: 'MiB',
      rounds: peaks,
      conditions: 'of the process that rebuilds (VmHWM)',
    }),
    raw,
    peer,
  ];
}

function limitsOf({ name }: Workload, run: DocketRun, seconds: number, serverSeconds: number): string {
  if (run.cpuSeconds === undefined || Number.isNaN(serverSeconds)) {
    return `${name}: CPU times are not known here`;
  }
  const cores = (value: number) => (value / seconds).toFixed(2);
  return (
    `${name}: the projector process used ${cores(run.cpuSeconds)} cores (its start included),` +
    ` PostgreSQL ${cores(serverSeconds)}`
  );
}
