/**
 * What is common to all statements on the shared connections: what they throw becomes what the port says, and
 * whoever measures is told how long they took. It must never tell an observer what a statement says.
 */
import { DatabaseError } from 'pg';
import { Fault } from '../../domain/errors.ts';
import { asFault } from './failures.ts';

export interface DatabaseObserver {
  /** A statement was answered, also with an error. */
  answered(ms: number): void;
  /** A statement or connection failed: the class of the SQLSTATE, or `connection`. */
  failed(errorClass: string): void;
}

/** Where statements go, for messages and for whoever measures. */
export interface Target {
  readonly place: string;
  readonly observer: DatabaseObserver | undefined;
}

/** Only what a statement throws is judged; what a caller's own code throws passes through untouched. */
export async function mapped<T>(target: Target, statement: () => Promise<T>): Promise<T> {
  const sinceMs = performance.now();
  try {
    return await statement();
  } catch (error) {
    throw failure(error, target);
  } finally {
    target.observer?.answered(performance.now() - sinceMs);
  }
}

/** What is to be thrown for what the driver threw. */
export function failure(error: unknown, { place, observer }: Target): unknown {
  const found = asFault(error, place);
  // The first two characters of an SQLSTATE say what kind of error it is; a bug of the caller has none.
  if (error instanceof DatabaseError) observer?.failed(error.code?.slice(0, 2) ?? 'other');
  else if (found instanceof Fault) observer?.failed('connection');
  return found;
}
