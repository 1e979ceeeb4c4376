/**
 * Servers of our own in a temporary folder, with an embedded PostgreSQL beside them: `docket serve` as
 * anybody would start it, on free ports, without webhooks, and without timers, whose events no answer would
 * tell of. Everything is stopped in order and removed, however the run ends. It must never touch a folder
 * that was there before.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresReader } from '../../adapters/log/postgres/postgres-reader.ts';
import { openSegmentReader } from '../../adapters/log/segment/segment-reader.ts';
import { openDatabase } from '../../adapters/postgres/database.ts';
import { openEmbeddedPostgres } from '../../adapters/postgres/embedded.ts';
import type { Database } from '../../projections/sql.ts';
import { readAdminKey } from '../runtime/admin-key.ts';
import { filesIn, logFolder, tlsFolder } from '../runtime/data-folder.ts';
import { postgresSettings } from './conditions.ts';
import { type DocketServer, runDocket, startServer } from './docket-process.ts';
import { logOf } from './log-under-test.ts';
import type { Place } from './place.ts';
import { preload } from './preload.ts';
import { readModelsOf } from './read-models-under-test.ts';
import type { Scenario } from './scenario.ts';

/** The user that PostgreSQL runs as where we are root, which it refuses to be. */
const nobody = 65_534;

export interface OwnPlaceOrder {
  readonly scenario: Pick<Scenario, 'protocol' | 'server'>;
  readonly servers: number;
  readonly preloadEvents: number;
  /** Folder of prepared data folders; undefined where nothing is kept. */
  readonly preloadFrom: string | undefined;
  readonly signal: AbortSignal;
  readonly onNote: (line: string) => void;
}

/** Throws what keeps the servers from starting; nothing is left behind then. */
export async function openOwnPlace(order: OwnPlaceOrder): Promise<Place> {
  const stack = new AsyncDisposableStack();
  try {
    return await openOn(order, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function openOn(order: OwnPlaceOrder, stack: AsyncDisposableStack): Promise<Place> {
  const { scenario, servers, preloadEvents, signal, onNote } = order;
  const { log } = scenario.server;
  const folder = temporaryFolder(stack);
  const dataDirs = Array.from({ length: servers }, (_, index) => dataFolderIn(folder, index + 1));
  const [firstDir = folder] = dataDirs;
  const noteFile = join(folder, 'docket.log');
  const preloaded = await preload({
    ...order,
    log,
    events: preloadEvents,
    dataDir: firstDir,
    noteFile,
    onNote,
  });
  const postgres = await openEmbeddedPostgres({ dataFolder: firstDir });
  stack.defer(() => postgres.stop());
  const database = openDatabase(postgres.url, { applicationName: 'docket load' });
  stack.defer(() => database.close());
  const started: DocketServer[] = [];
  const settings = { databaseUrl: postgres.url, noteFile, signal };
  const options = await serveOptions(order, firstDir, settings);
  for (const dataDir of dataDirs) {
    const server = await startServer({ ...settings, dataDir, options });
    stack.defer(async () => {
      const how = await server.stop();
      if (how !== undefined) onNote(`a server did not end in order: ${how}`);
    });
    started.push(server);
  }
  const tested = await openLog(log, firstDir, database);
  stack.defer(() => tested.close());
  const key = (await readAdminKey(firstDir)) ?? '';
  const targets = started.map(({ url, certificate, metricsUrl }) => {
    return { url, key, metricsUrl, ...(certificate === undefined ? {} : { certificate }) };
  });
  return {
    targets,
    processes: { servers: started.map(({ pid }) => pid), postmaster: postgres.serverPid },
    log: tested,
    readModels: readModelsOf(database),
    conditions: {
      servers: `${servers} × docket serve --log ${log} ${scenario.server.options.join(' ')} --no-timers`,
      durable: log === 'segment' ? 'fdatasync returned on this machine' : 'committed, synchronous_commit on',
      'data folder': firstDir,
      PostgreSQL: await postgresSettings(database),
      preloaded,
      ...whatIsMissing(targets),
    },
    close: () => stack.disposeAsync(),
  };
}

async function openLog(log: Scenario['server']['log'], dataDir: string, database: Database) {
  const reader =
    log === 'segment'
      ? await openSegmentReader({ folder: logFolder(dataDir) })
      : await openPostgresReader(database);
  return logOf(reader, () => reader.close());
}

function whatIsMissing(targets: Place['targets']): Readonly<Record<string, string>> {
  if (targets.every(({ metricsUrl }) => metricsUrl !== undefined)) return {};
  return { 'not measured': 'heap, event loop, open files, database statements and lag: no exporter answers' };
}

async function serveOptions(
  { scenario }: OwnPlaceOrder,
  dataDir: string,
  settings: { readonly databaseUrl: string; readonly noteFile: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { log, options } = scenario.server;
  const plain = [
    '--port',
    '0',
    '--metrics-port',
    '0',
    '--no-webhooks',
    '--no-timers',
    '--log',
    log,
    ...options,
  ];
  if (scenario.protocol === 'http1') return plain;
  await runDocket(['cert', '--data-dir', dataDir], settings);
  const { certificateFile, keyFile } = filesIn(tlsFolder(dataDir));
  return [...plain, '--tls-cert', certificateFile, '--tls-key', keyFile];
}

function temporaryFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'docket-load-'));
  // PostgreSQL's user must be able to pass through to its own folder.
  chmodSync(folder, 0o711);
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  // The last resort, for an end that nobody waits for.
  process.once('exit', remove);
  stack.defer(() => {
    process.off('exit', remove);
    remove();
  });
  return folder;
}

function dataFolderIn(folder: string, number: number): string {
  const dataDir = join(folder, `data-${number}`);
  mkdirSync(dataDir, { mode: 0o700 });
  if (process.getuid?.() === 0) chownSync(dataDir, nobody, nobody);
  return dataDir;
}
