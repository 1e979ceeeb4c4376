/**
 * The log in PostgreSQL, beside what the same server does with one INSERT per transaction: batches straight
 * into the log, batches through the engine, and many callers who wait for each answer. Everything goes
 * through the embedded server with its ordinary settings, fsync and synchronous_commit on.
 */
import { openPostgresLog } from '../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventLog, Write } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import type { NewEvent } from '../../domain/ticket/events.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { Database, Prepared } from '../../projections/sql.ts';
import { postgresRounds } from '../runtime/sink.ts';
import { systemClock } from '../runtime/system.ts';
import { callsInFlightMax, play } from './playing.ts';
import { count, type Figure, repeated, type Section, spread } from './report.ts';
import { commandsPerCall, liveTicketCommands, liveTicketsCount, openingCommands, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

const rounds = 3;
const writesPerCall = 2_000;
const callersCount = 20;
const callersCommands = 40_000;
const insertRows = 20_000;
const stride = 7_919;
const occurredAtFirst = Date.UTC(2026, 0, 5);
const actor = { id: 'svc-desk', role: 'integration' } as const;

export async function postgresLogSection(bench: Bench): Promise<Section> {
  const { server } = await bench.workspace.postgres();
  const database = openDatabase(server.url, {
    applicationName: 'docket bench log',
    connectionsMax: callersCount,
  });
  try {
    const batched = await measureBatches(database, bench);
    const engine = await measureEngine(database, bench);
    const inserts = await measureInserts(database, bench);
    const { emmett20Clients } = bench.reached;
    const ratio = (what: string, value: number): Figure => {
      return { what: `   ${what}`, value, unit: 'times', conditions: 'same run' };
    };
    return {
      title: '6. postgres-log: the log in PostgreSQL, one process, embedded server',
      figures: [
        ...batched.figures,
        ...(emmett20Clients === undefined
          ? []
          : [ratio("to Emmett's single-event append, 20 clients", batched.rate / emmett20Clients)]),
        ...engine.figures,
        inserts.figure,
        ratio(`6c, ${callersCount} callers, to it`, engine.callers / inserts.rate),
      ],
      notes: [
        'counted by how far the head of the log moved, until every append or command was answered',
        'the client and the server share the cores of the machine; the server keeps one of them busy',
        'the plain INSERT goes into a table with the columns, keys and indexes of the log, with nothing checked',
      ],
    };
  } finally {
    await dropLog(database);
    await database.close();
  }
}

async function newLog(database: Database): Promise<EventLog> {
  await dropLog(database);
  return openPostgresLog({ database, clock: systemClock });
}

async function dropLog(database: Database): Promise<void> {
  await database.execute('DROP SCHEMA IF EXISTS docket_log CASCADE');
}

/** One event each, on all tickets in turn, as a caller sends them who knows its tickets' revisions. */
function* endlessWrites(): Generator<Write> {
  const revisions = new Uint32Array(liveTicketsCount);
  for (let sent = 0; ; sent += 1) {
    const index = (sent * stride) % liveTicketsCount;
    const expectedRevision = revisions[index] ?? 0;
    revisions[index] = expectedRevision + 1;
    const event: NewEvent = {
      type: 'TicketHeld',
      data: { reason: 'vendor' },
      schemaVersion: 1,
      workflow: 'incident@1',
      state: 'hold/assigned/L0',
      occurredAt: occurredAtFirst + sent,
      actor,
    };
    const command = sent % 10 === 0 ? { commandId: `bench-${sent}`, commandDigest: '0123456789abcdef' } : {};
    const ticketId = `INC${String(index).padStart(7, '0')}`;
    yield { ticketId, expectedRevision, events: [{ ...event, ...command }] };
  }
}

async function measureBatches(database: Database, { events, signal }: Bench) {
  const log = await newLog(database);
  try {
    const writes = endlessWrites();
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      globalThis.gc?.();
      const head = await log.head();
      const startedAtMs = performance.now();
      const inFlight: Promise<unknown>[] = [];
      for (let sent = 0; sent < events; sent += writesPerCall) {
        signal.throwIfAborted();
        if (inFlight.length >= callsInFlightMax) await inFlight.shift();
        inFlight.push(log.append([...takeWrites(writes)]));
      }
      await Promise.all(inFlight);
      const seconds = (performance.now() - startedAtMs) / 1_000;
      rates.push(((await log.head()) - head) / seconds);
    }
    const rate = repeated(rates);
    const conditions =
      `${count(liveTicketsCount)} tickets, command ids on one in ten; ${rounds} rounds of ${count(events)}` +
      ` (${spread(rate)}); calls of ${count(writesPerCall)} writes, ${callsInFlightMax} in flight`;
    const figure = { what: '6a append, batched', value: rate.median, unit: 'transitions/s', conditions };
    return { rate: rate.median, figures: [figure] };
  } finally {
    await log.close();
  }
}

