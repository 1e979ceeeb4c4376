/**
 * The HTTP server: routes over the engine and its log, with every limit set and every failure a problem
 * document. It owns its sockets and nothing else: the log, the engine and the database are closed by whoever
 * opened them, after `close` has returned.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { Admission, type CountedLane, type LaneStanding } from './admission/admission.ts';
import { RateLimits } from './admission/rate-limits.ts';
import type { Rates } from './admission/rates.ts';
import { AnswerDeadline } from './answer-deadline.ts';
import { ArrivalDeadline } from './arrival-deadline.ts';
import { acceptBodies } from './body.ts';
import { compressAnswers } from './compression.ts';
import { Connections } from './connections.ts';
import type { HttpContext } from './context.ts';
import {
  answerFailure,
  answerParserError,
  guardedHeaders,
  problemOf,
  sendProblem,
  writeProblem,
} from './failures.ts';
import { inputErrors, inputErrorsText } from './input-errors.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { answerSecurely, createListener, type TlsPair, useCertificate } from './listener.ts';
import { Load } from './load.ts';
import { otherMethods } from './other-methods.ts';
import { PositionWaits } from './position-waits.ts';
import { type Problem, problem, RequestRefused } from './problem.ts';
import { register } from './register.ts';
import { type HttpObserver, RequestWatch } from './request-watch.ts';
import type { Route } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { healthPaths } from './routes/health.ts';
import { Stopping } from './stopping.ts';

export interface HttpServerOptions
  extends Omit<HttpContext, 'limits' | 'load' | 'rates' | 'stopping' | 'leaving' | 'positions'> {
  readonly limits?: Partial<HttpLimits>;
  /** Serves HTTPS (TLS 1.3; HTTP/2 and HTTP/1.1) instead of plain HTTP/1.1. */
  readonly tls?: TlsPair | undefined;
  /** How long `close` leaves everything in service after /readyz has begun to say no. 0 where absent. */
  readonly unreadyMsMin?: number;
  readonly rates?: Partial<Rates>;
  /** How many proxies stand before the server, whose `x-forwarded-for` is believed; none where absent. */
  readonly proxies?: number;
  /** Told how every request ends; nobody where absent. */
  readonly observer?: HttpObserver | undefined;
}

/** What is open and waits at present. */
export interface HttpStanding {
  /** Without health and streams. */
  readonly requests: number;
  readonly streams: number;
  readonly connections: { readonly http1: number; readonly http2: number };
  readonly lanes: Readonly<Record<CountedLane, LaneStanding>>;
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
  /** For operators. */
  standing(): HttpStanding;
  /** Everything that it answers, as declared. */
  readonly routes: readonly Route[];
}

export function buildServer(options: HttpServerOptions): HttpServer {
  const limits = { ...httpLimits, ...options.limits };
  const proxies = options.proxies ?? 0;
  const load = new Load(limits);
  const proxied = proxies > 0;
  const { observer } = options;
  const admission = new Admission(limits, load, {
    proxied,
    onRefused: (lane) => observer?.refused(lane, 'overload'),
  });
  const rates = new RateLimits({
    rates: options.rates ?? {},
    bucketsMax: limits.bucketsMax,
    proxied,
    onRefused: (lane, reason) => observer?.refused(lane, reason),
  });
  const deadline = new AnswerDeadline(limits);
  const stopping = new Stopping();
  const { tls, unreadyMsMin = 0 } = options;
  const watch = observer === undefined ? undefined : new RequestWatch(observer);
  const app = newApp({ limits, tls, proxies, watch });
  const connections = new Connections(app.server, limits);
  watch?.listen(app.server);
  const arrival = new ArrivalDeadline(limits);
  acceptBodies(app, { limits, load, deadline: arrival });
  admit(app, { rates, admission, deadline, stopping, watch });
  if (tls !== undefined) answerSecurely(app);
  compressAnswers(app, limits);
  app.setErrorHandler(answerFailure(options.report));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, problem('route_unknown', `there is no ${request.method} ${pathOf(request.url)}`)),
  );
  const context = {
    ...options,
    limits,
    load,
    rates,
    positions: new PositionWaits({ ...options, limits }),
    stopping: () => stopping.announced,
    leaving: stopping.leaving,
  };
  const routes = declareRoutes(app, context, admission);
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
      admission.stop();
    },
    cut: () => stopping.cut(),
    useCertificate: (pair) => useCertificate(app.server, pair),
    get requestsInFlight() {
      return load.requests;
    },
    standing: () => ({
      requests: load.requests,
      streams: load.streams,
      connections: connections.open,
      lanes: admission.standing,
    }),
    routes,
  };
}

