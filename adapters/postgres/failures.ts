/**
 * Tells a database that is not there from a statement that was refused, by code and by kind of error. It
 * must never look at message texts: they change with version and language.
 */
import { DatabaseError } from 'pg';
import { Fault } from '../../domain/errors.ts';

/** Refused statements pass as they are, with their SQLSTATE in `code`; a lost database becomes a Fault. */
export function asFault(error: unknown, place: string): unknown {
  if (error instanceof Fault || isProgrammingError(error)) return error;
  if (error instanceof DatabaseError) {
    const advice = adviceFor(error.code);
    return advice === undefined ? error : unavailable(place, advice, error);
  }
  // What is left comes from the socket or from the driver's own account of it (lost, ended, timed out).
  return unavailable(place, adviceFor(codeOf(error)) ?? defaultAdvice, error);
}

/** The code of a network error or the SQLSTATE of a server's, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const defaultAdvice = 'the connection was lost or not made in time; see that the server runs, and try again';

const adviceByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start PostgreSQL, or leave out the URL to use the embedded one',
  ENOTFOUND: 'the host is unknown; correct the URL',
  EAI_AGAIN: 'the name of the host can not be looked up now; check the network',
  '28P01': 'the password is wrong; correct the URL',
  '28000': 'the server does not let this user in; correct the URL or pg_hba.conf',
  '3D000': 'the database does not exist; create it or correct the URL',
  '53300': 'the server has no connection left; raise max_connections or run fewer processes',
  '57P01': 'the server is being stopped; start it again',
  '57P02': 'the server is restarting after a crash; try again',
  '57P03': 'the server is starting or stopping; try again',
};

function adviceFor(code: string | undefined): string | undefined {
  if (code === undefined) return undefined;
  // Class 08 is "connection exception".
  return adviceByCode[code] ?? (code.startsWith('08') ? defaultAdvice : undefined);
}

function unavailable(place: string, advice: string, cause: unknown): Fault {
  return new Fault('database_unavailable', `PostgreSQL at ${place}: ${advice}.`, { cause });
}

function isProgrammingError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}
