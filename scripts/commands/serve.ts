/**
 * `docket serve`: log, engine, HTTP and projector in one command, on the embedded PostgreSQL unless
 * DATABASE_URL names another. It stops in the order that loses nothing: first no new requests, then the
 * engine's queue, then a snapshot of its tickets and the log's last sync, then the projector, then the
 * database.
 */
import { Command } from 'commander';
import { buildServer } from '../../adapters/http/server.ts';
import { trustedPrincipal, unrestrictedAccess } from '../../domain/access/unrestricted.ts';
import { Fault } from '../../domain/errors.ts';
import { replay } from '../../domain/ticket/evolve.ts';
import { defaultWorkflow, type Workflows } from '../../domain/workflow/registry.ts';
import { throughput } from '../../projections/queries.ts';
import { projectionStatus } from '../../projections/status.ts';
import { databaseUrl, type LogOptions, wholeNumber, withLog } from '../cli/options.ts';
import { note } from '../cli/output.ts';
import { type RateOptions, ratesOf, withRates } from '../cli/rate-options.ts';
import { makeDataFolder, snapshotFolder } from '../runtime/data-folder.ts';
import { playDemo } from '../runtime/demo.ts';
import { type ProjectorProcess, startProjector } from '../runtime/projector-process.ts';
import { openReadModels, type ReadModelDatabase } from '../runtime/read-models.ts';
import { announceServer, findServer, retractServer } from '../runtime/server-file.ts';
import { stopSignal } from '../runtime/signals.ts';
import { type OpenEngine, openPostgresEngine, openSegmentEngine } from '../runtime/sink.ts';
import { keepSnapshots, snapshotTimes } from '../runtime/snapshots.ts';
import { watchRates } from '../runtime/status-line.ts';
import { systemClock } from '../runtime/system.ts';
import { TimerKeeper } from '../runtime/timers.ts';
import { docketVersion } from '../runtime/version.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

export const portDefault = 7420;
const minuteMs = 60_000;
const minutesMax = 7 * 24 * 60;

interface ServeOptions extends LogOptions, RateOptions {
  readonly host: string;
  readonly port: number;
  readonly snapshotEvents: number;
  readonly snapshotMinutes: number;
  readonly timers: boolean;
  readonly demo?: true;
}

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('run everything: log, engine, HTTP, projector and PostgreSQL')
    .option('--host <address>', 'where to listen; everybody who reaches it may do everything', '127.0.0.1')
    .option('--port <port>', 'where to listen; 0 takes any free one', wholeNumber(0, 65_535), portDefault)
    .option(
      '--snapshot-events <number>',
      'save the tickets in memory after this many events, so that a restart is warm',
      wholeNumber(1),
      snapshotTimes.afterEvents,
    )
    .option(
      '--snapshot-minutes <number>',
      'and after this time, if there was any event',
      wholeNumber(1, minutesMax),
      snapshotTimes.afterMs / minuteMs,
    )
    .option('--no-timers', 'issue nothing by itself: no expiry of holds and offers, no closing, no breaches')
    .option('--demo', 'on an empty log, play a short simulated desk');
  return withRates(withLog(command)).action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const signal = stopSignal();
  await makeDataFolder(options.dataDir);
  const stack = new AsyncDisposableStack();
  try {
    const workflows = await loadWorkflows(options.dataDir);
    // A log in files is opened first: who does not get it has no business with the database.
    const local = await openLocal(options, workflows);
    const models = await openReadModels({
      ...options,
      databaseUrl: databaseUrl(),
      applicationName: 'docket serve',
      takeOwnership: true,
    }).catch(async (error: unknown) => {
      await local?.close();
      throw error;
    });
    stack.defer(() => models.close());
    const engine = local ?? (await openPostgresEngine(models.database, options.dataDir, workflows));
    const { dataDir, log } = options;
    const projector = startProjector({
      dataDir,
      log,
      databaseUrl: models.url,
      onNote: (line) => note(`docket: ${line}`),
    });
    stack.defer(() => projector.stop());
    // Closed before the projector and the database: everything before it may still write.
    stack.defer(() => engine.close());
    await keepWarm(options, engine, workflows, stack);
    const url = await listen(options, { engine, workflows, models, projector }, stack);
    if (options.timers) keepTimers(engine, models, stack);
    await announceServer(dataDir, { pid: process.pid, url });
    stack.defer(() => retractServer(dataDir));
    await tellPlaces(options, url, models, engine);
    const watching = watchRates({
      engine: engine.engine,
      reader: engine.log,
      database: models.database,
      signal,
    });
    if (options.demo && (await engine.log.head()) === 0) await playDemo({ sink: engine.engine, signal });
    await watching;
    note('\ndocket: stopping');
  } finally {
    await stack.disposeAsync();
  }
  note('docket: stopped; everything acknowledged is on disk');
}

