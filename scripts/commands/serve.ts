/**
 * `docket serve`: log, engine, HTTP, webhooks and projector in one command, on the embedded PostgreSQL unless
 * DATABASE_URL names another. It stops in the order that loses nothing: first no new requests, then the
 * engine's queue, then a snapshot of its tickets and the log's last sync, then the projector, then the
 * database.
 */
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { VisibleCommands } from '../../adapters/metrics/visible-commands.ts';
import { Fault } from '../../domain/errors.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { Database } from '../../projections/sql.ts';
import { databaseUrl } from '../cli/options.ts';
import { note } from '../cli/output.ts';
import { minuteMs, type ServeOptions, withServing } from '../cli/serve-options.ts';
import { type OpenAccess, openAccess } from '../runtime/access.ts';
import { adminKeyFile, makeDataFolder, snapshotFolder } from '../runtime/data-folder.ts';
import { playDemo } from '../runtime/demo.ts';
import { requireSafeHost, type Served, serveHttp } from '../runtime/http-service.ts';
import { createMetrics, listenForMetrics, type ServerMetrics } from '../runtime/metrics.ts';
import { startProjector } from '../runtime/projector-process.ts';
import { addReadModels } from '../runtime/read-model-metrics.ts';
import { openReadModels, type ReadModelDatabase } from '../runtime/read-models.ts';
import { findServer } from '../runtime/server-file.ts';
import { stopSignals } from '../runtime/signals.ts';
import {
  type EngineObservers,
  type OpenEngine,
  openPostgresEngine,
  openSegmentEngine,
} from '../runtime/sink.ts';
import { keepSnapshots } from '../runtime/snapshots.ts';
import { watchRates } from '../runtime/status-line.ts';
import { systemClock } from '../runtime/system.ts';
import { TimerKeeper } from '../runtime/timers.ts';
import { servedTls, tellUnusedCertificate } from '../runtime/tls.ts';
import { listenForWebhooks, openWebhooks } from '../runtime/webhooks.ts';
import { loadWorkflows } from '../runtime/workflows.ts';

export function serveCommand(): Command {
  const command = new Command('serve').description(
    'run everything: log, engine, HTTP, projector and PostgreSQL',
  );
  return withServing(command).action(serve);
}

async function serve(options: ServeOptions, command: Command): Promise<void> {
  requireSafeHost(options);
  const signals = stopSignals();
  const tls = await servedTls(options);
  await makeDataFolder(options.dataDir);
  const stack = new AsyncDisposableStack();
  try {
    const opened = await openAll(options, stack);
    const { engine, models } = opened;
    const metricsPortAsked = command.getOptionValueSource('metricsPort') !== 'default';
    const metricsUrl = await listenForMetrics(
      { ...options, portAsked: metricsPortAsked },
      opened.metrics.registry,
      stack,
    );
    const served = { ...opened, signals, tls, metricsUrl };
    const portAsked = command.getOptionValueSource('webhookPort') !== 'default';
    const webhooksAt = await listenForWebhooks(
      { ...options, portAsked, tls: tls?.pair },
      served.webhooks,
      stack,
    );
    const url = await serveHttp(options, served, stack);
    if (options.timers) keepTimers(engine, models, stack);
    if (tls === undefined) tellUnusedCertificate(options.dataDir);
    await tellPlaces(options, { http: url, webhooks: webhooksAt }, served);
    const watching = watchRates({
      engine: engine.engine,
      reader: engine.log,
      database: models.database,
      signal: signals.stop,
    });
    if (options.demo && (await engine.log.head()) === 0) {
      await playDemo({ sink: opened.sink, signal: signals.stop });
    }
    await watching;
    note('\ndocket: stopping');
  } finally {
    await stack.disposeAsync();
  }
  note('docket: stopped; everything acknowledged is on disk');
}

/** Everything that is opened before anybody is served, each closed by `stack` before what it stands on. */
async function openAll(
  options: ServeOptions,
  stack: AsyncDisposableStack,
): Promise<Omit<Served, 'signals' | 'tls' | 'metricsUrl'>> {
  const { dataDir, log } = options;
  const workflows = await loadWorkflows(dataDir);
  // A log in files is opened first: who does not get it has no business with the database.
  const metrics = createMetrics({ dataDir, log, workflows });
  stack.defer(() => metrics.stop());
  const local = await openLocal(options, workflows, metrics);
  const models = await openReadModels({
    ...options,
    databaseUrl: databaseUrl(),
    applicationName: 'docket serve',
    takeOwnership: true,
    observer: metrics.database,
  }).catch(async (error: unknown) => {
    await local?.close();
    throw error;
  });
  stack.defer(() => models.close());
  const engine =
    local ?? (await openPostgresEngine(models.database, dataDir, workflows, observersOf(metrics)));
  const onNote = (line: string) => note(`docket: ${line}`);
  const visible = new VisibleCommands();
  const projector = startProjector({
    dataDir,
    log,
    databaseUrl: models.url,
    onNote,
    onCommitted: (_, position) => visible.committed(position),
  });
  stack.defer(() => projector.stop());
  addReadModels(metrics.registry, { engine, models, projector, visible });
  // Closed before the projector and the database: everything before it may still write.
  stack.defer(() => engine.close());
  await keepWarm(options, engine, workflows, stack);
  const tickets = engine.engine.present;
  const database = sharedDatabase(options, models);
  const access = await openAccess({ dataDir, database, tickets, workflows });
  stack.defer(() => access.close());
  const sink = visible.watch(engine.engine);
  const webhooks = await openWebhooks(dataDir, {
    sink,
    tickets,
    reader: engine.log,
    access: access.access,
  });
  stack.defer(() => webhooks.close());
  const { parts } = metrics;
  parts.engine = engine.engine;
  parts.log = engine.log;
  parts.pools.push(() => models.database.pool());
  parts.webhooks = () => webhooks.office.sources();
  return { engine, sink, workflows, models, projector, access, webhooks, metrics };
}

/** Where servers share a log in the database, they share keys and rules there too. */
function sharedDatabase({ log }: ServeOptions, { database }: ReadModelDatabase): Database | undefined {
  return log === 'postgres' ? database : undefined;
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
  metrics: ServerMetrics,
): Promise<OpenEngine | undefined> {
  switch (log) {
    case 'segment':
      return openSegmentEngine(dataDir, workflows, observersOf(metrics));
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

function observersOf({ engine, log }: ServerMetrics): EngineObservers {
  return { observer: engine, onSync: log.synced };
}

async function tellPlaces(
  { dataDir }: ServeOptions,
  urls: { readonly http: string; readonly webhooks: string | undefined },
  { models: { psqlCommand }, engine: { log }, access, metricsUrl }: Served,
): Promise<void> {
  note('Docket is running. Ctrl-C stops it.\n');
  note(`  HTTP      ${urls.http} (its reference: ${urls.http}/reference)`);
  if (urls.webhooks !== undefined) note(`  webhooks  ${urls.webhooks}`);
  if (metricsUrl !== undefined) note(`  metrics   ${metricsUrl}`);
  note(`  psql      ${psqlCommand}`);
  note(`  data      ${dataDir}`);
  note(`  key       ${keyPlace(dataDir, access)}`);
  note(
    `  log       ${(await log.head()).toLocaleString('en')} events (acknowledged means: ${log.durability})\n`,
  );
}

function keyPlace(dataDir: string, { isNew }: OpenAccess): string {
  const path = adminKeyFile(dataDir);
  if (isNew) return `${path} (made now; \`docket key create\` makes others)`;
  return existsSync(path) ? path : 'keys were made before; this folder has no admin.key';
}
