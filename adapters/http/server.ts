/**
 * The HTTP server: routes over the engine and its log, with every limit set and every failure a problem
 * document. It owns its sockets and nothing else: the log, the engine and the database are closed by whoever
 * opened them, after `close` has returned.
 */
import fastify, { type FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { Admission } from './admission/admission.ts';
import { RateLimits } from './admission/rate-limits.ts';
import type { Rates } from './admission/rates.ts';
import { AnswerDeadline } from './answer-deadline.ts';
import { acceptJson } from './body.ts';
import type { HttpContext } from './context.ts';
import { answerFailure, answerParserError, problemOf, sendProblem, writeProblem } from './failures.ts';
import { inputErrors, inputErrorsText } from './input-errors.ts';
import { type HttpLimits, httpLimits } from './limits.ts';
import { Load } from './load.ts';
import { otherMethods } from './other-methods.ts';
import { problem, RequestRefused } from './problem.ts';
import { type Route, register } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { healthPaths } from './routes/health.ts';

export interface HttpServerOptions extends Omit<HttpContext, 'limits' | 'rates' | 'stopping' | 'closing'> {
  readonly limits?: Partial<HttpLimits>;
  readonly rates?: Partial<Rates>;
  /** How many proxies stand before the server, whose `x-forwarded-for` is believed; none where absent. */
  readonly proxies?: number;
}

export interface HttpServer {
  /**
   * Resolves with the base URL. Port 0 takes any free one. Rejects with Node's error where it can not
   * listen.
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>;
  /** From now on /readyz says no, while everything is still served: for load balancers to look away. */
  announceStop(): void;
  /** Stops accepting, waits for answers under way at most `drainMsMax`, then cuts what is left. */
  close(): Promise<void>;
  /** Requests that are being answered now. */
  readonly requestsInFlight: number;
  /** Everything that it answers, as declared. */
  readonly routes: readonly Route[];
}

export function buildServer(options: HttpServerOptions): HttpServer {
  const limits = { ...httpLimits, ...options.limits };
  const proxies = options.proxies ?? 0;
  const load = new Load(limits);
  const proxied = proxies > 0;
  const admission = new Admission(limits, load, { proxied });
  const rates = new RateLimits({ rates: options.rates ?? {}, bucketsMax: limits.bucketsMax, proxied });
  const deadline = new AnswerDeadline(limits);
  let stopping = false;
  const closing = new AbortController();
  const app = newApp(limits, proxies);
  acceptJson(app, limits, load);
  admit(app, rates, admission, deadline);
  app.setErrorHandler(answerFailure(options.report));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, problem('route_unknown', `there is no ${request.method} ${pathOf(request.url)}`)),
  );
  const context = { ...options, limits, rates, stopping: () => stopping, closing: closing.signal };
  const routes = declareRoutes(app, context, admission);
  return {
    listen: ({ host, port }) => app.listen({ host, port }),
    announceStop: () => {
      stopping = true;
    },
    close: async () => {
      stopping = true;
      closing.abort();
      await closeWithin(app, limits);
      deadline.stop();
      admission.stop();
    },
    get requestsInFlight() {
      return load.requests;
    },
    routes,
  };
}

function newApp(limits: HttpLimits, proxies: number): FastifyInstance {
  const app = fastify({
    logger: false,
    trustProxy: proxies > 0 && ((_address, hop) => hop < proxies),
    bodyLimit: limits.bodyBytesMax,
    connectionTimeout: limits.silenceMsMax,
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: limits.keepAliveMsMax,
    http: {
      headersTimeout: limits.headersMsMax,
      maxHeaderSize: limits.headerBytesMax,
      connectionsCheckingInterval: limits.arrivalSweepMs,
    },
    routerOptions: {
      maxParamLength: limits.paramCharactersMax,
      onMaxParamLength: (_path, _request, response) => {
        const detail = `a part of the address may have ${limits.paramCharactersMax} characters`;
        writeProblem(response, problem('url_too_long', detail));
      },
    },
    // Requests that arrive while the server stops are answered as usual, and their connections closed.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _request, reply) => sendProblem(reply, problemOf(error)),
    clientErrorHandler: (error, socket) => answerParserError(error, socket),
  });
  // Node would answer by itself, without a problem document.
  app.server.on('checkExpectation', (_request, response) =>
    writeProblem(response, problem('expectation_failed', 'leave the header expect out')),
  );
  app.server.maxConnections = limits.connectionsMax;
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (input) => {
    const result = schema.safeParse(input);
    if (result.success) return { value: result.data };
    const errors = inputErrors(result.error, input, httpPart ?? 'request');
    return { error: new RequestRefused(problem('request_invalid', inputErrorsText(errors), { errors })) };
  });
  return app;
}

/** Health is asked under overload as well, and often, so it is not counted. */
function admit(
  app: FastifyInstance,
  rates: RateLimits,
  admission: Admission,
  deadline: AnswerDeadline,
): void {
  app.decorateRequest('place', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    if (healthPaths.includes(request.url)) return done();
    deadline.watch(reply);
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
  const routes = allRoutes(context);
  for (const declared of routes) register(app, declared, { ...context, admission });
  refuseOtherMethods();
  return routes;
}

async function closeWithin(app: FastifyInstance, limits: HttpLimits): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), limits.drainSweepMs);
  const bound = setTimeout(() => app.server.closeAllConnections(), limits.drainMsMax);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(bound);
  }
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
