/**
 * What the bytes of a journal hold. A last line without its end is what a crash leaves of a write; everything
 * else that is not as it was written is damage, and is never passed over: a lost line may be a revoked key.
 */
import type { z } from 'zod';
import { Fault } from '../../domain/errors.ts';
import type { JournalEntry } from '../../domain/ports.ts';
import { hashBeforeFirst, readLine } from './journal-line.ts';

export interface ReadJournal<Event> {
  readonly entries: readonly JournalEntry<Event>[];
  readonly lastHash: string;
  /** The file's length without the line that a crash cut short. */
  readonly soundBytes: number;
}

const lineEnd = 0x0a;

/** Throws `Fault`: `journal_damaged` or `input_unreadable`, with the line. */
export function readJournal<Event>(
  bytes: Uint8Array,
  { path, schema }: { readonly path: string; readonly schema: z.ZodType<Event> },
): ReadJournal<Event> {
  const entries: JournalEntry<Event>[] = [];
  let lastHash = hashBeforeFirst;
  let soundBytes = 0;
  while (soundBytes < bytes.length) {
    const end = bytes.indexOf(lineEnd, soundBytes);
    if (end === -1) break;
    const position = entries.length + 1;
    const line = readLine(textOf(bytes.subarray(soundBytes, end)), position, lastHash);
    if (!line.ok) {
      const message = `line ${position} of ${path} ${line.wrong}; restore the file from a copy`;
      throw new Fault('journal_damaged', message);
    }
    entries.push({ ...line.entry, event: readEvent(line.entry.event, { path, schema, position }) });
    lastHash = line.hash;
    soundBytes = end + 1;
  }
  return { entries, lastHash, soundBytes };
}

/** Bytes that are no UTF-8 become U+FFFD, which no hash agrees with. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Throws `Fault('input_unreadable')` for an event that does not have the shape it has in this release. */
export function readEvent<Event>(
  event: unknown,
  { path, schema, position }: { path: string; schema: z.ZodType<Event>; position: number },
): Event {
  const result = schema.safeParse(event);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  const message = `entry ${position} of ${path} is sound but holds an event that this release does not know${where}`;
  throw new Fault('input_unreadable', `${message}; use the release that wrote it`);
}
