/**
 * Durable transitions per second through one stream of commands over HTTP, with the client in another
 * process; in turns with the engine alone on the same commands and with Emmett behind a bare fastify, because
 * the machine changes from one second to the next.
 */
import { readFileSync } from 'node:fs';
import { bulkLineSchema } from '../../adapters/http/outcome-json.ts';
import { buildServer } from '../../adapters/http/server.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import { type OpenAccess, openAccess } from '../runtime/access.ts';
import { adminKeyFile } from '../runtime/data-folder.ts';
import { median } from '../statistics/robust.ts';
import { BenchChild } from './child-process.ts';
import { emmettClients, messagesIn } from './emmett-store.ts';
import { figureOf } from './figures.ts';
import type { Streamed } from './http-bulk-child.ts';
import { httpParts } from './http-parts.ts';
import { type OpenDesk, openDesk, play, playCalls } from './playing.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { Turns } from './turns.ts';
import { LiveTickets, liveTicketsCount, openingCommands } from './workloads.ts';
import type { Bench } from './workspace.ts';

/** Emmett's streams are shorter, so that its turns take about as long as the others'. */
const linesForOneOfEmmett = 60;
const emmettLinesMin = 1_000;

interface Round {
  /** Transitions per second. */
  readonly streamed: number;
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
  const { server } = await bench.workspace.postgres();
  const noOp = new BenchChild('http-server-child.ts', ['no-op'], bench.signal);
  const emmett = new BenchChild('emmett-server-child.ts', [server.url], bench.signal);
  try {
    const noOpUrl = `${String(await noOp.message())}/v1/commands`;
    const emmettUrl = `${String(await emmett.message())}/v1/commands`;
    for (const each of [desk, alone]) await play(each, openingCommands(), 'inside the clock', bench.signal);
    const measured = await measure({ served, alone, noOpUrl, emmettUrl }, bench);
    return {
      title: '13. http-bulk: durable transitions, one stream of lines over HTTP, client in another process',
      figures: figuresOf(measured, bench),
      notes: [
        'counted by how far the head of the log moved; the clock, which is the client’s, runs from the first byte' +
          ' of the request to the last of the answer; its lines are made before',
        'the client reads every byte of the answer and looks at the last line only',
        `the server’s main thread was busy ${percent(measured.plain.map(({ busyShare }) => busyShare))} of the time`,
        'Emmett: each line of the stream goes through its command handler, which reads the ticket’s stream and' +
          ` appends in a transaction of PostgreSQL, ${emmettClients} at a time; it has no call for events of many` +
          ' streams. Counted in its table',
      ],
    };
  } finally {
    await noOp.kill();
    await emmett.kill();
    await access.close();
    await desk.close();
    await alone.close();
  }
}

interface Contestants {
  readonly served: Served;
  readonly alone: OpenDesk;
  readonly noOpUrl: string;
  readonly emmettUrl: string;
}

interface Measured {
  readonly plain: readonly Round[];
  readonly keyed: readonly Round[];
  readonly alone: readonly number[];
  readonly noOp: readonly number[];
  readonly emmett: readonly number[];
}

/** All streams to the server come from one sequence of commands: each goes on where the last ended. */
async function measure({ served, alone, noOpUrl, emmettUrl }: Contestants, bench: Bench): Promise<Measured> {
  const { events, rounds, signal } = bench;
  let sent = 0;
  const next = async (key: string) => {
    const round = await stream(served, { sent, key: key === '' ? '' : `${key}-${sent}` }, bench);
    sent += events;
    return round;
  };
  const tickets = new LiveTickets({ order: 'each', payload: 'none' });
  const turns = new Turns();
  const measured = {
    plain: turns.add(() => next('')),
    keyed: turns.add(() => next('bench')),
    alone: turns.add(async () => {
      const { transitions, seconds } = await playCalls(alone, tickets.calls(events), { signal });
      return transitions / seconds;
    }),
    noOp: turns.add(async () => events / (await streamed(noOpUrl, events, signal))),
    emmett: turns.add(() => streamToEmmett(emmettUrl, bench)),
  };
  await turns.run(rounds, signal);
  return measured;
}

/** Seconds that a server takes for a stream of so many lines. */
async function streamed(url: string, lines: number, signal: AbortSignal): Promise<number> {
  const child = new BenchChild('http-bulk-child.ts', [url, '', String(lines), '0', ''], signal);
  try {
    await child.message();
    const { seconds } = (await child.message()) as Streamed;
    await child.ended();
    return seconds;
  } finally {
    await child.kill();
  }
}

async function streamToEmmett(url: string, { workspace, events, signal }: Bench): Promise<number> {
  const { database } = await workspace.postgres();
  const lines = Math.max(emmettLinesMin, Math.round(events / linesForOneOfEmmett));
  const before = await messagesIn(database);
  const seconds = await streamed(url, lines, signal);
  const stored = (await messagesIn(database)) - before;
  if (stored !== lines) throw new Error(`of ${lines} commands Emmett stored ${stored}`);
  return stored / seconds;
}

async function stream(
  { desk: { engine, log }, access, adminKey }: Served,
  { sent, key }: { readonly sent: number; readonly key: string },
  { events, signal }: Bench,
): Promise<Round> {
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

function figuresOf(measured: Measured, { events }: Bench): readonly BenchFigure[] {
  const noOp = figureOf({
    id: 'http-bulk-no-op',
    role: 'raw',
    what: 'no-op stream',
    unit: 'lines/s',
    rounds: measured.noOp,
    conditions: 'a fastify that parses each line and answers one, in a process of its own',
  });
  const alone = figureOf({
    id: 'http-bulk-engine',
    role: 'detail',
    what: 'engine alone',
    unit: 'transitions/s',
    rounds: measured.alone,
    conditions: 'the same commands, called in this process',
  });
  const emmett = figureOf({
    id: 'http-bulk-emmett',
    role: 'peer',
    what: 'Emmett on fastify',
    unit: 'transitions/s',
    rounds: measured.emmett,
    conditions: `a stream of lines too, ${emmettClients} at a time through its command handler, in a process of its own`,
  });
  const stream = (id: string, what: string, rounds: readonly Round[], ids: string) => {
    const [into, out] = [
      median(rounds.map((round) => round.bytesPerLineIn)),
      median(rounds.map((round) => round.bytesPerLineOut)),
    ];
    return figureOf({
      id: `http-bulk-${id}`,
      what,
      unit: 'transitions/s',
      rounds: rounds.map(({ streamed }) => streamed),
      conditions:
        `${count(liveTicketsCount)} live incidents, no payload, ${ids}; rounds of ${count(events)};` +
        ` ${into.toFixed(0)} bytes a line in and ${out.toFixed(0)} out`,
      beside: [noOp, emmett, alone],
    });
  };
  return [
    stream('stream', '13a stream', measured.plain, 'a command id on one in ten'),
    stream('keyed-stream', '13b with a key', measured.keyed, 'Idempotency-Key, so a command id on each'),
    noOp,
    emmett,
    alone,
  ];
}

function percent(shares: readonly number[]): string {
  return `${(100 * median(shares)).toFixed(0)} %`;
}
