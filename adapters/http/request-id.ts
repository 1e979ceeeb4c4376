/**
 * What a caller calls its request: the header `x-request-id`. It is shown again beside measurements, so that
 * a slow answer can be found in the caller's own log. Nothing else may ever depend on it: anybody can send
 * anything.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Nothing that could be mistaken for something else where it is shown. */
const readable = /^[\w.:/+=-]{1,100}$/;

/** Undefined where there is none, or none that can be shown. */
export function requestIdOf(headers: IncomingHttpHeaders): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' && readable.test(id) ? id : undefined;
}
