/**
 * The segment log by itself: appends without an engine that decides, beside the bare loop, bare writes of the
 * bytes that it wrote, and Emmett's append of many events at once.
 */
import { rmSync } from 'node:fs';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import { logFolder } from '../runtime/data-folder.ts';
import { systemClock } from '../runtime/system.ts';
import { BareLoop } from './bare-loop.ts';
import { countingFiles, nothingWritten } from './counting-files.ts';
import { Emmett, emmettBulkEvents } from './emmett-store.ts';
import { figureOf } from './figures.ts';
import { logged } from './live-load.ts';
import { appendRate, LogWrites, writesPerCall } from './log-writes.ts';
import { callsInFlightMax } from './playing.ts';
import { rawDiskRate } from './raw-disk.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { Turns } from './turns.ts';
import { liveTicketsCount } from './workloads.ts';
import type { Bench } from './workspace.ts';

export async function segmentLogSection(bench: Bench): Promise<Section> {
  const dataFolder = bench.workspace.newFolder('segment-log');
  const disk = nothingWritten();
  const stack = new AsyncDisposableStack();
  try {
    stack.defer(() => rmSync(dataFolder, { recursive: true }));
    const log = await openSegmentLog({
      folder: logFolder(dataFolder),
      clock: systemClock,
      files: countingFiles(disk),
    });
    stack.defer(() => log.close());
    const emmett = await Emmett.open(bench);
    stack.defer(() => emmett.close());
    const { events, rounds, turnMs, signal } = bench;
    const writes = new LogWrites('INC');
    const bareLoop = new BareLoop();
    // The first events of each ticket, which cost more: outside what is counted.
    await appendRate(log, writes, liveTicketsCount, signal);
    const written = { ...disk, kept: (await logged({ dataFolder })).bytes, events: await log.head() };
    const turns = new Turns();
    const appended = turns.add(() => appendRate(log, writes, events, signal));
    const loops = turns.add(() => bareLoop.rate(events, bench));
    const bytesPerSecond = turns.add(() => rawDiskRate(bench, writeBytes, writesPerRound));
    const peer = turns.add(() => emmett.appendedInBulk(turnMs));
    await turns.run(rounds, signal);
    const kept = (await logged({ dataFolder })).bytes - written.kept;
    const bytesPerEvent = kept / ((await log.head()) - written.events);
    const writeBytesMean = (disk.bytes - written.bytes) / (disk.writes - written.writes);
    return {
      title: '2. segment-log: appends to the log of one machine, without an engine',
      figures: figuresOf({ appended, loops, bytesPerSecond, peer, bytesPerEvent }, bench),
      notes: [
        'counted by how far the head of the log moved, until every append was answered; one event to a write, a' +
          ' command id on one in ten, a payload of 19 bytes; the log wrote' +
          ` ${count(writeBytesMean / 1_024)} KiB at a time, zeros written ahead included`,
        `Emmett's peer is its append of ${emmettBulkEvents} events to one stream in one transaction of PostgreSQL,` +
          ' its fastest way; it has no call that appends to many streams at once, as the log does here',
      ],
    };
  } finally {
    await stack.disposeAsync();
  }
}

const writeBytes = 256 * 1_024;
const writesPerRound = 200;

interface Measured {
  readonly appended: readonly number[];
  readonly loops: readonly number[];
  readonly bytesPerSecond: readonly number[];
  readonly peer: readonly number[];
  readonly bytesPerEvent: number;
}

function figuresOf(measured: Measured, { events, turnMs }: Bench): readonly BenchFigure[] {
  const { bytesPerEvent } = measured;
  const loop = figureOf({
    id: 'segment-log-bare-loop',
    role: 'raw',
    what: 'bare loop',
    unit: 'records/s',
    rounds: measured.loops,
    conditions: 'look up, encode 28 bytes, checksum, write + fdatasync, one thread',
  });
  const disk = figureOf({
    id: 'segment-log-disk',
    role: 'raw',
    what: 'disk, as events',
    unit: 'events/s',
    rounds: measured.bytesPerSecond.map((bytes) => bytes / bytesPerEvent),
    conditions:
      `write + fdatasync of ${writeBytes / 1_024} KiB, ${writesPerRound} a round, divided by the` +
      ` ${bytesPerEvent.toFixed(1)} bytes that the log keeps of an event`,
  });
  const emmett = figureOf({
    id: 'segment-log-emmett-bulk',
    role: 'peer',
    what: 'Emmett, many at once',
    unit: 'events/s',
    rounds: measured.peer,
    conditions: `appendToStream of ${emmettBulkEvents} events to a new stream, 1 client, ${turnMs / 1_000} s a round`,
  });
  return [
    figureOf({
      id: 'segment-log-append',
      what: 'append, batched',
      unit: 'events/s',
      rounds: measured.appended,
      conditions:
        `${count(liveTicketsCount)} tickets; rounds of ${count(events)}, calls of ${count(writesPerCall)} writes,` +
        ` ${callsInFlightMax} in flight`,
      beside: [loop, disk, emmett],
    }),
    loop,
    disk,
    emmett,
  ];
}
