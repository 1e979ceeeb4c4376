/**
 * Times on their way to PostgreSQL, whose calendar begins later than JavaScript's and who writes far years
 * in another way. An odd time in an imported history must never stop a projection.
 */
import type { RecordedEvent } from '../domain/ticket/events.ts';
import type { EpochMs } from '../domain/ticket/values.ts';

/** 24 November 4714 BC, where PostgreSQL's calendar begins. It ends later than JavaScript's. */
export const earliestStorableMs = -210_866_803_200_000;
const year1Ms = -62_135_596_800_000;
const year10000Ms = 253_402_300_800_000;

/**
 * The event with a business time that PostgreSQL can hold. It is cut before folding, not when it is written:
 * rows that are read back and folded on must give the same sums as rows that never left memory.
 */
export function withStorableTime(event: RecordedEvent): RecordedEvent {
  return event.occurredAt >= earliestStorableMs ? event : { ...event, occurredAt: earliestStorableMs };
}

const dayMs = 86_400_000;
const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** Days whose text is kept: nearly three years, each in the place that its number leaves over. */
const keptDayCount = 1_024;
const noDay = 0x7fff_ffff;
const keptDays = new Int32Array(keptDayCount).fill(noDay);
const dayTexts: string[] = new Array(keptDayCount).fill('');

/**
 * The text of a timestamptz for any time that a ticket may carry; too early ones become the earliest. Written
 * out by hand, because `toISOString` was a fifth of all that the projector did; the times of a row lie on
 * few days, whose texts are kept.
 */
export function instantText(epochMs: EpochMs): string {
  if (epochMs < year1Ms || epochMs >= year10000Ms) return farInstantText(epochMs);
  const day = Math.floor(epochMs / dayMs);
  const place = day & (keptDayCount - 1);
  if (keptDays[place] !== day) {
    keptDays[place] = day;
    dayTexts[place] = new Date(day * dayMs).toISOString().slice(0, 10);
  }
  const ms = epochMs - day * dayMs;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hour = Math.floor(minutes / 60);
  const fraction = 1_000 + (ms - seconds * 1_000);
  const clock = `${twoDigits[hour]}:${twoDigits[minutes - hour * 60]}:${twoDigits[seconds - minutes * 60]}`;
  return `${dayTexts[place]} ${clock}.${`${fraction}`.slice(1)}Z`;
}

function farInstantText(epochMs: EpochMs): string {
  const date = new Date(Math.max(epochMs, earliestStorableMs));
  const year = date.getUTCFullYear();
  const [, rest = ''] = /^[+-]?\d+(-.*)$/.exec(date.toISOString()) ?? [];
  // PostgreSQL knows no year 0: the year before 1 AD is 1 BC.
  return year >= 1 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`;
}
