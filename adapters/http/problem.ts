/**
 * Problem documents (RFC 9457): how every answer of no looks outside. Codes and meanings come from the one
 * error table in domain/errors.ts; this file adds the status of each, and the few codes that only HTTP
 * knows.
 *
 * It must never tell what a fault was beyond its meaning: paths, queries and stacks are not for callers.
 */
import { type ErrorCode, errorTable, type Fault } from '../../domain/errors.ts';
import type { Rejection } from '../../domain/ticket/rejection.ts';
import type { InputError } from './input-errors.ts';

/** The status of every code of the domain. Exhaustive by type: a new code does not compile without one. */
export const statusOfError: Readonly<Record<ErrorCode, number>> = {
  invalid_command: 422,
  illegal_transition: 409,
  role_not_permitted: 403,
  condition_unmet: 409,
  ticket_not_found: 404,
  ticket_exists: 409,
  revision_conflict: 409,
  command_id_reused: 422,
  workflow_unknown: 404,
  access_denied: 403,
  actor_not_permitted: 403,
  policy_invalid: 422,
  policy_conflict: 409,
  key_unknown: 404,
  webhook_unknown: 404,
  webhook_unsigned: 401,
  webhook_unreadable: 400,
  dead_letter_unknown: 404,
  contention: 409,
  overloaded: 503,
  log_locked: 503,
  log_damaged: 500,
  log_failed: 503,
  log_unreadable: 503,
  snapshot_dropped: 503,
  log_closed: 503,
  journal_failed: 503,
  journal_damaged: 500,
  projector_fenced: 500,
  projection_failed: 500,
  database_unavailable: 503,
  input_unreadable: 500,
  output_unwritable: 500,
  server_unreachable: 502,
};

/** What can go wrong with a request before it becomes a command or a question. */
export const httpErrorTable = {
  route_unknown: { status: 404, retry: false, meaning: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, retry: false, meaning: 'The address does not take this method.' },
  request_invalid: { status: 400, retry: false, meaning: 'The request does not have the right shape.' },
  body_malformed: { status: 400, retry: false, meaning: 'The body can not be read as JSON.' },
  body_too_large: { status: 413, retry: false, meaning: 'The body is larger than the server takes.' },
  too_many_items: {
    status: 413,
    retry: false,
    meaning: 'One request holds more items than the server takes.',
  },
  url_too_long: { status: 414, retry: false, meaning: 'A part of the address is too long.' },
  headers_too_large: { status: 431, retry: false, meaning: 'The headers are larger than the server takes.' },
  media_type_unsupported: { status: 415, retry: false, meaning: 'The server takes JSON only.' },
  unauthenticated: {
    status: 401,
    retry: false,
    meaning: 'The request needs a credential, and what it brought is none that holds.',
  },
  scope_missing: { status: 403, retry: false, meaning: 'The credential is not meant for this.' },
  precondition_failed: {
    status: 412,
    retry: false,
    meaning: 'The ticket is not at the revision that If-Match names.',
  },
  idempotency_in_flight: {
    status: 409,
    retry: true,
    meaning: 'A request with the same Idempotency-Key is still being answered.',
  },
  idempotency_key_reused: {
    status: 422,
    retry: false,
    meaning: 'The Idempotency-Key was used before, with another request.',
  },
  expectation_failed: {
    status: 417,
    retry: false,
    meaning: 'The server meets no expectation but 100-continue.',
  },
  cursor_invalid: {
    status: 400,
    retry: false,
    meaning: 'The cursor is not one that this list gave, or belongs to another question.',
  },
  not_acceptable: { status: 406, retry: false, meaning: 'The answer has no form that the caller accepts.' },
  rate_limited: { status: 429, retry: true, meaning: 'More requests came than the caller may send.' },
  position_not_reached: {
    status: 503,
    retry: true,
    meaning: 'What was asked for does not hold the wanted position yet.',
  },
  request_timeout: { status: 408, retry: true, meaning: 'The request did not arrive in time.' },
  answer_timeout: {
    status: 503,
    retry: true,
    meaning:
      'The answer took too long. A command may still be carried out: ask again with the same commandId.',
  },
  not_ready: { status: 503, retry: true, meaning: 'The server can not take requests at present.' },
  internal_error: { status: 500, retry: false, meaning: 'The server made a mistake.' },
} as const satisfies Record<string, { status: number; retry: boolean; meaning: string }>;

export type HttpErrorCode = keyof typeof httpErrorTable;
export type ProblemCode = ErrorCode | HttpErrorCode;

export const problemMediaType = 'application/problem+json';

/** The members that a problem may have beside those of RFC 9457. */
export interface ProblemExtensions {
  readonly errors?: readonly InputError[] | undefined;
  readonly reasons?: readonly string[] | undefined;
  readonly ticketId?: string | undefined;
  readonly tried?: string | undefined;
  readonly state?: string | undefined;
  readonly revision?: number | undefined;
  /** The position that was reached, where another was asked for. */
  readonly position?: number | undefined;
  readonly guard?: string | undefined;
  readonly legal?: Rejection['legal'] | undefined;
}

export interface Problem extends ProblemExtensions {
  readonly type: `urn:docket:error:${ProblemCode}`;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** Whether the same request may succeed later without being changed. */
  readonly retry: boolean;
}

/** A problem by its code; `detail` is shown to the caller as it is. */
export function problem(code: ProblemCode, detail: string, extensions: ProblemExtensions = {}): Problem {
  const { status, retry, meaning } = entryOf(code);
  return { type: `urn:docket:error:${code}`, title: meaning, status, detail, code, retry, ...extensions };
}

/** A refused command, with the state it was refused in and what is legal there. */
export function problemOfRejection(rejection: Rejection): Problem {
  const { code, message, ticketId, tried, state, revision, guard, legal } = rejection;
  return problem(code, message, { ticketId, tried, state, revision, guard, legal });
}

/** A fault, without its message: that is for the operator. Only that of a full queue helps the caller. */
export function problemOfFault(fault: Fault): Problem {
  const detail = fault.code === 'overloaded' ? fault.message : errorTable[fault.code].meaning;
  return problem(fault.code, detail);
}

/** Thrown inside this folder to answer a request with a problem. */
export class RequestRefused extends Error {
  readonly problem: Problem;

  constructor(refusal: Problem) {
    super(refusal.detail);
    this.name = 'RequestRefused';
    this.problem = refusal;
  }
}

function entryOf(code: ProblemCode): { status: number; retry: boolean; meaning: string } {
  if (isHttpCode(code)) return httpErrorTable[code];
  const { retry, meaning } = errorTable[code];
  return { status: statusOfError[code], retry, meaning };
}

function isHttpCode(code: ProblemCode): code is HttpErrorCode {
  return Object.hasOwn(httpErrorTable, code);
}
