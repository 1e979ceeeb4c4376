/**
 * Times as other systems write them, read as milliseconds since the epoch: ISO 8601, epoch numbers, or a
 * pattern. A time that names no offset is local time of a zone. Where clocks are set forward, a local time
 * that does not exist is read with the offset from before (02:30 becomes 03:30); where they are set back, a
 * local time that comes twice is its first coming. That is the rule of java.time and of Temporal's
 * `compatible`.
 *
 * It must never guess: a text that does not fit its format wholly is unreadable.
 */
import type { EpochMs } from '../../domain/ticket/values.ts';

/** From a text to its time; `undefined` for one that is not of the format. */
export type TimeReader = (text: string) => EpochMs | undefined;

const dayMs = 86_400_000;
const patternCharactersMax = 100;
/** Neighbouring rows mostly share their day. */
const daysRememberedMax = 1_024;

/** The parts of a pattern, and what each looks like in a text. */
const parts: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{2})',
  h: '(?<hour>\\d{1,2})',
  a: '(?<half>[AaPp][Mm])',
  mm: '(?<minute>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  s: '(?<second>\\d{1,2})',
  S: '(?<fraction>\\d{1,9})',
};
const token = /yyyy|MM?|dd?|HH?|hh?|a|mm?|ss?|S+|'([^']*)'|[^A-Za-z']/g;

const isoPattern =
  /^(?<year>[+-]\d{6}|\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,](?<fraction>\d{1,9}))?)?)?(?<offset>Z|[+-]\d{2}(?::?\d{2})?)?$/;

export function isTimeFormat(format: string): boolean {
  return format === 'iso' || /^epoch-m?s$/.test(format) || regexOf(format) !== undefined;
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** `format` and `zone` must be ones that `isTimeFormat` and `isZone` know. */
export function timeReader(format: string, zone: string): TimeReader {
  if (format === 'epoch-ms') return (text) => epochOf(text, 1);
  if (format === 'epoch-s') return (text) => epochOf(text, 1_000);
  const pattern = format === 'iso' ? isoPattern : regexOf(format);
  if (pattern === undefined) throw new Error(`bug: ${format} is no time format`);
  const local = new LocalTimes(zone);
  return (text) => {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) return undefined;
    const clock = clockMsOf(groups);
    if (clock === undefined) return undefined;
    return groups.offset === undefined ? local.instantOf(clock) : withOffset(clock, groups.offset);
  };
}

/** A pattern as a regular expression; `undefined` for one that says no day, or has parts twice. */
function regexOf(format: string): RegExp | undefined {
  if (format.length > patternCharactersMax) return undefined;
  let source = '';
  let length = 0;
  let halves = false;
  for (const [text, quoted] of format.matchAll(token)) {
    length += text.length;
    halves ||= text === 'h' || text === 'hh';
    const part = /^S+$/.test(text) ? `(?<fraction>\\d{${text.length}})` : parts[text];
    source += part ?? (quoted ?? text).replaceAll(/[^A-Za-z0-9 ]/g, '\\$&');
  }
  if (length !== format.length || !/<year>.*<month>|<month>.*<year>/.test(source)) return undefined;
  if (!source.includes('<day>') || halves !== source.includes('<half>')) return undefined;
  try {
    return new RegExp(`^${source}$`);
  } catch {
    return undefined;
  }
}

function epochOf(text: string, unitMs: number): EpochMs | undefined {
  if (!/^-?\d{1,16}(\.\d{1,9})?$/.test(text)) return undefined;
  const ms = Math.round(Number(text) * unitMs);
  return Math.abs(ms) <= 8.64e15 ? ms : undefined;
}

/** What a clock on the wall says, counted as if it stood in UTC. */
function clockMsOf(groups: Readonly<Record<string, string | undefined>>): number | undefined {
  const number = (name: string) => Number(groups[name] ?? 0);
  const [year, month, day] = [number('year'), number('month'), number('day')];
  const [hour, minute, second] = [hourOf(number('hour'), groups.half), number('minute'), number('second')];
  if (hour === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have would silently be one of the next month.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  // Docket's times are whole milliseconds; XES writers with nanoseconds are cut, never rounded up.
  const fractionMs = Math.floor(Number(`0.${groups.fraction ?? 0}`) * 1_000 + 1e-6);
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000 + fractionMs;
}

function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

function withOffset(clockMs: number, offset: string): EpochMs | undefined {
  if (offset === 'Z') return clockMs;
  const digits = offset.slice(1).replace(':', '');
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2) || 0)];
  if (hours > 23 || minutes > 59) return undefined;
  const offsetMs = (hours * 60 + minutes) * 60_000;
  return clockMs - (offset.startsWith('-') ? -offsetMs : offsetMs);
}

/** Local times of one zone. */
class LocalTimes {
  readonly #format: Intl.DateTimeFormat | undefined;
  /** Of days around which the offset stays as it is. */
  readonly #offsets = new Map<number, number>();

  constructor(zone: string) {
    const options = { timeZone: zone, timeZoneName: 'longOffset' } as const;
    this.#format = zone === 'UTC' ? undefined : new Intl.DateTimeFormat('en', options);
  }

  instantOf(clockMs: number): EpochMs {
    if (this.#format === undefined) return clockMs;
    const day = Math.floor(clockMs / dayMs);
    const known = this.#offsets.get(day);
    if (known !== undefined) return clockMs - known;
    const before = this.#offsetAt((day - 1) * dayMs);
    const after = this.#offsetAt((day + 2) * dayMs);
    if (before === after) {
      if (this.#offsets.size >= daysRememberedMax) this.#offsets.clear();
      this.#offsets.set(day, before);
      return clockMs - before;
    }
    const isAfter = this.#offsetAt(clockMs - before) !== before;
    const existsAfter = this.#offsetAt(clockMs - after) === after;
    return isAfter && existsAfter ? clockMs - after : clockMs - before;
  }

  /** Ahead of UTC, in milliseconds. */
  #offsetAt(instant: EpochMs): number {
    const name = this.#format?.formatToParts(instant).find((part) => part.type === 'timeZoneName')?.value;
    const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name ?? '');
    if (match === null) throw new Error(`bug: an offset is called ${name}`);
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
    const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
    return sign === '-' ? -ms : ms;
  }
}