function* takeWrites(writes: Iterator<Write>): Generator<Write> {
  for (let taken = 0; taken < writesPerCall; taken += 1) {
    const next = writes.next();
    if (next.done !== true) yield next.value;
  }
}

async function measureEngine(database: Database, { events, signal }: Bench) {
  const log = await newLog(database);
  const engine = new Engine({
    log,
    clock: systemClock,
    workflows: builtInWorkflows,
    defaultWorkflow: 'support',
    limits: postgresRounds,
  });
  try {
    await play({ log, engine }, openingCommands(), 'inside the clock', signal);
    const commands = liveTicketCommands('each');
    const played = [];
    for (let round = 0; round < rounds; round += 1) {
      played.push(await play({ log, engine }, take(commands, events / 2), 'inside the clock', signal));
    }
    const rate = repeated(played.map(({ transitions, seconds }) => transitions / seconds));
    const callers = await callersInTurn(engine, log, [...take(commands, callersCommands)]);
    const figures: Figure[] = [
      {
        what: '6b engine, batched',
        value: rate.median,
        unit: 'transitions/s',
        conditions: `${rounds} rounds of ${count(events / 2)} (${spread(rate)}); calls of ${count(commandsPerCall)}`,
      },
      {
        what: `6c engine, ${callersCount} callers, one command each`,
        value: callers,
        unit: 'transitions/s',
        conditions: `${count(callersCommands)} commands; closed loop`,
      },
    ];
    return { callers, figures };
  } finally {
    await log.close();
  }
}

/** Each caller sends one command, waits for its answer and sends the next. */
async function callersInTurn(engine: Engine, log: EventLog, commands: readonly Command[]): Promise<number> {
  const left = commands.values();
  const head = await log.head();
  const startedAtMs = performance.now();
  const caller = async () => {
    for (const command of left) await engine.submit([command]);
  };
  await Promise.all(Array.from({ length: callersCount }, caller));
  return ((await log.head()) - head) / ((performance.now() - startedAtMs) / 1_000);
}

const insert: Prepared = {
  name: 'bench_plain_insert',
  text: `INSERT INTO plain.event VALUES ($1, 1, $2, $3, $4, 1, $5, 'TicketHeld', 'incident@1', 'hold/assigned/L0',
  'svc-desk', 'integration', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"reason":"vendor"}')`,
};

/** One row per transaction on as many connections as there are callers. */
async function measureInserts(database: Database, { signal }: Bench) {
  await database.execute('DROP SCHEMA IF EXISTS plain CASCADE; CREATE SCHEMA plain');
  await (await openPostgresLog({ database, clock: systemClock })).close();
  await database.execute('CREATE TABLE plain.event (LIKE docket_log.event INCLUDING ALL)');
  let inserted = 0;
  const caller = async () => {
    while (inserted < insertRows && !signal.aborted) {
      inserted += 1;
      const index = (inserted * stride) % liveTicketsCount;
      const revision = Math.floor(inserted / liveTicketsCount) + 1;
      const now = Date.now();
      await database.prepared(insert, [inserted, now, now, revision, `INC${String(index).padStart(7, '0')}`]);
    }
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: callersCount }, caller));
  const rate = inserted / ((performance.now() - startedAtMs) / 1_000);
  await database.execute('DROP SCHEMA plain CASCADE');
  signal.throwIfAborted();
  const conditions = `${count(insertRows)} rows; ${callersCount} connections, closed loop`;
  const what = '6d plain INSERT, one row per transaction';
  return { rate, figure: { what, value: rate, unit: 'rows/s', conditions } };
}
