/**
 * How a route is declared, once: its address, what it takes and answers, who may call it, and its examples.
 * The
 * server, the OpenAPI document and the reference page are all made from the same declaration, so that none of
 * them can say something else than the others.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Access, Guard } from '../../domain/access/guard.ts';
import { nobody } from '../../domain/access/nobody.ts';
import type { Authenticator, NotAuthenticated, Principal, Scope } from '../../domain/access/principal.ts';
import type { Admission, LaneName } from './admission/admission.ts';
import type { RateLimits } from './admission/rate-limits.ts';
import { type ProblemCode, problem, RequestRefused } from './problem.ts';

/** Headings of the reference, in its order. */
export const routeGroups = [
  'Tickets',
  'Commands',
  'Events',
  'Figures',
  'Workflows',
  'Access',
  'Webhooks',
  'Server',
] as const;
export type RouteGroup = (typeof routeGroups)[number];

/** Who is asking, and what they may do; on every request to a route that is not public. */
export interface Caller {
  readonly principal: Principal;
  readonly guard: Guard;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

export interface RouteRequest<Params, Query, Headers, Body> extends Caller {
  readonly params: Params;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  readonly raw: FastifyRequest;
}

export interface BodyDeclaration<Body extends z.ZodType> {
  readonly schema: Body;
  /** `application/json` where absent. */
  readonly mediaTypes?: readonly string[];
  /**
   * `here`: the server refuses what does not fit with `request_invalid`, and the handler gets what the schema
   * made of it. `by handler`: the handler gets the parsed JSON, or the stream where the media type is not
   * JSON,
   * and refuses by itself.
   */
  readonly checked: 'here' | 'by handler';
}

export interface AnswerDeclaration {
  readonly meaning: string;
  /** Absent where there is no body. */
  readonly schema?: z.ZodType;
  /** `application/json` where absent. */
  readonly mediaType?: string;
  /** The same in other media types, for callers whose `accept` names one of them. */
  readonly otherForms?: readonly {
    readonly mediaType: string;
    readonly meaning: string;
    /** Of one line, where the form is lines. */
    readonly schema?: z.ZodType;
    readonly example?: unknown;
  }[];
  /** Headers by name, with their meaning. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly example?: unknown;
}

export interface RouteExample {
  /** Values for the braces of the path and for the query. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Headers extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  /** The operation's name for programs, as `openTicket`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: `/v1/tickets/{ticketId}`. */
  readonly path: string;
  readonly group: RouteGroup;
  readonly summary: string;
  readonly description?: string;
  /** The scope that a credential needs; `public` needs no credential at all. */
  readonly scope: Scope | 'public';
  /** Where it waits under overload; where absent GET is a read and the rest writes, but for what lasts. */
  readonly lane?: LaneName;
  readonly params?: Params;
  readonly query?: Query;
  /** A loose object: other headers are nobody's business. */
  readonly headers?: Headers;
  readonly body?: BodyDeclaration<Body>;
  /** What success looks like, by status. */
  readonly answers: Readonly<Record<number, AnswerDeclaration>>;
  /** The problems that are this route's own; those that any route may answer are known. */
  readonly problems: readonly ProblemCode[];
  readonly example: RouteExample;
  /**
   * Whether its answer goes on until one side ends it. It is then no request in flight: the route has a bound
   * of its own for how many there are. HEAD is not answered, for there is no end to it.
   */
  readonly lasting?: true;
  handle(
    request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Headers>, z.output<Body>>,
    reply: FastifyReply,
  ): unknown;
}

/** Checks a declaration's types and forgets them: routes of all shapes then fit into one list. */
export function route<
  Params extends z.ZodType = z.ZodType<unknown>,
  Query extends z.ZodType = z.ZodType<unknown>,
  Headers extends z.ZodType = z.ZodType<unknown>,
  Body extends z.ZodType = z.ZodType<unknown>,
>(declaration: Route<Params, Query, Headers, Body>): Route {
  return declaration;
}

export interface RouteGate {
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly rates: RateLimits;
  readonly admission: Admission;
}

/** Makes a declared route answer. Who may not call it is refused before any body is read. */
export function register(app: FastifyInstance, declared: Route, gate: RouteGate): void {
  const { params, query, headers, body } = declared;
  const enter = gate.admission.entrance(declared.lane ?? laneOf(declared));
  app.route({
    method: declared.method,
    url: declared.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(declared.lasting === true ? { exposeHeadRoute: false } : {}),
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body?.checked === 'here' ? { body: body.schema } : {}),
    },
    onRequest: (request, reply, done) =>
      enter(request, reply, () => {
        if (declared.scope === 'public') return done();
        identify(request, reply, declared.scope, gate).then(() => done(), done);
      }),
    handler: (request, reply) =>
      declared.handle(
        {
          ...callerOf(request, declared),
          params: request.params,
          query: request.query,
          headers: request.headers,
          body: request.body,
          raw: request,
        },
        reply,
      ),
  });
}

function laneOf({ lasting, method }: Route): LaneName {
  if (lasting === true) return 'none';
  return method === 'GET' ? 'read' : 'write';
}

async function identify(
  request: FastifyRequest,
  reply: FastifyReply,
  scope: Scope,
  gate: RouteGate,
): Promise<void> {
  gate.rates.refuseGuessing(request, reply);
  const found = await gate.authenticator.authenticate(request.headers.authorization);
  if (isRefused(found)) {
    gate.rates.countFailure(request, reply);
    throw new RequestRefused(problem('unauthenticated', found.refused));
  }
  gate.rates.takeRequest(found.id, reply);
  if (!found.scopes.has(scope)) {
    const detail = `this needs the scope ${scope}, which the credential does not have`;
    throw new RequestRefused(problem('scope_missing', detail));
  }
  request.caller = { principal: found, guard: gate.access.guardOf(found) };
}

function callerOf(request: FastifyRequest, { id, scope }: Route): Caller {
  if (request.caller !== undefined) return request.caller;
  if (scope === 'public') return nobody;
  throw new Error(`bug: ${id} was reached without a caller`);
}

function isRefused(found: Principal | NotAuthenticated): found is NotAuthenticated {
  return 'refused' in found;
}
