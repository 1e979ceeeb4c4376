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
import { openDesk, play } from './playing.ts';
import type { Figure, Section } from './report.ts';
import { deskWorkload, take } from './workloads.ts';
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
    const common = { stores, database, signal: bench.signal };
    const one = await rateOf({ ...common, clients: 1, append: appendSingly(sample, 1) });
    const many = await rateOf({ ...common, clients: manyClients, append: appendSingly(sample, manyClients) });
    bench.reached.emmett20Clients = many;
    const bulk = await rateOf({ ...common, clients: 1, append: appendInBulk(sample) });
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
        ratio('docket, one caller, to it', engine.oneCaller, one),
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
  'events are counted in the table of the store; clients are closed loops in this one process',
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
    await play(desk, take(deskWorkload(), sampleCommands), 'outside the clock', signal);
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

/**
 * One event per append. Each client has streams of its own: Emmett refuses one of two appends to the same
 * stream at the same time, whatever version was expected.
 */
function appendSingly(sample: readonly EmmettEvent[], clients: number): Appending['append'] {
  const next: number[] = new Array(clients).fill(0);
  return async (store, client) => {
    const turn = next[client] ?? 0;
    next[client] = turn + 1;
    const picked = sample[turn % sample.length];
    if (picked === undefined) throw new Error('bug: the sample is empty');
    await store.appendToStream(`${clients}-${client}-${picked.stream}`, [picked.event]);
  };
}

function appendInBulk(sample: readonly EmmettEvent[]): Appending['append'] {
  let appends = 0;
  return async (store) => {
    const from = (appends * eventsPerBulkAppend) % (sample.length - eventsPerBulkAppend);
    appends += 1;
    const events = sample.slice(from, from + eventsPerBulkAppend).map(({ event }) => event);
    await store.appendToStream(`bulk-${appends}`, events);
  };
}

interface Appending {
  readonly stores: readonly PostgresEventStore[];
  readonly database: Database;
  readonly signal: AbortSignal;
  readonly clients: number;
  readonly append: (store: PostgresEventStore, client: number) => Promise<void>;
}

/** Events per second after a warm-up; every client appends and waits for the commit, in turn. */
async function rateOf(appending: Appending): Promise<number> {
  await appendFor(warmUpMs, appending);
  return appendFor(measureMs, appending);
}

/** Counted in Emmett's table, as Docket is counted in its log. */
async function appendFor(durationMs: number, appending: Appending): Promise<number> {
  const { stores, database, signal, clients, append } = appending;
  const before = await countMessages(database);
  const startedAtMs = performance.now();
  const client = async (number: number): Promise<void> => {
    const store = stores[Math.floor(number / clientsPerPool)];
    if (store === undefined) throw new Error('bug: more clients than connections');
    while (performance.now() - startedAtMs < durationMs && !signal.aborted) await append(store, number);
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
  const seconds = (performance.now() - startedAtMs) / 1_000;
  signal.throwIfAborted();
  return ((await countMessages(database)) - before) / seconds;
}

async function countMessages(database: Database): Promise<number> {
  const [row] = await database.query<{ messages: number }>('SELECT count(*) AS messages FROM emt_messages');
  return row?.messages ?? 0;
}
