/**
 * Events per second from the log into the read models, by a projector process of its own as in production,
 * and beside it what PostgreSQL takes when it is handed the finished rows.
 */
import type { Command } from '../../domain/ticket/commands.ts';
import { batchEventsMaxDefault } from '../../projections/projector-options.ts';
import { type DocketRun, runDocket } from './docket-process.ts';
import { openDesk, play } from './playing.ts';
import { familyCpuSeconds } from './process-cpu.ts';
import { measureRawCopy, type RawCopy } from './raw-copy.ts';
import { findRealLog, realLogMissing } from './real-log.ts';
import { count, type Figure, type Section } from './report.ts';
import { deskWorkload, liveTicketCommands, liveTicketsCount, openingCommands, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

interface Workload {
  readonly name: string;
  readonly conditions: string;
  /** Fills the log of a data folder. */
  readonly fill: (bench: Bench, dataFolder: string) => Promise<void>;
  /** A data folder whose log is full already. */
  readonly filled?: string | undefined;
}

export async function projectorSection(bench: Bench): Promise<Section> {
  const figures: Figure[] = [];
  const notes = [
    'the projector is a process of its own; its clock runs from the opened log to the last commit, making the' +
      ` tables included, process start not; up to ${count(batchEventsMaxDefault)} events per transaction`,
    'raw COPY: the same final rows, by the server from its own files, all tables in one transaction, into' +
      ' empty tables with the same indexes, with WAL; it decides nothing and updates nothing',
  ];
  if (findRealLog() === undefined) notes.push(`4a skipped: ${realLogMissing}`);
  for (const workload of workloadsOf(bench)) {
    bench.signal.throwIfAborted();
    const measured = await measure(bench, workload);
    figures.push(...measured.figures);
    notes.push(measured.limits);
  }
  return { title: '4. projector: from the log into the PostgreSQL read models', figures, notes };
}

function workloadsOf({ events, reached }: Bench): readonly Workload[] {
  const file = findRealLog();
  const commands = Math.ceil(events / 2);
  const real: Workload = {
    name: '4a real ServiceNow log',
    conditions: 'UCI #498, imported beforehand',
    filled: reached.realLog,
    fill: async ({ signal }, dataFolder) => {
      await runDocket(['import', 'uci', file ?? '', '--data-dir', dataFolder], { signal });
    },
  };
  return [
    ...(file === undefined ? [] : [real]),
    {
      name: '4b simulated desk',
      conditions: `${count(commands)} commands, full payloads`,
      fill: (bench, dataFolder) => fillLog(bench, dataFolder, [take(deskWorkload(), commands)]),
    },
    {
      name: '4c live tickets at random',
      conditions: `${count(liveTicketsCount)} tickets opened, then ${count(commands)} transitions`,
      fill: (bench, dataFolder) =>
        fillLog(bench, dataFolder, [openingCommands(), take(liveTicketCommands('random'), commands)]),
    },
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

async function measure(bench: Bench, workload: Workload) {
  const { workspace, signal } = bench;
  const { server, database } = await workspace.postgres();
  const dataFolder = workload.filled ?? workspace.newFolder('projected');
  if (workload.filled === undefined) await workload.fill(bench, dataFolder);
  await database.execute('DROP SCHEMA IF EXISTS docket CASCADE');
  await database.execute('CHECKPOINT');
  const serverBefore = familyCpuSeconds(server.serverPid);
  const run = await runDocket(['projector', '--until-caught-up', '--data-dir', dataFolder], {
    databaseUrl: server.url,
    signal,
  });
  const serverAfter = familyCpuSeconds(server.serverPid);
  const { events, seconds } = run.answer as { events: number; seconds: number };
  const raw = await measureRawCopy({ server, database });
  const rebuilt = await runDocket(['projections', 'rebuild', '--data-dir', dataFolder], {
    databaseUrl: server.url,
    signal,
  });
  const rebuildSeconds = (rebuilt.answer as { seconds: number }).seconds;
  const serverSeconds = (serverAfter ?? Number.NaN) - (serverBefore ?? Number.NaN);
  return {
    figures: [
      ...figuresOf(workload, { events, seconds }, raw),
      ...rebuildFigures({ events, seconds: rebuildSeconds }, raw, rebuilt),
    ],
    limits: limitsOf(workload, run, seconds, serverSeconds),
  };
}

function figuresOf(
  { name, conditions }: Workload,
  projected: { readonly events: number; readonly seconds: number },
  raw: RawCopy,
): Figure[] {
  const { events, seconds } = projected;
  const rate = events / seconds;
  const rawRate = events / raw.seconds;
  const took = (value: number) => `in ${value.toFixed(2)} s`;
  return [
    {
      what: name,
      value: rate,
      unit: 'events/s',
      conditions: `${count(events)} events ${took(seconds)}; ${conditions}`,
    },
    {
      what: '   raw COPY',
      value: rawRate,
      unit: 'events/s',
      conditions: `${count(raw.rows)} rows ${took(raw.seconds)}`,
    },
    {
      what: '   raw COPY rows',
      value: raw.rows / raw.seconds,
      unit: 'rows/s',
      conditions: `${(raw.rows / events).toFixed(2)} rows per event`,
    },
    { what: '   projector to raw', value: rate / rawRate, unit: 'of raw', conditions: 'same run' },
  ];
}

/** Beside the live rows, all read models at once, the switch included. */
function rebuildFigures(
  { events, seconds }: { readonly events: number; readonly seconds: number },
  raw: RawCopy,
  { peakBytes }: DocketRun,
): Figure[] {
  const rate = events / seconds;
  return [
    {
      what: '   rebuild beside the live rows',
      value: rate,
      unit: 'events/s',
      conditions: `every read model, ${count(events)} events in ${seconds.toFixed(2)} s, the switch included`,
    },
    {
      what: '   rebuild to raw',
      value: rate / (events / raw.seconds),
      unit: 'of raw',
      conditions: 'same run',
    },
    {
      what: '   rebuild, peak memory',
      value: (peakBytes ?? Number.NaN) / (1024 * 1024),
      unit: 'MiB',
      conditions: 'of the process that rebuilds (VmHWM)',
    },
  ];
}

function limitsOf({ name }: Workload, run: DocketRun, seconds: number, serverSeconds: number): string {
  if (run.cpuSeconds === undefined || Number.isNaN(serverSeconds))
    return `${name}: CPU times are not known here`;
  const cores = (value: number) => (value / seconds).toFixed(2);
  return (
    `${name}: the projector process used ${cores(run.cpuSeconds)} cores (its start included),` +
    ` PostgreSQL ${cores(serverSeconds)}`
  );
}
