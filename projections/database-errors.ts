/**
 * What an error of the read-model database means for the projector, by its SQLSTATE and never by its text:
 * whether another try may help, and whether the data of an event is to blame.
 */
import { Fault } from '../domain/errors.ts';

/** Lost connections, locks that were waited for too long, serialization failures and deadlocks. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Fault) return error.code === 'database_unavailable';
  const code = codeOf(error);
  return code === '40001' || code === '40P01' || isLockTimeout(error);
}

/** Data exceptions, constraints that rows break, and values beyond PostgreSQL's limits. */
export function isDataError(error: unknown): boolean {
  return /^(22|23|54)/.test(codeOf(error) ?? '');
}

/** A lock was waited for as long as was allowed. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03';
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
