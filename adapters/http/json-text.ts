/**
 * JSON from callers: strict about UTF-8, bounded in depth before anything is built from it, closed to
 * prototype poisoning, and telling where a syntax error is.
 */
import { isUtf8 } from 'node:buffer';

export type JsonReading =
  | { readonly ok: true; readonly value: unknown }
  /** Why it can not be read, in words for the caller. */
  | { readonly ok: false; readonly detail: string };

const quote = 0x22;
const backslash = 0x5c;
/** `[` and `{`, and what closes them, differ in one bit, which is set here. */
const opening = 0x7b;
const closing = 0x7d;
const bracketBit = 0x20;

/** Names by which a prototype can be reached, also where their letters are written as escapes. */
const suspicious = /__proto__|constructor|\\u00/;

/** Reads bytes that should be one JSON value, at most `depthMax` arrays and objects in each other. */
export function readJson(bytes: Buffer, depthMax: number): JsonReading {
  if (!isUtf8(bytes)) return refused('is not valid UTF-8');
  if (isDeeper(bytes, depthMax)) return refused(`is nested deeper than ${depthMax} levels`);
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (!suspicious.test(text) || !reachesPrototype(value)) return { ok: true, value };
    return refused('uses the keys __proto__ or constructor.prototype, which are not allowed');
  } catch (error) {
    // JSON.parse names what it met and where: line and column as far as it knows them.
    return { ok: false, detail: error instanceof SyntaxError ? error.message : 'it is not JSON' };
  }
}

function refused(what: string): JsonReading {
  return { ok: false, detail: `the body ${what}` };
}

/** Counts brackets outside of strings: a few bytes can ask for millions of arrays, so none is made yet. */
function isDeeper(bytes: Buffer, depthMax: number): boolean {
  let depth = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte === quote) {
      index = endOfString(bytes, index + 1);
    } else if ((byte | bracketBit) === opening) {
      depth += 1;
      if (depth > depthMax) return true;
    } else if ((byte | bracketBit) === closing) depth -= 1;
  }
  return false;
}

function endOfString(bytes: Buffer, from: number): number {
  let index = from;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}

/** Looks at every name; the depth is bounded by then. */
function reachesPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Object.hasOwn(value, '__proto__')) return true;
  if (Object.hasOwn(value, 'constructor')) {
    const inner: unknown = value.constructor;
    if (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')) return true;
  }
  return Object.values(value).some(reachesPrototype);
}
