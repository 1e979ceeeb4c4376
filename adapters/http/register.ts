/**
 * Makes declared routes answer: who comes in and in which order it is checked whether they may. Nothing of a
 * body must ever be read before its caller is known.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ZodObject, type z } from 'zod';
import type { Access } from '../../domain/access/guard.ts';
import { nobody } from '../../domain/access/nobody.ts';
import type { Authenticator, NotAuthenticated, Principal, Scope } from '../../domain/access/principal.ts';
import type { Admission, LaneName } from './admission/admission.ts';
import type { RateLimits } from './admission/rate-limits.ts';
import { inputErrors, inputErrorsText } from './input-errors.ts';
import { problem, RequestRefused } from './problem.ts';
import { requestIdOf } from './request-id.ts';
import type { Caller, Route } from './route.ts';

export interface RouteGate {
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly rates: RateLimits;
  readonly admission: Admission;
}

/** Makes a declared route answer. Who may not call it is refused before any body is read. */
export function register(app: FastifyInstance, declared: Route, gate: RouteGate): void {
  const { params, query, headers, body, scope } = declared;
  const lane = declared.lane ?? laneOf(declared);
  const matched = { template: declared.path, lane, isLasting: declared.lasting === true };
  const enter = gate.admission.entrance(lane);
  const checkedHeaders = headers === undefined ? undefined : headersCheck(headers);
  app.route({
    method: declared.method,
    url: declared.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    ...(declared.lasting === true ? { exposeHeadRoute: false } : {}),
    schema: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { querystring: query }),
      ...(body?.checked === 'here' ? { body: body.schema } : {}),
    },
    ...(mayBeCompressed(declared) ? {} : { compress: false }),
    onRequest: (request, reply, done) => {
      request.matched = matched;
      const known = (error?: Error) => done(error ?? mediaTypeRefused(request, reply, declared));
      enter(request, reply, () => {
        if (scope === 'public') known();
        else identify({ request, reply, scope, done: known }, gate);
      });
    },
    handler: (request, reply) => {
      const { principal, guard, requestId } = callerOf(request, declared);
      const { params, query, body } = request;
      // Fastify would make a new object of all headers at every look, once it has checked some.
      const headers = checkedHeaders?.(request.raw.headers) ?? request.raw.headers;
      const asked = { principal, guard, requestId, params, query, headers, body, raw: request };
      return declared.handle(asked, reply);
    },
  });
}

/**
 * Not what has an ETag, which names the very bytes of an answer; nor streams of events, whose single lines
 * are waited for.
 */
function mayBeCompressed({ answers }: Route): boolean {
  return Object.values(answers).every(({ headers = {}, mediaType }) => {
    const names = Object.keys(headers).map((name) => name.toLowerCase());
    return !names.includes('etag') && mediaType !== 'text/event-stream';
  });
}

/** A body of another kind is refused before it is read. */
function mediaTypeRefused(
  request: FastifyRequest,
  reply: FastifyReply,
  { method, body }: Route,
): RequestRefused | undefined {
  const header = request.headers['content-type'];
  if (header === undefined || body === undefined) return undefined;
  const taken = body.mediaTypes ?? ['application/json'];
  if (taken.includes(header)) return undefined;
  const [mediaType = ''] = header.split(';', 1);
  if (taken.includes(mediaType.trim().toLowerCase())) return undefined;
  if (method === 'PATCH') reply.header('accept-patch', taken.join(', '));
  const detail = `send content-type: ${taken.join(' or ')}`;
  return new RequestRefused(problem('media_type_unsupported', detail));
}

/** Most requests bring none of the headers that a route looks at, and so there is nothing to check. */
function headersCheck(schema: z.ZodType): (headers: IncomingHttpHeaders) => unknown {
  const names = schema instanceof ZodObject ? Object.keys(schema.shape) : undefined;
  const ofNone = schema.safeParse({});
  return (headers) => {
    const brings = names === undefined || names.some((name) => headers[name] !== undefined);
    if (!brings && ofNone.success) return ofNone.data;
    const result = schema.safeParse(headers);
    if (result.success) return result.data;
    const errors = inputErrors(result.error, headers, 'headers');
    throw new RequestRefused(problem('request_invalid', inputErrorsText(errors), { errors }));
  };
}

function laneOf({ lasting, method }: Route): LaneName {
  if (lasting === true) return 'none';
  return method === 'GET' ? 'read' : 'write';
}

interface Arriving {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly scope: Scope | 'any';
  readonly done: (error?: Error) => void;
}

/** Keys are known at once: only tokens whose issuer has to be asked make a request wait. */
function identify(arriving: Arriving, gate: RouteGate): void {
  const { request, reply, done } = arriving;
  try {
    gate.rates.refuseGuessing(request, reply);
    const found = gate.authenticator.authenticate(request.headers.authorization);
    if (!(found instanceof Promise)) {
      letIn(found, arriving, gate);
      done();
      return;
    }
    found.then((known) => letIn(known, arriving, gate)).then(() => done(), done);
  } catch (error) {
    done(error instanceof Error ? error : new Error('bug: thrown without an error'));
  }
}

/** Throws `RequestRefused`. */
function letIn(
  found: Principal | NotAuthenticated,
  { request, reply, scope }: Arriving,
  { rates, access }: RouteGate,
): void {
  if (isRefused(found)) {
    rates.countFailure(request, reply);
    throw new RequestRefused(problem('unauthenticated', found.refused));
  }
  rates.takeRequest(found.id, reply);
  if (scope !== 'any' && !found.scopes.has(scope)) {
    const detail = `this needs the scope ${scope}, which the credential does not have`;
    throw new RequestRefused(problem('scope_missing', detail));
  }
  const requestId = requestIdOf(request.raw.headers);
  request.caller = { principal: found, guard: access.guardOf(found), requestId };
}

function callerOf(request: FastifyRequest, { id, scope }: Route): Caller {
  if (request.caller !== undefined) return request.caller;
  if (scope === 'public') return nobody;
  throw new Error(`bug: ${id} was reached without a caller`);
}

function isRefused(found: Principal | NotAuthenticated): found is NotAuthenticated {
  return 'refused' in found;
}
