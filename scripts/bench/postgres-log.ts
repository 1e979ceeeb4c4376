/**
 * The log in PostgreSQL, beside what the same server does by itself: batches straight into the log, batches
 * through the engine, and many callers who wait for each answer. Everything goes through the embedded server
 * with its ordinary settings, fsync and synchronous_commit on.
 */
import { openPostgresLog } from '../../adapters/log/postgres/postgres-log.ts';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { Engine } from '../../domain/engine.ts';
import type { EventLog } from '../../domain/ports.ts';
import type { Command } from '../../domain/ticket/commands.ts';
import { builtInWorkflows } from '../../domain/workflow/registry.ts';
import type { Database } from '../../projections/sql.ts';
import { postgresRounds } from '../runtime/sink.ts';
import { systemClock } from '../runtime/system.ts';
import { Emmett, emmettBulkEvents, emmettClients } from './emmett-store.ts';
import { figureOf } from './figures.ts';
import { appendRate, LogWrites, writesPerCall } from './log-writes.ts';
import { PlainTable } from './plain-table.ts';
import { type Played, play } from './playing.ts';
import { count, type Section } from './report.ts';
import type { BenchFigure } from './result.ts';
import { Turns } from './turns.ts';
import { commandsPerCall, liveTicketCommands, liveTicketsCount, openingCommands, take } from './workloads.ts';
import type { Bench } from './workspace.ts';

const callersCount = 20;
/** Of the transitions in a round of the engine on the segment log, which is some times faster. */
const batchShare = 1 / 2;
const engineShare = 1 / 4;
const callersShare = 1 / 15;

export async function postgresLogSection(bench: Bench): Promise<Section> {
  const { workspace, signal } = bench;
  const { server } = await workspace.postgres();
  const stack = new AsyncDisposableStack();
  try {
    const database = openDatabase(server.url, {
      applicationName: 'docket bench log',
      connectionsMax: callersCount,
    });
    stack.defer(() => database.close());
    await dropLog(database);
    stack.defer(() => dropLog(database));
    const log = await openPostgresLog({ database, clock: systemClock });
    stack.defer(() => log.close());
    const plain = await PlainTable.like(database, 'docket_log.event');
    stack.defer(() => plain.drop());
    const emmett = await Emmett.open(bench);
    stack.defer(() => emmett.close());
    const engine = new Engine({
      log,
      clock: systemClock,
      workflows: builtInWorkflows,
      defaultWorkflow: 'support',
      limits: postgresRounds,
    });
    await play({ log, engine }, openingCommands(), 'inside the clock', signal);
    const measured = await measure({ log, engine, plain, emmett }, bench);
    return {
      title: '6. postgres-log: the log in PostgreSQL, one process, embedded server',
      figures: figuresOf(measured, bench),
      notes: [
        'counted by how far the head of the log moved, until every append or command was answered',
        'the client and the server share the cores of the machine; the server keeps one of them busy',
        'the plain tables have the columns, keys and indexes of the log, with nothing checked: one row per' +
          ` transaction from ${callersCount} connections, or rows that the server makes itself, ${count(writesPerCall)}` +
          ' in a transaction',
        'Emmett appends one event per transaction, without deciding, or many to one stream; it has no call that' +
          ' appends to many streams',
      ],
    };
  } finally {
    await stack.disposeAsync();
  }
}

async function dropLog(database: Database): Promise<void> {
  await database.execute('DROP SCHEMA IF EXISTS docket_log CASCADE');
}

interface Contestants {
  readonly log: EventLog;
  readonly engine: Engine;
  readonly plain: PlainTable;
  readonly emmett: Emmett;
}

type Measured = Readonly<
  Record<'batched' | 'callers' | 'inserted' | 'made' | 'emmettMany' | 'emmettBulk', readonly number[]>
> & { readonly decided: readonly Played[] };

async function measure({ log, engine, plain, emmett }: Contestants, bench: Bench): Promise<Measured> {
  const { events, rounds, turnMs, signal } = bench;
  const writes = new LogWrites('RAW');
  const commands = liveTicketCommands('each');
  const turns = new Turns();
  const measured = {
    batched: turns.add(() => appendRate(log, writes, Math.ceil(events * batchShare), signal)),
    decided: turns.add(() => {
      return play(
        { log, engine },
        take(commands, Math.ceil(events * engineShare)),
        'inside the clock',
        signal,
      );
    }),
    callers: turns.add(() => {
      return callersInTurn(engine, log, [...take(commands, Math.ceil(events * callersShare))]);
    }),
    inserted: turns.add(() => plain.insertRate(callersCount, turnMs, signal)),
    made: turns.add(() => plain.makeRate(writesPerCall, turnMs, signal)),
    emmettMany: turns.add(() => emmett.appended(emmettClients, turnMs)),
    emmettBulk: turns.add(() => emmett.appendedInBulk(turnMs)),
  };
  await turns.run(rounds, signal);
  return measured;
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

function figuresOf(measured: Measured, { events, turnMs }: Bench): readonly BenchFigure[] {
  const timed = `${turnMs / 1_000} s a round`;
  const inserted = figureOf({
    id: 'postgres-log-plain-insert',
    role: 'raw',
    what: 'plain INSERT',
    unit: 'rows/s',
    rounds: measured.inserted,
    conditions: `one row per transaction, ${callersCount} connections in closed loops, ${timed}`,
  });
  const made = figureOf({
    id: 'postgres-log-server-rows',
    role: 'raw',
    what: 'rows of its own',
    unit: 'rows/s',
    rounds: measured.made,
    conditions: `INSERT … SELECT, ${count(writesPerCall)} rows per transaction, no client data, ${timed}`,
  });
  const emmettMany = figureOf({
    id: 'postgres-log-emmett-20-clients',
    role: 'peer',
    what: `Emmett, ${emmettClients} clients`,
    unit: 'events/s',
    rounds: measured.emmettMany,
    conditions: `appendToStream of one event, no expected version, ${timed}`,
  });
  const emmettBulk = figureOf({
    id: 'postgres-log-emmett-bulk',
    role: 'peer',
    what: 'Emmett, many at once',
    unit: 'events/s',
    rounds: measured.emmettBulk,
    conditions: `appendToStream of ${emmettBulkEvents} events to a new stream, 1 client, ${timed}`,
  });
  return [
    figureOf({
      id: 'postgres-log-append',
      what: '6a append, batched',
      unit: 'transitions/s',
      rounds: measured.batched,
      conditions:
        `${count(liveTicketsCount)} tickets, rounds of ${count(events * batchShare)},` +
        ` calls of ${count(writesPerCall)} writes`,
      beside: [made, emmettBulk, emmettMany],
    }),
    figureOf({
      id: 'postgres-log-engine',
      what: '6b engine, batched',
      unit: 'transitions/s',
      rounds: measured.decided.map(({ transitions, seconds }) => transitions / seconds),
      conditions: `rounds of ${count(events * engineShare)}, calls of ${count(commandsPerCall)}`,
      beside: [made, emmettBulk],
    }),
    figureOf({
      id: 'postgres-log-20-callers',
      what: `6c engine, ${callersCount} callers`,
      unit: 'transitions/s',
      rounds: measured.callers,
      conditions: `one command each, ${count(events * callersShare)} a round, closed loops`,
      beside: [inserted, emmettMany],
    }),
    inserted,
    made,
    emmettMany,
    emmettBulk,
  ];
}
