/**
 * The metrics of `docket serve`: one registry, what the parts of the server tell it, and the port where it
 * can be read. The parts are made with observers from here, and say later where their present state can be
 * read: most of them need each other to be made.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseMetrics, type PoolReadings } from '../../adapters/metrics/database.ts';
import { EngineMetrics } from '../../adapters/metrics/engine.ts';
import { buildExporter } from '../../adapters/metrics/exporter.ts';
import { HttpMetrics, type HttpReadings } from '../../adapters/metrics/http.ts';
import { LogMetrics } from '../../adapters/metrics/log.ts';
import { createRegistry, type MetricsRegistry } from '../../adapters/metrics/registry.ts';
import { watchRuntime } from '../../adapters/metrics/runtime.ts';
import { registerServer } from '../../adapters/metrics/server.ts';
import { registerWebhooks, type WebhookReadings } from '../../adapters/metrics/webhooks.ts';
import { type Engine, engineLimits } from '../../domain/engine.ts';
import { Fault } from '../../domain/errors.ts';
import type { EventLog } from '../../domain/ports.ts';
import type { Workflows } from '../../domain/workflow/registry.ts';
import type { LogKind } from '../cli/options.ts';
import { note } from '../cli/output.ts';
import { logFolder } from './data-folder.ts';
import { docketVersion } from './version.ts';

export const metricsPortDefault = 9100;

/** Where the present state of the parts is read; each is undefined until there is such a part. */
interface Parts {
  engine?: Engine;
  log?: EventLog;
  readonly pools: (() => PoolReadings)[];
  http?: () => HttpReadings;
  webhooks?: () => readonly WebhookReadings[];
}

export interface ServerMetrics {
  readonly registry: MetricsRegistry;
  /** To be handed to the parts as they are made. */
  readonly engine: EngineMetrics;
  readonly log: LogMetrics;
  readonly database: DatabaseMetrics;
  readonly http: HttpMetrics;
  /** To be filled in as the parts are there. */
  readonly parts: Parts;
  stop(): void;
}

export interface MetricsOf {
  readonly dataDir: string;
  readonly log: LogKind;
  readonly workflows: Workflows;
}

export function createMetrics({ dataDir, log: kind, workflows }: MetricsOf): ServerMetrics {
  const registry = createRegistry();
  const parts: Parts = { pools: [] };
  const engine = new EngineMetrics(workflows);
  const log = new LogMetrics();
  const database = new DatabaseMetrics();
  const http = new HttpMetrics();
  registerServer(registry, { version: docketVersion, log: kind, dataDir });
  engine.register(registry, () => engineReadings(parts.engine));
  log.register(registry, () => logReadings(parts.log, kind === 'segment' ? logFolder(dataDir) : undefined));
  http.register(registry, () => parts.http?.());
  database.register(registry, () => parts.pools.map((pool) => pool()));
  registerWebhooks(registry, () => parts.webhooks?.() ?? []);
  const stop = watchRuntime(registry, 'server');
  return { registry, engine, log, database, http, parts, stop };
}

function engineReadings(engine: Engine | undefined) {
  if (engine === undefined) return undefined;
  const { counts, queued, unanswered, tickets } = engine;
  const unansweredMax = engineLimits.unansweredCommandsMax;
  return { counts, queued, unanswered, unansweredMax, ticketsCached: tickets.size };
}

function logReadings(log: EventLog | undefined, folder: string | undefined) {
  if (log === undefined) return undefined;
  return {
    partitions: log.partitions,
    head: (partition: number) => log.head(partition),
    bytes: async () => (folder === undefined ? undefined : bytesIn(folder)),
  };
}

/** A file may go away between the look at the folder and the look at the file. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export interface MetricsListenOptions {
  readonly metrics: boolean;
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Whether somebody asked for this port, who must then be told that it can not be had. */
  readonly portAsked: boolean;
}

/**
 * Listens, unless that is switched off. The default port is often taken, by node_exporter above all: then it
 * is said, and any free one taken. Resolves with where the metrics are. Throws `Fault('server_unreachable')`
 * where the port was asked for, or the address can not be had at all.
 */
export async function listenForMetrics(
  { metrics, metricsHost: host, metricsPort: port, portAsked }: MetricsListenOptions,
  registry: MetricsRegistry,
  stack: AsyncDisposableStack,
): Promise<string | undefined> {
  if (!metrics) return undefined;
  const exporter = buildExporter(registry);
  stack.defer(() => exporter.close());
  const url = await exporter.listen({ host, port }).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === undefined ? '' : ` (${code})`;
    const message = `can not listen for metrics on ${host}:${port}${reason}`;
    if (portAsked || code !== 'EADDRINUSE') {
      const advice = 'choose another with --metrics-host or --metrics-port, or none with --no-metrics';
      throw new Fault('server_unreachable', `${message}; ${advice}`, { cause: error });
    }
    note(`docket: ${message}; any free port is taken instead (--metrics-port chooses)`);
    return exporter.listen({ host, port: 0 });
  });
  return `${url}/metrics`;
}
