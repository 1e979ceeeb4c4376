/**
 * Problem documents in the OpenAPI document: which codes an operation may answer, by status, and the one
 * shape that they all have.
 */
import { z } from 'zod';
import { errorTable } from '../../../domain/errors.ts';
import { legalCommandSchema } from '../outcome-json.ts';
import { type HttpErrorCode, httpErrorTable, type ProblemCode, statusOfError } from '../problem.ts';
import type { Route } from '../route.ts';

export const problemCodes: readonly ProblemCode[] = [
  ...(Object.keys(errorTable) as (keyof typeof errorTable)[]),
  ...(Object.keys(httpErrorTable) as HttpErrorCode[]),
];

const mistakeSchema = z.object({ path: z.string(), message: z.string() });

/** RFC 9457, with the members that Docket adds. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(problemCodes),
  /** Whether the same request may succeed later without being changed. */
  retry: z.boolean(),
  errors: z.array(mistakeSchema).optional(),
  reasons: z.array(z.string()).optional(),
  ticketId: z.string().optional(),
  tried: z.string().optional(),
  state: z.string().optional(),
  revision: z.int().optional(),
  position: z.int().optional(),
  guard: z.string().optional(),
  legal: z.array(legalCommandSchema).optional(),
});

/** What any request may be answered with. */
const always: readonly ProblemCode[] = [
  'request_invalid',
  'request_timeout',
  'headers_too_large',
  'expectation_failed',
  'rate_limited',
  'internal_error',
  'overloaded',
  'answer_timeout',
];
const withCredential: readonly ProblemCode[] = ['unauthenticated', 'scope_missing'];
const withBody: readonly ProblemCode[] = ['body_malformed', 'body_too_large', 'media_type_unsupported'];
const ofStorage: readonly ProblemCode[] = [
  'log_failed',
  'log_unreadable',
  'log_closed',
  'log_damaged',
  'database_unavailable',
];

export function statusOf(code: ProblemCode): number {
  return isDomainCode(code) ? statusOfError[code] : httpErrorTable[code].status;
}

export function meaningOf(code: ProblemCode): string {
  return isDomainCode(code) ? errorTable[code].meaning : httpErrorTable[code].meaning;
}

export function mayRetry(code: ProblemCode): boolean {
  return isDomainCode(code) ? errorTable[code].retry : httpErrorTable[code].retry;
}

/** The codes that a route may answer, by status, in order of status. */
export function problemsOf({
  method,
  scope,
  body,
  params,
  problems,
}: Route): ReadonlyMap<number, readonly ProblemCode[]> {
  const codes = new Set<ProblemCode>([
    ...always,
    ...(scope === 'public' ? [] : [...withCredential, ...ofStorage]),
    // A body that nobody asked for is read all the same, but for GET, and has to be one.
    ...(body === undefined && method === 'GET' ? [] : withBody),
    ...(params === undefined ? [] : (['url_too_long'] as const)),
    ...problems,
  ]);
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes].sort((left, right) => statusOf(left) - statusOf(right))) {
    const status = statusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

function isDomainCode(code: ProblemCode): code is keyof typeof errorTable {
  return Object.hasOwn(errorTable, code);
}
