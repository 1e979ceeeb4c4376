/**
 * What it takes to open a long log in a fresh process, after a clean end and after a kill, and to read single
 * tickets from it; the same once its sealed segments are compressed. The files are in the system's page cache
 * throughout: this measures the log, not how fast the disk reads.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compressSegments, describeSegments } from '../../adapters/log/segment/segment-upkeep.ts';
import { systemClock } from '../runtime/system.ts';
import { BenchChild } from './child-process.ts';
import {
  buildLongLog,
  eventsOfReadTicket,
  eventsPerTicketMean,
  readTickets,
  segmentBytesMaxOf,
  ticketsOf,
} from './long-log.ts';
import type { Opening } from './open-child.ts';
import { count, type Figure, repeated, type Section, spread } from './report.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;
const megabyte = 1024 * 1024;

export async function openSection({ workspace, openEvents, signal }: Bench): Promise<Section> {
  const parent = workspace.newFolder('long-log');
  const [folder, killed] = [join(parent, 'log'), join(parent, 'killed')];
  try {
    await buildLongLog({ folder, killed }, openEvents, signal);
    const built = await describeSegments(folder);
    const killedOpenings: Opening[] = [];
    for (let round = 0; round < rounds; round += 1) killedOpenings.push(await openAndKill(killed, signal));
    rmSync(killed, { recursive: true });
    const cleanOpenings: Opening[] = [];
    for (let round = 0; round < rounds; round += 1) cleanOpenings.push(await openAndClose(folder, signal));
    const { segments, bytes, storedBytes } = await compressSegments({
      folder,
      now: systemClock.now(),
      keep: 0,
      signal,
    });
    const compressed = await openAndClose(folder, signal);
    const growing = built.at(-1)?.bytes ?? 0;
    const total = built.reduce((sum, each) => sum + each.bytes, 0);
    return {
      title: `8. open: a log of ${count(openEvents)} events and ${count(ticketsOf(openEvents))} tickets, in a new process`,
      figures: [
        ...openingFigures('8a open, closed cleanly', cleanOpenings),
        ...openingFigures('8b open, writer killed', killedOpenings),
        ...readingFigures('8c read one ticket', cleanOpenings.at(-1), 'as written'),
        ...readingFigures('8d read one, compressed', compressed, `${segments} segments compressed`),
        {
          what: '   smaller',
          value: segments === 0 ? 1 : bytes / storedBytes,
          unit: 'times',
          conditions: `the compressed segments: ${count(storedBytes / megabyte)} of ${count(bytes / megabyte)} MiB`,
        },
      ],
      notes: [
        `${count(total / megabyte)} MiB in ${built.length} segments of up to` +
          ` ${count(segmentBytesMaxOf(openEvents) / megabyte)} MiB, ${count(growing / megabyte)} MiB of it not sealed,` +
          ` which is what opening after a kill copies; ${eventsPerTicketMean} events per ticket on average, at random` +
          ' all over the log; real envelopes, no payload',
        'all files were in the page cache, for opening and for reading',
        'killed: first a copy of the folder while it was open, with no mark at its end; then by SIGKILL right' +
          ' after the first append was acknowledged',
        `a process that has only loaded the code holds ${mebibytes(cleanOpenings.map((each) => each.bytesBefore))} MiB`,
      ],
    };
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

async function openAndClose(folder: string, signal: AbortSignal): Promise<Opening> {
  const child = new BenchChild('open-child.ts', [folder, 'close'], signal);
  const opening = (await child.message()) as Opening;
  if (opening.repairs > 0) throw new Error('bug: a log that was closed cleanly was mended');
  child.stop();
  await child.ended();
  return opening;
}

async function openAndKill(folder: string, signal: AbortSignal): Promise<Opening> {
  const child = new BenchChild('open-child.ts', [folder, 'be killed'], signal);
  const opening = (await child.message()) as Opening;
  await child.kill();
  if (opening.repairs === 0) throw new Error('bug: the log was opened as if it had been closed cleanly');
  return opening;
}

function openingFigures(what: string, openings: readonly Opening[]): Figure[] {
  const open = repeated(openings.map(({ openMs }) => openMs));
  const append = repeated(openings.map(({ firstAppendMs }) => firstAppendMs));
  const after = openings.map(({ bytesAfter }) => bytesAfter);
  const peak = openings.map(({ bytesPeak }) => bytesPeak);
  return [
    {
      what,
      value: open.median,
      unit: 'ms',
      conditions: `openSegmentLog; median of ${rounds} processes (${spread(open)})`,
    },
    {
      what: '   first append',
      value: append.median,
      unit: 'ms',
      conditions: `from the same moment until it is acknowledged (${spread(append)})`,
    },
    {
      what: '   memory after',
      value: mebibytes(after),
      unit: 'MiB',
      conditions: 'resident, the whole process; the largest',
    },
    { what: '   peak memory', value: mebibytes(peak), unit: 'MiB', conditions: 'until the first append' },
  ];
}

function readingFigures(what: string, opening: Opening | undefined, how: string): Figure[] {
  const sorted = (opening?.readUs ?? []).toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  const conditions = `${count(readTickets)} different tickets of ${eventsOfReadTicket} events, one after the other`;
  return [
    { what, value: at(0.5), unit: 'µs', conditions: `${conditions}, ${how}; median` },
    { what: '   p99', value: at(0.99), unit: 'µs', conditions: 'of the same' },
  ];
}

function mebibytes(bytes: readonly number[]): number {
  return Math.round(Math.max(...bytes) / megabyte);
}
