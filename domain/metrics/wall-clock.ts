/**
 * What the clock on the wall shows in a time zone: by how much it differs from UTC, and when that changes.
 * The rules of the zones are those of the JavaScript engine (IANA, by way of Intl). It must never ask what
 * time it is.
 */
import type { EpochMs } from '../ticket/values.ts';

/** A time in which a zone's clock differs from UTC by the same: wall clock = UTC + `offsetMs`. */
export interface OffsetSpan {
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly offsetMs: number;
}

const dayMs = 86_400_000;
const secondMs = 1_000;

export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /** Throws `RangeError` for a zone that the engine does not know. */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** Of a time after year 0. No zone has offsets finer than a second. */
  offsetMs(at: EpochMs): number {
    const shown: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(at)) shown[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / secondMs) * secondMs;
  }

  /**
   * The spans from `from` to `to`, in order and without gaps. Looks once a day: no zone changes twice in one.
   */
  spans(from: EpochMs, to: EpochMs): readonly OffsetSpan[] {
    const spans: OffsetSpan[] = [];
    let begun = from;
    let offsetMs = this.offsetMs(from);
    for (let before = from; before < to; before += dayMs) {
      const after = Math.min(to, before + dayMs);
      const next = this.offsetMs(after);
      if (next === offsetMs) continue;
      const change = this.#change(before, after, offsetMs);
      spans.push({ from: begun, to: change, offsetMs });
      begun = change;
      offsetMs = next;
    }
    if (begun < to) spans.push({ from: begun, to, offsetMs });
    return spans;
  }

  /** The first second after `before` at which the offset is no longer what it was there. */
  #change(before: EpochMs, after: EpochMs, offsetMs: number): EpochMs {
    let same = before;
    let changed = after;
    while (changed - same > secondMs) {
      const middle = same + Math.floor((changed - same) / (2 * secondMs)) * secondMs;
      if (this.offsetMs(middle) === offsetMs) same = middle;
      else changed = middle;
    }
    return changed;
  }
}
