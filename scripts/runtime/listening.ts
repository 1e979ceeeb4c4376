/**
 * A built HTTP server brought to its address: told of in the data folder while it listens, with the
 * certificate that its files hold, and closed in order with everything else.
 */
import type { CertificatePair } from '../../adapters/certificates/development-certificate.ts';
import type { HttpServer } from '../../adapters/http/server.ts';
import { Fault } from '../../domain/errors.ts';
import { announceServer, retractServer } from './server-file.ts';
import { reloadOnHangup, type ServedTls } from './tls.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly tls: ServedTls | undefined;
  /** Where metrics are read, to be told beside the server's own address. */
  readonly metricsUrl?: string | undefined;
  /** Aborted when waiting for answers under way is to end. */
  readonly hurry: AbortSignal;
}

/** Resolves with the base URL. Throws `Fault('server_unreachable')` where the address can not be had. */
export async function listenAnnounced(
  server: HttpServer,
  { host, port, dataDir, tls, metricsUrl, hurry }: ListenOptions,
  stack: AsyncDisposableStack,
): Promise<string> {
  hurry.addEventListener('abort', () => server.cut());
  stack.defer(() => server.close());
  const url = await server.listen({ host, port }).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    const message = `can not listen on ${host}:${port}${reason}; choose another with --host or --port`;
    throw new Fault('server_unreachable', message, { cause: error });
  });
  const announce = (pair: CertificatePair | undefined) =>
    announceServer(dataDir, { pid: process.pid, url, certificate: pair?.certificate, metricsUrl });
  await announce(tls?.pair);
  stack.defer(() => retractServer(dataDir));
  if (tls !== undefined) {
    const end = reloadOnHangup(tls.files, async (pair) => {
      server.useCertificate(pair);
      await announce(pair);
    });
    stack.defer(end);
  }
  return url;
}
