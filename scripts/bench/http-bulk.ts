/**
 * Durable transitions per second through one stream of commands over HTTP, with the client in another
 * process; in turns with the engine alone on the same commands, because the machine changes from one second
 * to the next.
 */
import { readFileSync } from 'node:fs';
import { bulkLineSchema } from '../../adapters/http/outcome-json.ts';
import { buildServer } from '../../adapters/http/server.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { type OpenAccess, openAccess } from '../runtime/access.ts';
import { adminKeyFile } from '../runtime/data-folder.ts';
import { BenchChild } from './child-process.ts';
import type { Streamed } from './http-bulk-child.ts';
import { httpParts } from './http-parts.ts';
import { type OpenDesk, openDesk, play, playCalls } from './playing.ts';
import { count, type Figure, type Repeated, repeated, type Section, spread } from './report.ts';
import { LiveTickets, liveTicketsCount, openingCommands } from './workloads.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;
const megabyte = 1024 * 1024;

interface Round {
  /** Transitions per second. */
  readonly streamed: number;
  readonly alone: number;
  readonly bytesPerLineIn: number;
  readonly bytesPerLineOut: number;
  /** Of the server's main thread. */
  readonly busyShare: number;
}

/** What is streamed to: an engine behind the keys and rules of a new data folder. */
interface Served {
  readonly desk: OpenDesk;
  readonly access: OpenAccess;
  readonly adminKey: string;
}

export async function httpBulkSection(bench: Bench): Promise<Section> {
  const desk = await openDesk(bench.workspace.newFolder('http-bulk'));
  const dataDir = bench.workspace.newFolder('http-bulk-access');
  const rules = { database: undefined, tickets: desk.engine.present, workflows: builtInWorkflows };
  const access = await openAccess({ dataDir, ...rules });
  const served = { desk, access, adminKey: readFileSync(adminKeyFile(dataDir), 'utf8').trim() };
  const alone = await openDesk(bench.workspace.newFolder('http-bulk-alone'));
  try {
    for (const each of [desk, alone]) await play(each, openingCommands(), 'inside the clock', bench.signal);
    const without = await measure(served, alone, '', 0, bench);
    const keyed = await measure(served, alone, 'bench', rounds * bench.events, bench);
    return {
      title: '13. http-bulk: durable transitions, one stream of lines over HTTP, client in another process',
      figures: [
        ...figuresOf('13 stream', without, bench.events, 'a command id on one in ten'),
        ...figuresOf('13b with a key', keyed, bench.events, 'Idempotency-Key, so a command id on each'),
      ],
      notes: [
        'counted by how far the head of the log moved; the clock, which is the client’s, runs from the first byte' +
          ' of the request to the last of the answer; its lines are made before',
        'the client reads every byte of the answer and looks at the last line only',
        `the server’s main thread was busy ${percent(without.map(({ busyShare }) => busyShare))} of the time`,
      ],
    };
  } finally {
    await access.close();
    await desk.close();
    await alone.close();
  }
}

async function measure(
  served: Served,
  alone: OpenDesk,
  key: string,
  skipped: number,
  bench: Bench,
): Promise<readonly Round[]> {
  const measured: Round[] = [];
  const tickets = new LiveTickets({ order: 'each', payload: 'none' });
  for (const _ of tickets.calls(skipped));
  for (let round = 0; round < rounds; round += 1) {
    bench.signal.throwIfAborted();
    const sent = skipped + round * bench.events;
    const streamed = await stream(served, { sent, key: key === '' ? '' : `${key}-${round}` }, bench);
    const { transitions, seconds } = await playCalls(alone, tickets.calls(bench.events), bench);
    measured.push({ ...streamed, alone: transitions / seconds });
  }
  return measured;
}

async function stream(
  { desk: { engine, log }, access, adminKey }: Served,
  { sent, key }: { readonly sent: number; readonly key: string },
  { events, signal }: Bench,
): Promise<Omit<Round, 'alone'>> {
  const server = buildServer({
    ...httpParts(engine, log),
    authenticator: access.authenticator,
    access: access.access,
    accessOffice: access.office,
  });
  const url = `${await server.listen({ host: '127.0.0.1', port: 0 })}/v1/commands`;
  const child = new BenchChild(
    'http-bulk-child.ts',
    [url, adminKey, String(events), String(sent), key],
    signal,
  );
  try {
    await child.message();
    globalThis.gc?.();
    const head = await log.head();
    const loop = performance.eventLoopUtilization();
    const streamed = (await child.message()) as Streamed;
    const busy = performance.eventLoopUtilization(loop).utilization;
    await child.ended();
    const transitions = (await log.head()) - head;
    const end = bulkLineSchema.parse(JSON.parse(streamed.end));
    if (!('done' in end) || end.done.accepted !== events || transitions !== events) {
      throw new Error(`bug: of ${events} commands not all were accepted: ${streamed.end}`);
    }
    return {
      streamed: transitions / streamed.seconds,
      bytesPerLineIn: streamed.bytesSent / events,
      bytesPerLineOut: streamed.bytesReceived / events,
      busyShare: busy,
    };
  } finally {
    await child.kill();
    await server.close();
  }
}

function figuresOf(what: string, measured: readonly Round[], events: number, ids: string): Figure[] {
  const rate = of(measured, ({ streamed }) => streamed);
  const alone = of(measured, (round) => round.alone);
  const share = of(measured, (round) => round.streamed / round.alone);
  const bytesIn = of(measured, ({ bytesPerLineIn }) => bytesPerLineIn).median;
  const bytesOut = of(measured, ({ bytesPerLineOut }) => bytesPerLineOut).median;
  return [
    {
      what,
      value: rate.median,
      unit: 'transitions/s',
      conditions:
        `${count(liveTicketsCount)} live incidents, no payload, ${ids}; ${rounds} rounds of ${count(events)}` +
        ` (${spread(rate)}); ${bytesIn.toFixed(0)} bytes a line in and ${bytesOut.toFixed(0)} out,` +
        ` ${((rate.median * (bytesIn + bytesOut)) / megabyte).toFixed(0)} MiB/s together`,
    },
    {
      what: '   engine alone',
      value: alone.median,
      unit: 'transitions/s',
      conditions: `as 1a, a command id on one in ten, in turns with the stream (${spread(alone)})`,
    },
    {
      what: '   stream to it',
      value: share.median,
      unit: 'times',
      conditions: `each round divided by the one after (${share.lowest.toFixed(2)} to ${share.highest.toFixed(2)})`,
    },
  ];
}

function of(measured: readonly Round[], what: (round: Round) => number): Repeated {
  return repeated(measured.map(what));
}

function percent(shares: readonly number[]): string {
  return `${(100 * repeated(shares).median).toFixed(0)} %`;
}
