/**
 * The HTTP server: routes over the engine and its log, with every limit set and every failure a problem
 * document. It owns its sockets and nothing else: the log, the engine and the database are closed by whoever
 * opened them, after `close` has returned.
 */
import fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { AnswerDeadline } from './answer-deadline.ts';
import { ArrivalDeadline } from './arrival-deadline.ts';
import { acceptBodies } from './body.ts';
import { compressAnswers } from './compression.ts';
import { Connections } from './connections.ts';
import type { HttpContext } from './context.ts';
import { answerFailure, answerParserError, problemOf, sendProblem, writeProblem } from './failures.ts';
import { inputErrors, inputErrorsText } from './input-errors.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { answerSecurely, createListener, type TlsPair, useCertificate } from './listener.ts';
import { Load } from './load.ts';
import { otherMethods } from './other-methods.ts';
import { PositionWaits } from './position-waits.ts';
import { problem, RequestRefused } from './problem.ts';
import { type Route, register } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { healthPaths } from './routes/health.ts';
import { Stopping } from './stopping.ts';

export interface HttpServerOptions
  extends Omit<HttpContext, 'limits' | 'load' | 'stopping' | 'leaving' | 'positions'> {
  readonly limits?: Partial<HttpLimits>;
  /** Serves HTTPS (TLS 1.3; HTTP/2 and HTTP/1.1) instead of plain HTTP/1.1. */
  readonly tls?: TlsPair | undefined;
  /** How long `close` leaves everything in service after /readyz has begun to say no. 0 where absent. */
  readonly unreadyMsMin?: number;
}

export interface HttpServer {
  /**
   * Resolves with the base URL. Port 0 takes any free one. Rejects with Node's error where it can not
   * listen.
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  /** From now on /readyz says no, while everything is still served: for load balancers to look away. */
  announceStop(): void;
  /**
   * Announces the stop, goes on for `unreadyMsMin`, then stops accepting, waits for answers under way at most
   * `drainMsMax`, and cuts what is left.
   */
  close(): Promise<void>;
  /** Ends the waiting of `close`, present or to come: what is not answered by then is cut. */
  cut(): void;
  /**
   * New connections get this one. Throws, and changes nothing, where it can not be used or there is no TLS.
   */
  useCertificate(pair: TlsPair): void;
  /** Requests that are being answered now. */
  readonly requestsInFlight: number;
  /** Everything that it answers, as declared. */
  readonly routes: readonly Route[];
}

export function buildServer(options: HttpServerOptions): HttpServer {
  const limits = { ...httpLimits, ...options.limits };
  const load = new Load(limits);
  const deadline = new AnswerDeadline(limits);
  const stopping = new Stopping();
  const { tls, unreadyMsMin = 0 } = options;
  const app = newApp(limits, tls);
  const connections = new Connections(app.server, limits);
  const arrival = new ArrivalDeadline(limits);
  acceptBodies(app, { limits, load, deadline: arrival });
  admit(app, load, deadline, stopping);
  if (tls !== undefined) answerSecurely(app);
  compressAnswers(app, limits);
  app.setErrorHandler(answerFailure(options.report));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, problem('route_unknown', `there is no ${request.method} ${pathOf(request.url)}`)),
  );
  const routes = declareRoutes(app, {
    ...options,
    limits,
    load,
    positions: new PositionWaits({ ...options, limits }),
    stopping: () => stopping.announced,
    leaving: stopping.leaving,
  });
  return {
    listen: async ({ host, port }) => {
      const url = await app.listen({ host, port });
      return tls === undefined ? url : url.replace(/^http:/, 'https:');
    },
    announceStop: () => stopping.announce(),
    close: async () => {
      await stopping.close({ app, connections, deadline, limits, unreadyMsMin });
      deadline.stop();
      arrival.stop();
    },
    cut: () => stopping.cut(),
    useCertificate: (pair) => useCertificate(app.server, pair),
    get requestsInFlight() {
      return load.requests;
    },
    routes,
  };
}

function newApp(limits: HttpLimits, tls: TlsPair | undefined): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    serverFactory: (handler) => createListener(limits, tls, handler),
    routerOptions: {
      maxParamLength: limits.paramCharactersMax,
      onMaxParamLength: (_path, _request, response) => {
        const detail = `a part of the address may have ${limits.paramCharactersMax} characters`;
        writeProblem(response, problem('url_too_long', detail));
      },
    },
    // Requests that arrive while the server stops are answered as usual, and their connections closed.
    return503OnClosing: false,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error)),
    clientErrorHandler: (error, socket) => answerParserError(error, socket),
  });
  // Node would answer by itself, without a problem document.
  app.server.on("checkExpectation", (_request, response) =>
    writeProblem(response, problem("expectation_failed", "leave the header expect out")),
  );
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (input) => {
    const result = schema.safeParse(input);
    if (result.success) return { value: result.data };
    const errors = inputErrors(result.error, input, httpPart ?? 'request');
    return { error: new RequestRefused(problem('request_invalid', inputErrorsText(errors), { errors })) };
  });
  return app;
}

/**
 * Health is asked under overload as well, so it is not counted; nor is what lasts, which has its own bound.
 */
function admit(app: FastifyInstance, load: Load, deadline: AnswerDeadline, stopping: Stopping): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    if (stopping.leaving.aborted && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
    if (healthPaths.includes(request.url)) return done();
    deadline.watch(reply);
    try {
      if (request.routeOptions.config.lasting !== true) load.takeRequest(request.raw, reply.raw);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error('bug: thrown without an error'));
    }
  });
}

function declareRoutes(app: FastifyInstance, context: HttpContext): readonly Route[] {
  const refuseOtherMethods = otherMethods(app);
  app.decorateRequest('caller', undefined);
  app.decorateRequest('hasOwnBounds', false);
  const routes = allRoutes(context);
  for (const declared of routes) register(app, declared, context);
  refuseOtherMethods();
  return routes;
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
