/**
 * Where a command line sends its commands: into the server that runs on the data folder, else straight into
 * the log.
 */
import { httpCommandSink } from '../../adapters/http/client.ts';
import { openPostgresLog } from '../../adapters/log/postgres/postgres-log.ts';
import type { Repair } from '../../adapters/log/segment/recovery.ts';
import { openSegmentLog } from '../../adapters/log/segment/segment-log.ts';
import type { EngineObserver } from '../../domain/engine/observer.ts';
import { Engine, type EngineLimits } from '../../domain/engine.ts';
import type { CommandSink, EventLog, SyncObserver } from '../../domain/ports.ts';
import type { SlaRules } from '../../domain/sla/policies.ts';
import { defaultWorkflow, type Workflows } from '../../domain/workflow/registry.ts';
import type { Database } from '../../projections/sql.ts';
import { databaseUrl, type LogOptions } from '../cli/options.ts';
import { note } from '../cli/output.ts';
import { loadCalendars } from './calendars.ts';
import { trustIn } from './credential.ts';
import { logFolder, makeDataFolder } from './data-folder.ts';
import { openReadModels } from './read-models.ts';
import { findServer } from './server-file.ts';
import { loadSla } from './sla.ts';
import { systemClock } from './system.ts';
import { loadWorkflows } from './workflows.ts';

export interface OpenSink {
  readonly sink: CommandSink;
  /** The server's address; `undefined` where this process writes the log itself. */
  readonly server: string | undefined;
  close(): Promise<void>;
}

export async function openSink({ dataDir, log }: LogOptions): Promise<OpenSink> {
  const server = await findServer(dataDir);
  if (server !== undefined) {
    const client = httpCommandSink(server.url, await trustIn(server, dataDir));
    return { sink: client, server: server.url, close: () => client.close() };
  }
  switch (log) {
    case 'segment': {
      const { engine, close } = await openSegmentEngine(dataDir, await loadWorkflows(dataDir));
      return { sink: engine, server: undefined, close };
    }
    case 'postgres': {
      await makeDataFolder(dataDir);
      const workflows = await loadWorkflows(dataDir);
      const applicationName = 'docket writer';
      const models = await openReadModels({ dataDir, databaseUrl: databaseUrl(), applicationName });
      const { engine, close } = await openPostgresEngine(models.database, dataDir, workflows).catch(
        async (error: unknown) => {
          await models.close();
          throw error;
        },
      );
      return { sink: engine, server: undefined, close: () => close().finally(() => models.close()) };
    }
    default:
      return log;
  }
}

export interface OpenEngine {
  readonly log: EventLog;
  readonly engine: Engine;
  /** Waits for what was submitted. */
  close(): Promise<void>;
}

/** Who measures an engine and its log, if anybody. */
export interface EngineObservers {
  readonly observer?: EngineObserver;
  readonly onSync?: SyncObserver;
}

/**
 * The log of a data folder with an engine on it, which keeps what the folder's SLA policies promise. Throws
 * `Fault('log_locked')` where another process has it.
 */
export async function openSegmentEngine(
  dataDir: string,
  workflows: Workflows,
  { observer, onSync }: EngineObservers = {},
): Promise<OpenEngine> {
  await makeDataFolder(dataDir);
  const sla = await loadSla(dataDir, await loadCalendars(dataDir));
  const log = await openSegmentLog({
    folder: logFolder(dataDir),
    clock: systemClock,
    onRepair: (repair) => note(`docket: ${inWords(repair)}`),
    onSync,
  });
  return engineOn(log, { workflows, sla, observer });
}

/** The log of a database, which other processes may be writing to as well. It is to be closed afterwards. */
export async function openPostgresEngine(
  database: Database,
  dataDir: string,
  workflows: Workflows,
  { observer, onSync }: EngineObservers = {},
): Promise<OpenEngine> {
  const sla = await loadSla(dataDir, await loadCalendars(dataDir));
  return engineOn(await openPostgresLog({ database, clock: systemClock, onSync }), {
    workflows,
    sla,
    observer,
    limits: postgresRounds,
  });
}

/** Only one round is under way among several writers, and the way to the database is long: so large ones. */
export const postgresRounds = { roundCommandsMax: 2_048 };

interface EngineRules {
  readonly workflows: Workflows;
  readonly sla: SlaRules | undefined;
  readonly observer: EngineObserver | undefined;
  readonly limits?: Partial<EngineLimits>;
}

function engineOn(log: EventLog, { workflows, sla, observer, limits = {} }: EngineRules): OpenEngine {
  const engine = new Engine({
    log,
    clock: systemClock,
    workflows,
    defaultWorkflow,
    sla,
    observer,
    limits,
    hashSeed: crypto.getRandomValues(new Int32Array(1))[0] ?? 0,
  });
  const close = async () => {
    await engine.drain();
    await log.close();
  };
  return { log, engine, close };
}

function inWords(repair: Repair): string {
  switch (repair.kind) {
    case 'torn_tail': {
      const { file, offset, bytes, keptIn, reason } = repair;
      return `${file}: the last write was cut short by a crash (${reason}); ${bytes} bytes from ${offset} on, which nobody was told of, were moved to ${keptIn}`;
    }
    case 'rewritten':
      return `${repair.file}: not closed in order last time; its ${repair.bytes} bytes were written and synced anew`;
    case 'index_rebuilt':
      return `the index of ${repair.file} was missing or damaged and has been rebuilt`;
    default:
      return repair;
  }
}