interface AppOptions {
  readonly limits: HttpLimits;
  readonly tls: TlsPair | undefined;
  readonly proxies: number;
  readonly watch: RequestWatch | undefined;
}

function newApp({ limits, tls, proxies, watch }: AppOptions): FastifyInstance {
  const refuseEarly = (request: IncomingMessage, response: ServerResponse, found: Problem) => {
    watch?.refusedEarly(request, found.status);
    writeProblem(response, found);
  };
  const app = fastify({
    logger: false,
    trustProxy: proxies > 0 && ((_address, hop) => hop < proxies),
    bodyLimit: limits.bodyBytesMax,
    serverFactory: (handler) => createListener(limits, tls, handler),
    routerOptions: {
      maxParamLength: limits.paramCharactersMax,
      onMaxParamLength: (_path, request, response) => {
        const detail = `a part of the address may have ${limits.paramCharactersMax} characters`;
        refuseEarly(request, response, problem('url_too_long', detail));
      },
    },
    // Requests that arrive while the server stops are answered as usual, and their connections closed.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      const found = problemOf(error);
      watch?.refusedEarly(request.raw, found.status);
      sendProblem(reply, found);
    },
    clientErrorHandler: (error, socket) => {
      const status = answerParserError(error, socket);
      watch?.connectionFailed(error, socket, status);
    },
  });
  // Node would answer by itself, without a problem document.
  app.server.on('checkExpectation', (request, response) =>
    refuseEarly(request, response, problem('expectation_failed', 'leave the header expect out')),
  );
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => {
    // Most requests have no query: what the schema makes of that is known.
    const ofNone = httpPart === 'querystring' ? schema.safeParse({}) : undefined;
    return (input) => {
      if (ofNone?.success === true && hasNothing(input)) return { value: ofNone.data };
      const result = schema.safeParse(input);
      if (result.success) return { value: result.data };
      const errors = inputErrors(result.error, input, httpPart ?? 'request');
      return { error: new RequestRefused(problem('request_invalid', inputErrorsText(errors), { errors })) };
    };
  });
  return app;
}

function hasNothing(query: Readonly<Record<string, unknown>>): boolean {
  for (const _ in query) return false;
  return true;
}

interface Doorkeepers {
  readonly rates: RateLimits;
  readonly admission: Admission;
  readonly deadline: AnswerDeadline;
  readonly stopping: Stopping;
  readonly watch: RequestWatch | undefined;
}

/** Health is asked under overload as well, and often, so it is not counted. */
function admit(app: FastifyInstance, { rates, admission, deadline, stopping, watch }: Doorkeepers): void {
  app.decorateRequest('place', undefined);
  app.decorateRequest('matched', undefined);
  app.decorateRequest('bodyBytesHeld', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    const sinceMs = performance.now();
    const isHealth = healthPaths.includes(request.url);
    const deadlinePlace = isHealth ? undefined : deadline.watch(reply, sinceMs);
    // The only one that listens: each listener more would be one more to make for every request.
    reply.raw.on('close', () => {
      watch?.ended(request, reply, sinceMs);
      if (deadlinePlace !== undefined) deadline.ended(deadlinePlace);
      admission.ended(request);
    });
    reply.headers(guardedHeaders);
    if (stopping.leaving.aborted && request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
    if (isHealth) return done();
    try {
      rates.takeAddress(request, reply);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error('bug: thrown without an error'));
    }
  });
  app.addHook('onSend', (request, reply, _payload, done) => {
    admission.answered(request, reply);
    done();
  });
}

function declareRoutes(app: FastifyInstance, context: HttpContext, admission: Admission): readonly Route[] {
  const refuseOtherMethods = otherMethods(app);
  app.decorateRequest('caller', undefined);
  app.decorateRequest('hasOwnBounds', false);
  const routes = allRoutes(context);
  for (const declared of routes) register(app, declared, { ...context, admission });
  refuseOtherMethods();
  return routes;
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
