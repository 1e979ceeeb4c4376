/**
 * The server of Node that fastify answers for: plain HTTP/1.1, or, with a certificate, HTTP/2 and HTTP/1.1
 * over TLS 1.3, as the client chooses. Every bound that Node offers is set here.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createSecureServer, Http2ServerRequest, type SecureServerOptions } from 'node:http2';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { HttpLimits } from './limits.ts';

/** A server's certificate and key, as PEM. */
export interface TlsPair {
  /** The server's own certificate first, then those that lead to its authority. */
  readonly certificate: string;
  readonly key: string;
}

/** One year, for browsers to remember that there is no plain HTTP here (RFC 6797). */
const strictTransport = 'max-age=31536000';
/** The only version: what it offers no longer needs a choice of ciphers. */
const tlsVersion = 'TLSv1.3';

export function createListener(
  limits: HttpLimits,
  tls: TlsPair | undefined,
  handler: RequestListener,
): Server {
  const server = tls === undefined ? plain(limits, handler) : secure(limits, tls, handler);
  server.maxConnections = limits.connectionsMax;
  server.setTimeout(limits.silenceMsMax);
  return server;
}

/**
 * From now on new connections get this certificate. Throws, and changes nothing, where it can not be used.
 */
export function useCertificate(server: Server, { certificate, key }: TlsPair): void {
  const context = { cert: certificate, key, minVersion: tlsVersion } as const;
  createSecureContext(context);
  if (!('setSecureContext' in server) || typeof server.setSecureContext !== 'function') {
    throw new Error('bug: a certificate for a server without TLS');
  }
  server.setSecureContext(context);
}

/** What answers over TLS need beside the others. */
export function answerSecurely(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!isOwnMachine(request.hostname)) reply.header('strict-transport-security', strictTransport);
    const raw: unknown = request.raw;
    if (raw instanceof Http2ServerRequest) endWithAnswer(raw);
    done();
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    // Fastify means to end the connection of a body that was refused; HTTP/2 has no such header.
    if (request.raw.httpVersionMajor !== 1) reply.removeHeader('connection');
    done();
  });
}

/**
 * The rest of a request that was answered before its end is of no use; HTTP/1.1 closes its connection then.
 * The stream says when the answer is out: Node's response does so only after the request has ended too.
 */
function endWithAnswer({ stream }: Http2ServerRequest): void {
  if (stream.endAfterHeaders) return;
  stream.once('finish', () => {
    if (stream.readableEnded || stream.destroyed) return;
    stream.close();
    // What arrived and nobody reads would keep it open.
    stream.destroy();
  });
}

/** A development certificate must not lock plain HTTP out of everything else that runs on this machine. */
function isOwnMachine(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function plain(limits: HttpLimits, handler: RequestListener): Server {
  return createServer(http1Options(limits), handler);
}

function secure(limits: HttpLimits, { certificate, key }: TlsPair, handler: RequestListener): Server {
  const http1 = http1Options(limits);
  const options: SecureServerOptions = {
    ...http1,
    allowHTTP1: true,
    http1Options: { keepAliveTimeout: limits.keepAliveMsMax },
    cert: certificate,
    key,
    minVersion: tlsVersion,
    handshakeTimeout: limits.handshakeMsMax,
    settings: {
      maxConcurrentStreams: limits.http2StreamsMax,
      maxHeaderListSize: limits.headerBytesMax,
      initialWindowSize: limits.http2WindowBytes,
    },
    maxSessionMemory: limits.http2SessionMiBMax,
    maxHeaderListPairs: limits.http2HeadersMax,
    maxSettings: limits.http2SettingsMax,
    streamResetBurst: limits.http2ResetsBurst,
    streamResetRate: limits.http2ResetsPerSecond,
    maxSessionInvalidFrames: limits.http2InvalidFramesMax,
    maxSessionRejectedStreams: limits.http2RejectedStreamsMax,
    unknownProtocolTimeout: limits.headersMsMax,
  };
  // Fastify's types know one kind of server per instance; what it calls, this one has as well.
  return createSecureServer(options, handler as never) as unknown as Server;
}

function http1Options(limits: HttpLimits) {
  // The last resort, for all kinds of requests: each has a bound of its own, and time to say that it is over.
  const requestTimeout = Math.max(limits.requestMsMax, limits.bulkStreamMsMax) + limits.silenceMsMax;
  return {
    // Node takes no longer time for a part than for the whole.
    headersTimeout: Math.min(limits.headersMsMax, requestTimeout),
    requestTimeout,
    keepAliveTimeout: limits.keepAliveMsMax,
    maxHeaderSize: limits.headerBytesMax,
    connectionsCheckingInterval: limits.arrivalSweepMs,
  };
}
