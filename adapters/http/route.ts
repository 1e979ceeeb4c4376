/**
 * How a route is declared, once: its address, what it takes and answers, who may call it, and its examples.
 * The server, the OpenAPI document and the reference page are all made from the same declaration, so that
 * none of them can say something else than the others.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Guard } from '../../domain/access/guard.ts';
import type { Principal, Scope } from '../../domain/access/principal.ts';
import type { LaneName } from './admission/admission.ts';
import type { ProblemCode } from './problem.ts';

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
  /** What the caller calls this request. */
  readonly requestId?: string | undefined;
}

/** The route that a request came to: made once for each route. */
export interface MatchedRoute {
  /** Its address as declared, such as `/v1/tickets/{ticketId}`. */
  readonly template: string;
  readonly lane: LaneName;
  /** Whether its answer goes on until one side ends it. */
  readonly isLasting: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
    /** Undefined before its route has seen it, and for what comes to no route. */
    matched: MatchedRoute | undefined;
    /** Set by routes that answer with a stream, whose bounds in time are their own. */
    hasOwnBounds: boolean;
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
   * JSON, and refuses by itself.
   */
  readonly checked: 'here' | 'by handler';
  /** What each line holds where the media type is one of lines. */
  readonly lines?: z.ZodType;
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
  /** What each line holds where the answer may also come as `application/x-ndjson`. */
  readonly lines?: z.ZodType;
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
  /** A body of lines, as text. */
  readonly lines?: string;
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
  /** The scope that a credential needs; for `any` every credential does, `public` needs none. */
  readonly scope: Scope | 'any' | 'public';
  /** Where it waits under overload; where absent GET is a read and the rest writes, but for what lasts. */
  readonly lane?: LaneName;
  readonly params?: Params;
  readonly query?: Query;
  /** Other headers are nobody's business, so the object must not be a strict one. */
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
