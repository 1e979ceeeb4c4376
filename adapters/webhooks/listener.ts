/**
 * Where webhooks come in: a server of its own, on a port of its own, that takes deliveries and does nothing
 * else. It answers what became of a delivery when that is durable, and never says more about a refusal than
 * its code.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Fault } from '../../domain/errors.ts';
import { DeliveryRefused, type Intake, type Taken } from './intake.ts';
import { retryAfterSeconds, type WebhookLimits, webhookLimits } from './limits.ts';
import { BodyBroken, BodyRoom, BodyTooLarge } from './receive.ts';

/** Codes of problems that a listener answers with. */
export type ListenerProblemCode =
  | DeliveryRefused['code']
  | 'body_too_large'
  | 'route_unknown'
  | 'request_invalid'
  | 'overloaded'
  | 'internal_error';

/** A problem document as the rest of the server writes it. */
export interface ProblemAnswer {
  readonly status: number;
  readonly mediaType: string;
  readonly text: string;
}

export interface ListenerOptions {
  readonly intake: Pick<Intake, 'take'>;
  readonly problemOf: (code: ListenerProblemCode | Fault, detail: string) => ProblemAnswer;
  /** PEM texts, where deliveries are to come over TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  readonly limits?: Partial<WebhookLimits>;
  /** Gets every fault and bug that was answered with a status of 500 or more, `overloaded` left out. */
  readonly report: (error: unknown) => void;
}

export interface WebhookListener {
  /**
   * Resolves with the base URL. Port 0 takes any free one. Rejects with Node's error where it can not
   * listen.
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes no more, and waits for deliveries under way at most `drainMsMax`. */
  close(): Promise<void>;
}

export function buildListener(options: ListenerOptions): WebhookListener {
  const limits = { ...webhookLimits, ...options.limits };
  const room = new BodyRoom(limits);
  const app = newApp(limits, options);
  let inFlight = 0;
  app.removeAllContentTypeParsers();
  // The body stays a stream for the handler: what type it claims to be is looked at only after its signature.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    if (inFlight >= limits.requestsInFlightMax) {
      return done(new Fault('overloaded', `${inFlight} deliveries are being worked on; send it again later`));
    }
    inFlight += 1;
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
    done();
  });
  app.setErrorHandler((error, _request, reply) => answerError(error, reply, options));
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, options.problemOf('route_unknown', 'deliveries go to POST /webhooks/{source}')),
  );
  app.post<{ Params: { source: string } }>('/webhooks/:source', (request, reply) =>
    takeDelivery(request, reply, request.params.source, { intake: options.intake, room }),
  );
  // Intercom asks whether there is anybody before it sends; the answer must not tell which sources there are.
  app.head('/webhooks/:source', (_request, reply) => reply.code(200).send());
  return {
    listen: ({ host, port }) => app.listen({ host, port }),
    close: async () => {
      const bound = setTimeout(() => app.server.closeAllConnections(), limits.drainMsMax);
      await app.close().finally(() => clearTimeout(bound));
    },
  };
}

function newApp(limits: WebhookLimits, { tls, problemOf }: ListenerOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.keepAliveMsMax,
    connectionTimeout: limits.requestMsMax * 2,
    http: {
      headersTimeout: Math.min(limits.headersMsMax, limits.requestMsMax),
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: limits.arrivalSweepMs,
    },
    ...(tls === undefined ? {} : { https: { cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.3' } }),
    routerOptions: {
      onMaxParamLength: (_path: string, _request: IncomingMessage, response: ServerResponse) => {
        const answer = problemOf('webhook_unknown', 'there is no such webhook source');
        response.writeHead(answer.status, { 'content-type': answer.mediaType }).end(answer.text);
      },
    },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOf('request_invalid', 'the address can not be read')),
  });
  app.server.maxConnections = limits.connectionsMax;
  return app;
}

async function takeDelivery(
  request: FastifyRequest,
  reply: FastifyReply,
  source: string,
  { intake, room }: { intake: Pick<Intake, 'take'>; room: BodyRoom },
): Promise<FastifyReply> {
  const { body, release } = await room.receive(request.raw);
  try {
    const end = request.url.indexOf('?');
    const query = end === -1 ? '' : request.url.slice(end + 1);
    const taken = await intake.take(source, { headers: plainHeaders(request), query, body });
    const kept = taken.some(({ status }) => status === 'kept');
    return reply.code(kept ? 202 : 200).send({ deliveries: taken satisfies readonly Taken[] });
  } finally {
    release();
  }
}

/** A header that came several times is no header that anybody signs. */
function plainHeaders({ headers }: FastifyRequest): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') plain[name] = value;
  }
  return plain;
}

function answerError(error: unknown, reply: FastifyReply, options: ListenerOptions): FastifyReply {
  const { problemOf, report } = options;
  if (error instanceof DeliveryRefused) return sendProblem(reply, problemOf(error.code, error.message));
  if (error instanceof BodyTooLarge) {
    reply.header('connection', 'close');
    return sendProblem(reply, problemOf('body_too_large', error.message));
  }
  if (error instanceof BodyBroken) {
    return sendProblem(reply, problemOf('webhook_unreadable', error.message));
  }
  if (error instanceof Fault) {
    if (error.code !== 'overloaded') report(error);
    // Whatever failed here, the source is to keep the delivery and send it again.
    return sendProblem(reply.header('retry-after', retryAfterSeconds), problemOf(error, error.message));
  }
  if (isClientError(error)) {
    return sendProblem(reply, problemOf('request_invalid', 'the request can not be read'));
  }
  report(error);
  return sendProblem(reply, problemOf('internal_error', 'the cause is in the server log'));
}

/** What fastify itself refuses, such as a content-length that is no number. */
function isClientError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode < 500
  );
}

function sendProblem(reply: FastifyReply, { status, mediaType, text }: ProblemAnswer): FastifyReply {
  return reply.code(status).type(mediaType).send(text);
}
