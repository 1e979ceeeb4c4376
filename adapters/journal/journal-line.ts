/**
 * How an entry of a journal is written: one line of JSON that holds the hash of the line before and, last,
 * its own. A changed byte is found wherever it is, and a line can not be taken out or put elsewhere. It must
 * never be reformatted: the hash is over the bytes as they are.
 *
 *     {"position":2,"recordedAt":1767225600000,"previous":"<64 hex>","event":{…},"hash":"<64 hex>"}
 *
 * `hash` is SHA-256 over the line without `,"hash":"…"`. What the chain can not show is that lines are
 * missing at the end; who must be sure of that keeps the last hash elsewhere.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JournalEntry } from '../../domain/ports.ts';
import { epochMsSchema } from '../../domain/ticket/values.ts';

/** What the first line gives as the hash of the line before it. */
export const hashBeforeFirst = '0'.repeat(64);
const hashPattern = /^(.*),"hash":"([0-9a-f]{64})"\}$/s;

const lineSchema = z.strictObject({
  position: z.int().min(1),
  recordedAt: epochMsSchema,
  previous: z.string(),
  event: z.unknown(),
});

export interface WrittenLine {
  /** Without its line end. */
  readonly text: string;
  readonly hash: string;
}

export function writeLine<Event>(entry: JournalEntry<Event>, previous: string): WrittenLine {
  const { position, recordedAt, event } = entry;
  const body = JSON.stringify({ position, recordedAt, previous, event });
  const hash = hashOf(body);
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** The line that an entry would be, from its parts; `event` is the JSON text as it was written. */
export function textOfRow(row: {
  readonly position: number;
  readonly recordedAt: number;
  readonly previous: string;
  readonly hash: string;
  readonly event: string;
}): string {
  const { position, recordedAt, previous, hash, event } = row;
  const names = JSON.stringify({ position, recordedAt, previous });
  return `${names.slice(0, -1)},"event":${event},"hash":"${hash}"}`;
}

export type ReadLine =
  | { readonly ok: true; readonly entry: JournalEntry<unknown>; readonly hash: string }
  /** What is wrong with it, in words that continue "line 3 …". */
  | { readonly ok: false; readonly wrong: string };

/** Reads the line that should be at `position` after a line with hash `previous`. */
export function readLine(text: string, position: number, previous: string): ReadLine {
  const [, start, hash] = hashPattern.exec(text) ?? [];
  if (start === undefined || hash === undefined) return { ok: false, wrong: 'does not end with its hash' };
  const body = `${start}}`;
  if (hashOf(body) !== hash) return { ok: false, wrong: 'does not have the hash that it names' };
  const result = lineSchema.safeParse(parsed(body));
  if (!result.success) return { ok: false, wrong: 'is no entry' };
  const line = result.data;
  if (line.previous !== previous) return { ok: false, wrong: 'does not follow on the line before it' };
  if (line.position !== position) {
    return { ok: false, wrong: `has position ${line.position} where ${position} is due` };
  }
  return { ok: true, entry: { position, recordedAt: line.recordedAt, event: line.event }, hash };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
