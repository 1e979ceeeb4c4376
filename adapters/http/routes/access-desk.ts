/** What the routes about access share: whose name they act in, and how a refusal is answered. */
import { type AccessRejection, isRejected } from '../../../domain/access/administration.ts';
import type { AccessAdministration, AccessOffice } from '../../../domain/access/administration-port.ts';
import { problem, RequestRefused } from '../problem.ts';
import type { Caller } from '../route.ts';

/** Everything that is changed through it is changed in the caller's name. */
export function deskOf(office: AccessOffice, { principal }: Caller): AccessAdministration {
  return office.as(principal);
}

/** Throws `RequestRefused` where it was refused. */
export function orRefused<Done extends object>(done: Done | AccessRejection): Done {
  if (!isRejected(done)) return done;
  throw new RequestRefused(problem(done.code, done.message, { reasons: done.reasons }));
}
