/**
 * Answers Prometheus on a port of its own, so that who may scrape and who may call Docket are different
 * questions, and a server that is full still says so. It asks for no credentials and tells nothing of any
 * ticket; nothing else must ever be served here.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Exposition, expose } from './exposition.ts';
import type { MetricsRegistry } from './registry.ts';
import type { MetricsSnapshot } from './snapshot.ts';

export const exporterLimits = {
  /** Open at once; further ones are not accepted. */
  connectionsMax: 32,
  headersMsMax: 5_000,
  requestMsMax: 10_000,
  /** Longer than the usual time between two scrapes, so that the connection is kept. */
  keepAliveMsMax: 65_000,
  headerBytesMax: 8 * 1024,
};

export interface Exporter {
  /** Resolves with the base URL. Port 0 takes any free one. Rejects with Node's error. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  close(): Promise<void>;
}

export function buildExporter(registry: MetricsRegistry): Exporter {
  const reading = new Reading(registry);
  const server = createServer(
    {
      headersTimeout: exporterLimits.headersMsMax,
      requestTimeout: exporterLimits.requestMsMax,
      keepAliveTimeout: exporterLimits.keepAliveMsMax,
      maxHeaderSize: exporterLimits.headerBytesMax,
    },
    (request, response) => void answer(request, response, reading),
  );
  server.maxConnections = exporterLimits.connectionsMax;
  return {
    listen: ({ host, port }) => listen(server, host, port),
    close: () =>
      new Promise((resolve) => {
        // Who is not listening has nothing to close.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Readers that ask at the same time get the same figures: they are read once. */
class Reading {
  readonly #registry: MetricsRegistry;
  #underWay: Promise<MetricsSnapshot> | undefined;

  constructor(registry: MetricsRegistry) {
    this.#registry = registry;
  }

  async expose(accept: string | undefined): Promise<Exposition> {
    this.#underWay ??= this.#registry.snapshot().finally(() => {
      this.#underWay = undefined;
    });
    return expose(await this.#underWay, accept);
  }
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const taken = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${taken}`);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, reading: Reading): Promise<void> {
  request.resume();
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== '/metrics') return refuse(response, 404, 'metrics are at /metrics, and nothing else is here');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405, '/metrics takes GET and HEAD');
  }
  try {
    const { mediaType, text } = await reading.expose(request.headers.accept);
    send(response, 200, mediaType, text);
  } catch {
    refuse(response, 500, 'the metrics could not be written');
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  send(response, status, 'text/plain; charset=utf-8', `${message}\n`);
}

function send(response: ServerResponse, status: number, mediaType: string, text: string): void {
  response.writeHead(status, {
    'content-type': mediaType,
    'content-length': Buffer.byteLength(text),
    vary: 'accept',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(text);
}