/** Where other servers write to the same log, tickets in memory may be behind it, and are not saved. */
async function keepWarm(
  { dataDir, snapshotEvents, snapshotMinutes }: ServeOptions,
  { engine, log }: OpenEngine,
  workflows: Workflows,
  stack: AsyncDisposableStack,
): Promise<void> {
  if (!log.soleWriter) return;
  const keeper = await keepSnapshots({
    folder: snapshotFolder(dataDir),
    engine,
    log,
    workflows,
    times: { afterEvents: snapshotEvents, afterMs: snapshotMinutes * minuteMs },
    onNote: (line) => note(`docket: ${line}`),
  });
  stack.defer(() => keeper.stop());
}

/** Stopped before the engine: a timer may still be submitting its command. */
function keepTimers(
  { engine }: OpenEngine,
  { database }: ReadModelDatabase,
  stack: AsyncDisposableStack,
): void {
  const onNote = (line: string) => note(`docket: ${line}`);
  const keeper = new TimerKeeper({ sink: engine, database, clock: systemClock, onNote });
  keeper.start();
  stack.defer(() => keeper.stop());
}

/** Undefined where the log is in the database. */
async function openLocal(
  { dataDir, log }: ServeOptions,
  workflows: Workflows,
): Promise<OpenEngine | undefined> {
  switch (log) {
    case 'segment':
      return openSegmentEngine(dataDir, workflows);
    case 'postgres': {
      const other = await findServer(dataDir);
      if (other === undefined) return undefined;
      const message = `a server (process ${other.pid}, ${other.url}) runs on ${dataDir}; name another folder with --data-dir for this one`;
      throw new Fault('log_locked', message);
    }
    default:
      return log;
  }
}

/** What the server answers from. */
interface Served {
  readonly engine: OpenEngine;
  readonly workflows: Workflows;
  readonly models: ReadModelDatabase;
  readonly projector: ProjectorProcess;
}

async function listen(
  options: ServeOptions,
  { engine: { engine, log }, workflows, models, projector }: Served,
  stack: AsyncDisposableStack,
): Promise<string> {
  const trusted = trustedPrincipal('everybody');
  const server = buildServer({
    version: docketVersion,
    authenticator: { authenticate: () => trusted },
    access: unrestrictedAccess,
    tickets: { current: async (ticketId) => replay(ticketId, await log.readTicket(ticketId)) },
    sink: engine,
    reader: log,
    workflows,
    defaultWorkflow,
    ...ratesOf(options),
    throughput: (window, question) => throughput(models.database, window, question),
    readiness: {
      log: async () =>
        engine.failure === undefined ? undefined : 'the log has failed and takes nothing more',
      projector: async () => projector.failure,
      'read models': async () => {
        const statuses = await projectionStatus(models.database, log);
        return statuses.length === 0 ? 'the projector has not started yet' : undefined;
      },
    },
    report: (error) =>
      note(`docket: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  stack.defer(async () => {
    server.announceStop();
    await server.close();
  });
  const { host, port } = options;
  return server.listen({ host, port }).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    const message = `can not listen on ${host}:${port}${reason}; choose another with --host or --port`;
    throw new Fault('server_unreachable', message, { cause: error });
  });
}

async function tellPlaces(
  { dataDir }: ServeOptions,
  url: string,
  { psqlCommand }: ReadModelDatabase,
  { log }: OpenEngine,
): Promise<void> {
  note('Docket is running. Ctrl-C stops it.\n');
  note(`  HTTP      ${url}`);
  note(`  psql      ${psqlCommand}`);
  note(`  data      ${dataDir}`);
  note(
    `  log       ${(await log.head()).toLocaleString('en')} events (acknowledged means: ${log.durability})\n`,
  );
}
