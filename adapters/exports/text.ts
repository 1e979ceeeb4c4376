/** How texts and times are written in files. */
import type { EpochMs } from '../../domain/ticket/values.ts';

/**
 * The text as files for other tools can hold it: U+0000 and lone surrogates, which neither UTF-8 nor most
 * readers know, become U+FFFD, as they do in PostgreSQL. Formats that promise to lose nothing do not use it.
 */
export function plainText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\ufffd') : wellFormed;
}

const dayMs = 86_400_000;
/** Texts of days that are kept; beyond this many, one begins anew. */
const daysMax = 10_000;
const days = new Map<number, string>();

/**
 * ISO 8601 in UTC with milliseconds and without a zone. Events share few days, whose texts are kept:
 * `toISOString` alone took a fifth of an export's time.
 */
export function timeText(at: EpochMs): string {
  const day = Math.floor(at / dayMs);
  const ms = at - day * dayMs;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const clock = `${twoDigits(hours)}:${twoDigits(minutes % 60)}:${twoDigits(seconds % 60)}`;
  return `${days.get(day) ?? dayText(day)}T${clock}.${`${1_000 + (ms % 1_000)}`.slice(1)}`;
}

function dayText(day: number): string {
  if (days.size >= daysMax) days.clear();
  const text = new Date(day * dayMs).toISOString().slice(0, -'T00:00:00.000Z'.length);
  days.set(day, text);
  return text;
}

const digits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

function twoDigits(value: number): string {
  return digits[value] ?? '';
}
