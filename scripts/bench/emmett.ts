/**
 * Emmett's PostgreSQL event store on the same machine and server, for comparison. It does something else than
 * the segment log: every append is a PostgreSQL transaction of its own, open to any number of writers, while
 * the segment log belongs to one process and shares one fdatasync among all who wait. Its figures answer
 * "what would it cost to keep the events in PostgreSQL this way", not which of the two is better made.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { getPostgreSQLEventStore, type PostgresEventStore } from '@event-driven-io/emmett-postgresql';
import type { RecordedEvent } from '../../domain/ticket/events.ts';
import type { Database } from '../../projections/sql.ts';
import type { Figure, Section } from './report.ts';
import { deskWorkload, openDesk, play, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

const sampleCommands = 20_000;
const measureMs = 4_000;
const warmUpMs = 500;
const manyClients = 20;
const eventsPerBulkAppend = 500;
/** pg's pools have ten connections unless told otherwise, and Emmett does not pass the number on. */
const clientsPerPool = 10;
const applicationName = 'emmett bench';
const closeMsMax = 5_000;
const closePollMs = 10;

interface EmmettEvent {
  readonly stream: string;
  readonly event: { type: string; data: Record<string, unknown>; metadata: Record<string, unknown> };
}

export async function emmettSection(bench: Bench): Promise<Section> {
  const { engine } = bench.reached;
  if (engine === undefined) throw new Error('bug: Emmett is compared with the engine, which did not run');
  const sample = await sampleEvents(bench);
  const { server, database } = await bench.workspace.postgres();
  const stores = [0, 1].map((pool) => openStore(server.url, pool));
  try {
    await stores[0]?.schema.migrate();
    const one = await singleAppends(bench, stores, sample, 1);
    const many = await singleAppends(bench, stores, sample, manyClients);
    const bulk = await bulkAppends(bench, stores, sample);
    const timed = `${measureMs / 1_000} s, simulated desk events, one stream per ticket`;
    const ratio = (what: string, ours: number, theirs: number): Figure => ({
      what: `   ${what}`,
      value: ours / theirs,
      unit: 'times',
      conditions: 'same run',
    });
    return {
      title: '5. emmett: appendToStream of @event-driven-io/emmett-postgresql, same PostgreSQL and machine',
      figures: [
        { what: '5a 1 event, 1 client', value: one, unit: 'events/s', conditions: timed },
        ratio('docket, one caller, to it', 1e6 / engine.oneCallerMedianUs, one),
        {
          what: `5b 1 event, ${manyClients} clients`,
          value: many,
          unit: 'events/s',
          conditions: `${timed}; ${manyClients} connections`,
        },
        ratio('docket, 64 callers, to it', engine.callers64, many),
        ratio('docket 1a to it', engine.liveTickets, many),
        ratio('docket 1b to it', engine.desk, many),
        {
          what: `5c ${eventsPerBulkAppend} events, 1 client`,
          value: bulk,
          unit: 'events/s',
          conditions: `${measureMs / 1_000} s; each append to a new stream`,
        },
        ratio('docket 1a to it', engine.liveTickets, bulk),
        ratio('docket 1b to it', engine.desk, bulk),
      ],
      notes,
    };
  } finally {
    await closeStores(stores, database);
  }
}

const notes = [
  'not the same service: Emmett commits one PostgreSQL transaction per append (several processes may write);' +
    ' Docket appends to a local file owned by one process, and one fdatasync serves all commands that wait',
  'Emmett here only stores: no decision, no expected version, no projections; Docket decides every command',
  'both acknowledge only what is flushed to the same disk (PostgreSQL: synchronous_commit and fsync on)',
];

function openStore(url: string, pool: number): PostgresEventStore {
  const own = new URL(url);
  // Emmett shares one pool among stores with the same URL.
  own.searchParams.set('application_name', `${applicationName} ${pool}`);
  return getPostgreSQLEventStore(own.href, { schema: { autoMigration: 'None' } });
}

/**
 * Emmett's close resolves while connections are still on their way out; one that the stopping server ends
 * would be an error that nobody hears.
 */
async function closeStores(stores: readonly PostgresEventStore[], database: Database): Promise<void> {
  for (const store of stores) await store.close();
  for (
    const deadline = performance.now() + closeMsMax;
    performance.now() < deadline;
    await pause(closePollMs)
  ) {
    const left = await database.query('SELECT FROM pg_stat_activity WHERE application_name LIKE $1', [
      `${applicationName} %`,
    ]);
    if (left.length === 0) return;
  }
}

/** What the simulated desk leaves in a log, in Emmett's shape. */
async function sampleEvents({ workspace, signal }: Bench): Promise<readonly EmmettEvent[]> {
  const desk = await openDesk(workspace.newFolder('sample'));
  const sample: EmmettEvent[] = [];
  try {
    await play(desk, take(deskWorkload(), sampleCommands), signal);
    for await (const batch of desk.log.read(1)) sample.push(...batch.map(emmettEvent));
    return sample;
  } finally {
    await desk.close();
  }
}

function emmettEvent({
  type,
  data,
  ticketId,
  position: _,
  partition: __,
  revision: ___,
  ...metadata
}: RecordedEvent): EmmettEvent {
  return { stream: `ticket-${ticketId}`, event: { type, data: { ...data }, metadata } };
}

/** Events per second; each client appends one event and waits for the commit. */
async function singleAppends(
  { signal }: Bench,
  stores: readonly PostgresEventStore[],
  sample: readonly EmmettEvent[],
  clients: number,
): Promise<number> {
  let next = 0;
  const appendOne = async (store: PostgresEventStore): Promise<number> => {
    const picked = sample[next++ % sample.length];
    if (picked === undefined) throw new Error('bug: the sample is empty');
    await store.appendToStream(picked.stream, [picked.event]);
    return 1;
  };
  await appendFor(warmUpMs, clients, stores, appendOne, signal);
  return appendFor(measureMs, clients, stores, appendOne, signal);
}

async function bulkAppends(
  { signal }: Bench,
  stores: readonly PostgresEventStore[],
  sample: readonly EmmettEvent[],
): Promise<number> {
  let appends = 0;
  const appendMany = async (store: PostgresEventStore): Promise<number> => {
    const from = (appends * eventsPerBulkAppend) % (sample.length - eventsPerBulkAppend);
    appends += 1;
    const events = sample.slice(from, from + eventsPerBulkAppend).map(({ event }) => event);
    await store.appendToStream(`bulk-${appends}`, events);
    return events.length;
  };
  await appendFor(warmUpMs, 1, stores, appendMany, signal);
  return appendFor(measureMs, 1, stores, appendMany, signal);
}

/** Events per second of so many clients that append in turn until the time is over. */
async function appendFor(
  durationMs: number,
  clients: number,
  stores: readonly PostgresEventStore[],
  append: (store: PostgresEventStore) => Promise<number>,
  signal: AbortSignal,
): Promise<number> {
  let events = 0;
  const startedAtMs = performance.now();
  const client = async (number: number): Promise<void> => {
    const store = stores[Math.floor(number / clientsPerPool)];
    if (store === undefined) throw new Error('bug: more clients than connections');
    while (performance.now() - startedAtMs < durationMs && !signal.aborted) events += await append(store);
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  signal.throwIfAborted();
  return (events * 1_000) / (performance.now() - startedAtMs);
}
