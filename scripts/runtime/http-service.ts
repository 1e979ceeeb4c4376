/**
 * The HTTP server of `docket serve`, put together from everything that it answers from, and brought to its
 * address.
 * Keys must never cross a network in the open unless somebody said so.
 */
import { buildServer } from '../../adapters/http/server.ts';
import { Fault } from '../../domain/errors.ts';
import type { CommandSink } from '../../domain/ports.ts';
import { defaultWorkflow, type Workflows } from '../../domain/workflow/registry.ts';
import { projectionStatus } from '../../projections/status.ts';
import { note } from '../cli/output.ts';
import { ratesOf } from '../cli/rate-options.ts';
import type { ServeOptions } from '../cli/serve-options.ts';
import type { OpenAccess } from './access.ts';
import { cursorSecret } from './cursor-secret.ts';
import { listenAnnounced } from './listening.ts';
import type { ServerMetrics } from './metrics.ts';
import type { ProjectorProcess } from './projector-process.ts';
import type { ReadModelDatabase } from './read-models.ts';
import type { StopSignals } from './signals.ts';
import type { OpenEngine } from './sink.ts';
import { openTicketReads } from './ticket-reads.ts';
import type { ServedTls } from './tls.ts';
import { docketVersion } from './version.ts';
import type { OpenWebhooks } from './webhooks.ts';

/** What the server answers from. */
export interface Served {
  readonly engine: OpenEngine;
  /** Where commands go: the engine, watched. */
  readonly sink: CommandSink;
  readonly workflows: Workflows;
  readonly models: ReadModelDatabase;
  readonly projector: ProjectorProcess;
  readonly access: OpenAccess;
  readonly webhooks: OpenWebhooks;
  readonly signals: StopSignals;
  readonly tls: ServedTls | undefined;
  readonly metrics: ServerMetrics;
  /** Where metrics are read, if they are. */
  readonly metricsUrl: string | undefined;
}

/** Addresses that only this machine reaches. */
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Throws `Fault` where keys would cross a network in the open. */
export function requireSafeHost({ host, plainHttp, tlsCert }: ServeOptions): void {
  if (plainHttp === true || tlsCert !== undefined || loopback.test(host)) return;
  throw new Fault(
    'server_unreachable',
    `${host} can be reached from other machines, and without TLS keys cross the network in the open: ` +
      'name a certificate with --tls-cert and --tls-key, or give --plain-http to do it all the same, ' +
      'as behind a proxy that ends TLS',
  );
}

/** Resolves with the base URL; what is opened here is closed by `stack`. */
export async function serveHttp(
  options: ServeOptions,
  served: Served,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { engine: open, workflows, models, access, webhooks, signals, tls, metrics, metricsUrl } = served;
  const { host, port, dataDir } = options;
  const reads = stack.use(openTicketReads(models.url, workflows, metrics.database));
  metrics.parts.pools.push(() => reads.pool());
  const server = buildServer({
    version: docketVersion,
    tls: tls?.pair,
    unreadyMsMin: options.unreadyMs,
    limits: options.limit,
    ...ratesOf(options),
    authenticator: access.authenticator,
    access: access.access,
    accessOffice: access.office,
    sink: served.sink,
    tickets: open.engine.present,
    reader: open.log,
    workflows,
    defaultWorkflow,
    ...reads,
    cursorSecret: await cursorSecret(dataDir),
    webhooks: webhooks.office,
    readiness: readinessOf(served),
    observer: metrics.http,
    report: (error) =>
      note(`docket: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  metrics.parts.http = () => server.standing();
  return listenAnnounced(server, { host, port, dataDir, tls, metricsUrl, hurry: signals.hurry }, stack);
}

function readinessOf({ engine: { engine, log }, projector, models }: Served) {
  return {
    log: async () => (engine.failure === undefined ? undefined : 'the log has failed and takes nothing more'),
    projector: async () => projector.failure,
    'read models': async () => {
      const statuses = await projectionStatus(models.database, log);
      return statuses.length === 0 ? 'the projector has not started yet' : undefined;
    },
  };
}
